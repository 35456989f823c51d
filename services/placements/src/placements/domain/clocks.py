"""How long the law allows: a request's statutory clock, and how its weeks and months are counted.

The limits of the SEND Regulations 2014 run in calendar weeks and months: weekends, bank holidays and the hour of an
event make no difference to any of them. What does run in working days is in `windows`.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

# SEND Regulations 2014: a decision within 6 weeks of the request (reg. 5), notice of no plan within 16 (reg. 10),
# a final plan within 20 (reg. 13).
STATUTORY_WEEKS = (6, 16, 20)
DECISION_WEEKS, NO_PLAN_WEEKS, PLAN_WEEKS = STATUTORY_WEEKS
ORDERED_PLAN_WEEKS = 14  # a final plan after the tribunal ordered the assessment (reg. 44(2)(b), 45(3A))

# When officers want to hear of a clock: before a decision is due, and before a plan is.
DECISION_STAGES, PLAN_STAGES = (5, 6), (16, 18, 20)

State = Literal["met", "late", "running", "overdue"]


@dataclass(frozen=True, slots=True)
class Clock:
    """A request's statutory clock: whole weeks run, the weeks and day of the next limit, and whether it has passed."""

    weeks: int
    limit_weeks: int
    due_on: date
    overdue: bool


def weeks_after(day: date, weeks: int) -> date:
    """The last day of a limit of so many weeks: the same weekday. The day it runs from is not counted."""
    return day + timedelta(weeks=weeks)


def months_after(day: date, months: int) -> date:
    """The last day of a limit of so many months: the same day of the month, or the last one of a shorter month."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def in_time(received_on: date, done_on: date, weeks: int) -> bool:
    """Whether something was done within so many weeks of a request. A limit is met on its last day."""
    return done_on <= weeks_after(received_on, weeks)


def state(due_on: date, met_on: date | None, today: date) -> State:
    """Where a limit stands: met in time, late, still running, or passed with nothing done."""
    if met_on is not None and met_on <= today:
        return "met" if met_on <= due_on else "late"
    return "running" if today <= due_on else "overdue"


def clock(received_on: date, decided_on: date | None, today: date, ordered_on: date | None = None) -> Clock:
    """Where a request stands that has no plan yet: the 6 weeks run until it is decided, the 20 until a plan.

    A limit is met on its last day: due 20 weeks after receipt means on that weekday (reg. 13). The 16 weeks bind only
    a request that ends without a plan, which is not known while it runs. One refused first and assessed after an
    appeal (`ordered_on`, when it was decided or conceded) has 14 weeks from there.
    """
    if decided_on is not None and ordered_on is not None:
        received_on, limit = ordered_on, ORDERED_PLAN_WEEKS
    else:
        limit = DECISION_WEEKS if decided_on is None else PLAN_WEEKS
    due_on = weeks_after(received_on, limit)
    return Clock((today - received_on).days // 7, limit, due_on, today > due_on)


def stage(at: Clock) -> int | None:
    """The last of the weeks officers want to hear of that a clock has run; None where it is too early.

    What the tribunal ordered is heard of as such, once it is overdue.
    """
    stages = {DECISION_WEEKS: DECISION_STAGES, PLAN_WEEKS: PLAN_STAGES}.get(at.limit_weeks, ())
    return max((weeks for weeks in stages if at.weeks >= weeks), default=None)
