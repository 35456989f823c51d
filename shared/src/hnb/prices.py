"""What each price means, to the penny: pence due for days, by the contract's rules."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from hnb.calendar import Span, academic_parts, financial_year, terms, year_span
from hnb.events import Cost
from hnb.money import divide_half_up

WEEKS_A_YEAR = 39  # where a weekly price does not say: the weeks of a school year
TERMS_A_YEAR = 3


class Segment(NamedTuple):
    """Days during which one price is in force; `cost` is None where the price is not known yet."""

    span: Span
    cost: Cost | None


def segments(attended: Span, first: Cost | None, later: Sequence[tuple[date, Cost | None]]) -> list[Segment]:
    """The days attended, cut where the price changes: from the first price through the later ones, as agreed.

    A price is in force from its date to the day before the next; of two on one day the later agreed wins; one dated
    before the start is in force from the start.
    """
    if attended.last < attended.first:
        return []
    if not later:
        return [Segment(attended, first)]
    starting = {attended.first: first}
    # Sorting is stable: of two prices on one day the later agreed comes last, and the last stays.
    for day, cost in sorted(later, key=lambda price: price[0]):
        starting[max(day, attended.first)] = cost
    edges = [*sorted(day for day in starting if day <= attended.last), attended.last + timedelta(days=1)]
    return [
        Segment(Span(first, following - timedelta(days=1)), starting[first]) for first, following in pairwise(edges)
    ]


def due(cost: Cost, span: Span, attended: Span, window: Span) -> int:
    """Pence a price makes due in a window of one financial year, being in force for `span` of the days attended."""
    days = span.within(window)
    return due_on(cost, days, span, attended) if days.first <= days.last else 0


def due_on(cost: Cost, days: Span, span: Span, attended: Span) -> int:
    """Pence a price makes due on days of one financial year, all of them within the `span` it is in force for."""
    year = financial_year(days.first)
    match cost.per:
        case "year":
            return _by_day(cost.amount_pence, days, year)
        case "week":
            return _by_day(cost.amount_pence * (cost.weeks or WEEKS_A_YEAR), days, year)
        case "once":
            return cost.amount_pence if days.first == span.first else 0
        case "term":
            falling_due = [day for day in first_days_of_term(attended, year) if days.first <= day <= days.last]
            return cost.amount_pence * len(falling_due)
        case "academic-year":
            return _to_date_academic(cost.amount_pence, days.last, year) - _to_date_academic(
                cost.amount_pence, days.first - timedelta(days=1), year
            )


def annual(cost: Cost) -> int | None:
    """A price as pence a year, None for one that is paid once."""
    match cost.per:
        case "year" | "academic-year":
            return cost.amount_pence
        case "once":
            return None
        case "term":
            return cost.amount_pence * TERMS_A_YEAR
        case "week":
            return cost.amount_pence * (cost.weeks or WEEKS_A_YEAR)


def first_days_of_term(attended: Span, year: int) -> Iterator[date]:
    """The first day attended in each term of a financial year: the day on which a term's price falls due."""
    for term in terms(year):
        days = attended.within(term)
        if days.days:
            yield days.first


def _by_day(pence_a_year: int, days: Span, year: int) -> int:
    # C(d) = round(annual x days elapsed / days in the year); C(last) - C(first - 1). So a full year costs exactly the
    # price, leap or not, and cutting a span anywhere never changes what its parts cost together.
    whole = year_span(year)
    if days == whole:
        return pence_a_year
    before, through = (days.first - whole.first).days, (days.last - whole.first).days + 1
    return divide_half_up(pence_a_year * through, whole.days) - divide_half_up(pence_a_year * before, whole.days)


def _to_date_academic(pence: int, day: date, year: int) -> int:
    """Pence due from 1 April up to and including a day of the year: 5/12 over April-August, 7/12 over the rest."""
    total = 0
    for part, twelfths in academic_parts(year):
        elapsed = Span(part.first, min(day, part.last)).days
        due_in_part = divide_half_up(pence * twelfths * elapsed, 12 * part.days)
        # Where a price does not divide by twelve both parts could round up; a year costs no more than the price.
        total += min(due_in_part, pence - total)
    return total
