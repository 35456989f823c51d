"""The price rules again, deliberately naive: one day at a time, in fractions, sharing no code with the ledger's."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from math import floor

from tests.cases import Json


def half_up(value: Fraction) -> int:
    return floor(value + Fraction(1, 2))


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def year_of(day: date) -> int:
    return day.year if (day.month, day.day) >= (4, 1) else day.year - 1


def daily_share(cost: Json, day: date) -> Fraction:
    """What one day of a price by day is worth, unrounded."""
    start = date(year_of(day), 4, 1)
    if cost["per"] == "academic-year":
        september, end = date(start.year, 9, 1), date(start.year + 1, 4, 1)
        twelfths, part = (5, september - start) if day < september else (7, end - september)
        return Fraction(cost["amount_pence"] * twelfths, 12 * part.days)
    weeks = cost.get("weeks", 39) if cost["per"] == "week" else 1
    return Fraction(cost["amount_pence"] * weeks, (date(start.year + 1, 4, 1) - start).days)


def price_on(day: date, prices: Sequence[tuple[date, Json]]) -> tuple[int, Json]:
    """The price in force on a day, and which it is: the first until another starts, then the last to have started; of
    two that start together the later agreed."""
    started = [(start, index) for index, (start, _) in enumerate(prices) if index and start <= day]
    index = max(started)[1] if started else 0
    return index, prices[index][1]


def cost_by_year(start: date, end: date, prices: Sequence[tuple[date, Json]]) -> dict[int, int]:
    """Pence due in each financial year. `prices` are (day in force from, cost) in the order agreed."""
    due: dict[int, int] = defaultdict(int)
    for year in {year_of(day) for day in days(start, end)} if start <= end else ():
        due[year] += _by_day(year, start, end, prices)
    attended = days(start, end) if start <= end else []
    seen_terms: set[tuple[int, int]] = set()
    for day in attended:
        term = (year_of(day), 1 if 4 <= day.month <= 8 else 2 if day.month >= 9 else 3)
        which, cost = price_on(day, prices)
        if term not in seen_terms and cost["per"] == "term":
            due[year_of(day)] += cost["amount_pence"]
        seen_terms.add(term)
        if cost["per"] == "once" and day == (max(prices[which][0], start) if which else start):
            due[year_of(day)] += cost["amount_pence"]
    return {year: pence for year, pence in due.items() if pence}


def _by_day(year: int, start: date, end: date, prices: Sequence[tuple[date, Json]]) -> int:
    """Days of the year in runs of one price; a run costs what the price comes to by its end less by the day before."""
    total = 0
    whole_year = days(date(year, 4, 1), date(year + 1, 3, 31))
    runs: list[list[date]] = []
    for day in whole_year:
        if not start <= day <= end:
            continue
        if runs and price_on(day, prices) == price_on(runs[-1][-1], prices):
            runs[-1].append(day)
        else:
            runs.append([day])
    for run in runs:
        _, cost = price_on(run[0], prices)
        if cost["per"] not in ("term", "once"):
            total += _to_date(cost, whole_year, run[-1]) - _to_date(cost, whole_year, run[0] - timedelta(days=1))
    return total


def _to_date(cost: Json, whole_year: list[date], day: date) -> int:
    if cost["per"] != "academic-year":
        return half_up(sum((daily_share(cost, d) for d in whole_year if d <= day), Fraction(0)))
    summer = [d for d in whole_year if 4 <= d.month <= 8]
    first = half_up(sum((daily_share(cost, d) for d in summer if d <= day), Fraction(0)))
    rest = half_up(sum((daily_share(cost, d) for d in whole_year if d not in summer and d <= day), Fraction(0)))
    price: int = cost["amount_pence"]
    return first + min(rest, price - first)
