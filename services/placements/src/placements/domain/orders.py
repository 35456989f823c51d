"""What an authority must do once an appeal went against it, and by when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from placements.domain.clocks import ORDERED_PLAN_WEEKS, State, state, weeks_after

AGAINST_THE_AUTHORITY = ("upheld", "part-upheld", "conceded")

# SEND Regulations 2014, reg. 44(2) for orders; reg. 45 sets the same weeks where the authority conceded.
_START_WEEKS, _NO_PLAN_WEEKS = 2, 10  # (b), with the 14 of the plan
_DRAFT_WEEKS, _PLAN_WEEKS = 5, 11  # (c)
_PROVISION_WEEKS, _SETTING_WEEKS = 5, 2  # (e) and (f)


@dataclass(frozen=True, slots=True)
class Order:
    """An appeal that went against the authority, and the days the register has since for what was to be done."""

    appeal_type: str
    sections: tuple[str, ...]
    concluded_on: date
    assessing_on: date | None = None
    no_plan_on: date | None = None
    issued_on: date | None = None
    amended_on: date | None = None
    placed_on: date | None = None
    ceased_on: date | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing to be done by a day, and when the register shows it done. `unseen`: no event would show it."""

    duty: str
    rule: str
    weeks: int
    due_on: date
    met_on: date | None
    state: State | Literal["unseen"]


def duties(order: Order, today: date) -> Iterator[Duty]:
    """Everything the order asks for, in the order it falls due."""
    match order.appeal_type:
        case "refusal-to-assess":
            yield _duty(order, today, "start the assessment", "44(2)(b)", _START_WEEKS, order.assessing_on)
            if order.no_plan_on is not None and order.issued_on is None:
                yield _duty(order, today, "give notice of no plan", "44(2)(b)(i)", _NO_PLAN_WEEKS, order.no_plan_on)
            else:
                yield _duty(order, today, "send the final plan", "44(2)(b)(ii)", ORDERED_PLAN_WEEKS, order.issued_on)
        case "refusal-to-issue":
            yield _draft(order, today)
            yield _duty(order, today, "send the final plan", "44(2)(c)(ii)", _PLAN_WEEKS, order.issued_on)
        case "contents":
            yield _amendment(order, today)
        case "cease-to-maintain":
            yield _maintained(order, today)


def _duty(order: Order, today: date, duty: str, rule: str, weeks: int, met_on: date | None) -> Duty:
    due_on = weeks_after(order.concluded_on, weeks)
    return Duty(duty, f"reg. {rule}", weeks, due_on, met_on, state(due_on, met_on, today))


def _draft(order: Order, today: date) -> Duty:
    """No event says that a draft was sent: it shows only in a final plan, or in time while the weeks run."""
    draft = _duty(order, today, "issue a draft plan", "44(2)(c)(i)", _DRAFT_WEEKS, order.issued_on)
    seen = draft.state in ("met", "running")
    return Duty(draft.duty, draft.rule, draft.weeks, draft.due_on, draft.met_on if draft.state == "met" else None,
                draft.state if seen else "unseen")  # fmt: skip


def _amendment(order: Order, today: date) -> Duty:
    """Two weeks where the school or setting alone was in dispute (section I), five where needs or provision were."""
    since = [day for day in (order.amended_on, order.issued_on) if day is not None]
    if order.sections == ("I",):
        since += [order.placed_on] if order.placed_on is not None else []
        return _duty(order, today, "name the setting", "44(2)(f)", _SETTING_WEEKS, min(since, default=None))
    return _duty(order, today, "amend the plan", "44(2)(e)", _PROVISION_WEEKS, min(since, default=None))


def _maintained(order: Order, today: date) -> Duty:
    """The plan is kept with immediate effect: broken for as long as the register has it ceased."""
    ceased = order.ceased_on is not None and order.ceased_on <= today
    met_on = None if ceased else order.concluded_on
    return Duty("keep the plan", "reg. 44(2)(g)", 0, order.concluded_on, met_on, "overdue" if ceased else "met")
