"""English financial years, terms and academic parts. A financial year is named by the year it starts in."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

ONE_DAY = timedelta(days=1)


def financial_year(day: date) -> int:
    """The financial year a day falls in: 31 March 2026 is in 2025, 1 April 2026 in 2026."""
    return day.year if day.month >= 4 else day.year - 1


def year_start(year: int) -> date:
    """1 April of a financial year."""
    return date(year, 4, 1)


def year_end(year: int) -> date:
    """31 March, the last day of a financial year."""
    return date(year + 1, 3, 31)


def year_label(year: int) -> str:
    """How a financial year is shown to people.

    >>> year_label(2025)
    '2025-26'
    """
    return f"{year}-{(year + 1) % 100:02d}"


def financial_years(first: date, last: date) -> range:
    """Every financial year that has a day from `first` to `last`, both inclusive; empty when `last` is before."""
    return range(financial_year(first), financial_year(last) + 1 if last >= first else financial_year(first))


class Span(NamedTuple):
    """Days from `first` to `last`, both inclusive; empty when `last` is before `first`."""

    first: date
    last: date

    @property
    def days(self) -> int:
        return max((self.last - self.first).days + 1, 0)

    def within(self, other: "Span") -> "Span":
        """The days both spans have."""
        first, last = other
        return Span(self.first if self.first > first else first, self.last if self.last < last else last)


@cache
def year_span(year: int) -> Span:
    return Span(year_start(year), year_end(year))


def terms(year: int) -> Iterator[Span]:
    """The three terms of a financial year: summer, autumn, spring. Together they are the whole year."""
    yield Span(date(year, 4, 1), date(year, 8, 31))
    yield Span(date(year, 9, 1), date(year, 12, 31))
    yield Span(date(year + 1, 1, 1), date(year + 1, 3, 31))


def academic_parts(year: int) -> Iterator[tuple[Span, int]]:
    """The two parts of a financial year with the twelfths of an academic-year price that fall in each."""
    yield Span(date(year, 4, 1), date(year, 8, 31)), 5
    yield Span(date(year, 9, 1), date(year + 1, 3, 31)), 7


def days_of(year: int) -> int:
    """365, or 366 where the financial year has a 29 February in it."""
    return year_span(year).days
