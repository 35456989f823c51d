"""The case side's rules: what an event is about, which fact stands, and how long the law allows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from hnb.events import Event

# SEND Regulations 2014: a decision within 6 weeks of the request (reg. 5), notice of no plan within 16 (reg. 10),
# a final plan within 20 (reg. 13).
STATUTORY_WEEKS = (6, 16, 20)

# Of which record of the register each event is a fact, and the field that names it. Events of other types pass through.
_SUBJECTS = {
    "hnb.assessment-requested.v1": ("request", "request_id"),
    "hnb.assessment-decided.v1": ("request", "request_id"),
    "hnb.ehcp-issued.v1": ("plan", "plan_id"),
    "hnb.ehcp-ceased.v1": ("plan", "plan_id"),
    "hnb.placement-made.v1": ("placement", "placement_id"),
    "hnb.placement-ended.v1": ("placement", "placement_id"),
    "hnb.tribunal-lodged.v1": ("appeal", "appeal_id"),
    "hnb.tribunal-concluded.v1": ("appeal", "appeal_id"),
    "hnb.mediation-held.v1": ("mediation", "mediation_id"),
    "hnb.setting-registered.v1": ("setting", "setting_id"),
    "hnb.places-commissioned.v1": ("contract", "contract_id"),
    "hnb.support-granted.v1": ("grant", "grant_id"),
}


def about(event: Event) -> str | None:
    """The record of the register an event is a fact about, as `kind/id`; None where the register keeps none."""
    subject = _SUBJECTS.get(event.type)
    return f"{subject[0]}/{getattr(event.data, subject[1])}" if subject else None


def latest(events: Iterable[Event]) -> list[Event]:
    """Of all facts of one type about one record only the latest stands (by time, then id), whenever it arrived."""
    standing: dict[tuple[str, str, str], Event] = {}
    for event in events:
        subject = about(event)
        if subject is None:
            continue
        key = (event.authority, subject, event.type)
        if key not in standing or order(event) > order(standing[key]):
            standing[key] = event
    return [standing[key] for key in sorted(standing)]


def order(event: Event) -> tuple[object, str, str]:
    """How facts are put in order: when they happened, then by id, then by source."""
    return event.time, event.id, event.source


@dataclass(frozen=True, slots=True)
class Clock:
    """A request's statutory clock: whole weeks run, the weeks and day of the next limit, and whether it has passed."""

    weeks: int
    limit_weeks: int
    due_on: date
    overdue: bool


def clock(received_on: date, decided_on: date | None, today: date) -> Clock:
    """Where a request stands that has no plan yet: the 6 weeks run until it is decided, the 20 until a plan.

    A limit is met on its last day: due 20 weeks after receipt means on that weekday (reg. 13).
    """
    limit = STATUTORY_WEEKS[0] if decided_on is None else STATUTORY_WEEKS[-1]
    due_on = received_on + timedelta(weeks=limit)
    return Clock((today - received_on).days // 7, limit, due_on, today > due_on)
