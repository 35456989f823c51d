"""Working days in England: neither at a weekend nor a bank holiday."""

from datetime import date
from functools import cache

import holidays

from hnb.calendar import ONE_DAY


@cache
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_working_day(day: date) -> bool:
    """Whether a day is neither at a weekend nor a bank holiday in England."""
    return day.weekday() < 5 and day not in _bank_holidays(day.year)


def working_day_from(day: date) -> date:
    """The day itself, or the next working day."""
    while not is_working_day(day):
        day += ONE_DAY
    return day


def working_days_after(day: date, days: int) -> date:
    """The last day of a limit of so many working days. The day it runs from is not counted."""
    for _ in range(days):
        day = working_day_from(day + ONE_DAY)
    return day
