"""The share of plans issued within 20 weeks, as the Department for Education publishes it from SEN2."""

from collections.abc import Iterable
from dataclasses import dataclass

from hnb.money import divide_half_up
from placements.domain.clocks import DECISION_WEEKS, NO_PLAN_WEEKS, PLAN_WEEKS

DAYS_OF_A_YEAR = 365


@dataclass(frozen=True, slots=True)
class Took:
    """So many cases that took so many days from the request, with or without an exception that lifts the limit."""

    days: int
    exception: bool
    cases: int


@dataclass(frozen=True, slots=True)
class Issued:
    """Plans issued in a calendar year, by how long they took; percentages to one place, None of no plans."""

    plans: int
    within_20_weeks: int
    percent_within_20_weeks: float | None
    over_20_weeks_to_a_year: int
    over_a_year: int
    mean_weeks: float | None


@dataclass(frozen=True, slots=True)
class Kept:
    """Decisions or notices of a calendar year, and those within their limit."""

    made: int
    in_time: int
    percent_in_time: float | None
    with_exception: int


def issued(took: Iterable[Took], *, exceptions: bool) -> Issued:
    """New plans of a year by how long they took, all of them or without those with an exception.

    Source: "Education, health and care plans", data set on timeliness: plans issued in the calendar year, the limit
    met up to and on the last day of week 20, published once including and once excluding cases with an exception.
    """
    counted = [one for one in took if exceptions or not one.exception]
    plans = sum(one.cases for one in counted)
    within = sum(one.cases for one in counted if one.days <= PLAN_WEEKS * 7)
    over_a_year = sum(one.cases for one in counted if one.days > DAYS_OF_A_YEAR)
    days = sum(one.days * one.cases for one in counted)
    return Issued(plans, within, percent(within, plans), plans - within - over_a_year, over_a_year,
                  tenths(days, plans * 7))  # fmt: skip


def decisions(took: Iterable[Took]) -> Kept:
    """Decisions whether to assess, against their 6 weeks (reg. 5)."""
    return _kept(list(took), DECISION_WEEKS)


def notices(took: Iterable[Took]) -> Kept:
    """Notices that no plan will be made, against their 16 weeks (reg. 10)."""
    return _kept(list(took), NO_PLAN_WEEKS)


def _kept(took: list[Took], weeks: int) -> Kept:
    made = sum(one.cases for one in took)
    kept = sum(one.cases for one in took if one.days <= weeks * 7)
    return Kept(made, kept, percent(kept, made), sum(one.cases for one in took if one.exception))


def percent(part: int, whole: int) -> float | None:
    """A share in per cent to one place, halves up; None of nothing.

    >>> percent(31_313, 53_327)
    58.7
    """
    return tenths(100 * part, whole)


def tenths(part: int, whole: int) -> float | None:
    """A quotient to one place, halves up, without the detour of binary fractions; None over nothing."""
    return None if whole == 0 else divide_half_up(10 * part, whole) / 10
