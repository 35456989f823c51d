"""The days a SEN2 return is about: its census, and the calendar year before it."""

from datetime import date, timedelta

_THURSDAY = 3


def reference_date(year: int) -> date:
    """The census day of a year: the third Thursday of January.

    >>> reference_date(2026)
    datetime.date(2026, 1, 15)
    """
    first = date(year, 1, 1)
    return first + timedelta(days=(_THURSDAY - first.weekday()) % 7 + 14)


def collection_start(year: int) -> date:
    """The first day of what a return tells: 1 January of the calendar year before its census."""
    return date(year - 1, 1, 1)


def school_year(day: date) -> int:
    """The year a day's school year began in, on 1 September."""
    return day.year if day.month >= 9 else day.year - 1
