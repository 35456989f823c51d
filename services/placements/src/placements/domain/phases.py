"""A child's phase of education, from the year group its plan was issued in."""

from datetime import date

# The last year group of each phase: Reception is 0 and Year 6 ends primary, Year 11 secondary.
_PHASES = {"early-years": -1, "primary": 6, "secondary": 11}
POST_16 = "post-16"
NOT_KNOWN = "not-known"
PHASES = (*_PHASES, POST_16, NOT_KNOWN)


def phase(year_group: int | None, issued_on: date, on: date) -> str:
    """The phase on a day of a child who was in a year group on another; a year group rises each 1 September.

    >>> phase(6, date(2025, 7, 1), date(2025, 8, 31)), phase(6, date(2025, 7, 1), date(2025, 9, 1))
    ('primary', 'secondary')
    """
    if year_group is None:
        return NOT_KNOWN
    now = year_group + academic_year(on) - academic_year(issued_on)
    return next((name for name, last in _PHASES.items() if now <= last), POST_16)


def academic_year(day: date) -> int:
    """The academic year a day falls in, named by the year it starts in."""
    return day.year if day.month >= 9 else day.year - 1
