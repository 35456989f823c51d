"""Phase transfers: who moves between phases of education next September, and by when the plan must say where to."""

from dataclasses import dataclass
from datetime import date

SCHOOL_YEAR_MONTH = 9  # a school year starts on 1 September
# The last year group of each phase, and the phase after it (SEND Regulations 2014, reg. 2(1)). Where a child is at a
# first, infant or middle school, that school's own last year group counts.
_USUAL = {-1: "early-years-to-school", 6: "primary-to-secondary", 11: "secondary-to-post-16"}
_BY_PHASE = {
    "infant": {-1: "early-years-to-school", 2: "infant-to-junior"},
    "first": {-1: "early-years-to-school", 4: "primary-to-middle"},
    "middle": {8: "middle-to-secondary"},
}
USUAL_YEAR_GROUPS = sorted(_USUAL)
PHASES_OF_THEIR_OWN = sorted(_BY_PHASE)
YEAR_GROUPS = sorted({*_USUAL, *(group for groups in _BY_PHASE.values() for group in groups)})
TO_POST_16 = "secondary-to-post-16"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer between phases in a calendar year, with the last day for the reviewed and amended plan."""

    kind: str
    due_on: date


def school_year(day: date) -> int:
    """The school year a day falls in, by the year it starts in."""
    return day.year if day.month >= SCHOOL_YEAR_MONTH else day.year - 1


def year_group_in(year_group: int, said_on: date, year: int) -> int:
    """The year group in the school year that starts in `year`, of one said on a day: one up each September."""
    return year_group + year - school_year(said_on)


def transfer(year_group: int, phase: str | None, year: int) -> Transfer | None:
    """The transfer in calendar `year` of who is in this year group in the school year before; None where none is due.

    The plan is reviewed and amended before 31 March of that year for a move from secondary to post-16, before 15
    February for any other (reg. 18(1)). Taken, as the guidance does, as by the end of those days. A child taught
    outside the usual year group is told apart only by a plan that says so.
    """
    words = (phase or "").lower().split()
    groups = next((groups for name, groups in _BY_PHASE.items() if name in words), _USUAL)
    kind = groups.get(year_group)
    if kind is None:
        return None
    return Transfer(kind, date(year, 3, 31) if kind == TO_POST_16 else date(year, 2, 15))
