"""How long the law allows: a request's statutory clock."""

from dataclasses import dataclass
from datetime import date, timedelta

# SEND Regulations 2014: a decision within 6 weeks of the request (reg. 5), notice of no plan within 16 (reg. 10),
# a final plan within 20 (reg. 13).
STATUTORY_WEEKS = (6, 16, 20)


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
