"""What each price means, to the penny: golden cases worked by hand, and the naive model day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb.calendar import Span, financial_years
from hnb.events import Cost
from hnb.prices import due, segments
from tests.cases import Json
from tests.ledger import naive

D = date.fromisoformat


def cost_by_year(start: date, end: date, prices: list[tuple[date, Json]]) -> dict[int, int]:
    """The ledger's own answer, in the naive model's shape."""
    attended = Span(start, end)
    found = {
        year: sum(
            due(segment.cost, segment.span, attended, Span(date(year, 4, 1), date(year + 1, 3, 31)))
            for segment in segments(attended, Cost(**prices[0][1]), [(day, Cost(**cost)) for day, cost in prices[1:]])
            if segment.cost
        )
        for year in financial_years(start, end)
    }
    return {year: pence for year, pence in found.items() if pence}


def _price(pounds: float, per: str = "year", **more: int) -> Json:
    return {"amount_pence": round(pounds * 100), "per": per, **more}


# (what, start, end, price, pence by year) with the sum written out.
GOLDEN = [
    ("the contract's own: 6,650,000 x 149/365 = 2,714,657.53", "2025-11-03", "2026-03-31", _price(66_500),
     {2025: 2_714_658}),
    ("a full year is the price", "2025-04-01", "2026-03-31", _price(33_500), {2025: 3_350_000}),
    ("a full leap year is the price", "2027-04-01", "2028-03-31", _price(33_500), {2027: 3_350_000}),
    ("1 April alone: 3,650,000 / 365", "2025-04-01", "2025-04-01", _price(36_500), {2025: 10_000}),
    ("31 March alone: 3,650,000 / 365", "2026-03-31", "2026-03-31", _price(36_500), {2025: 10_000}),
    ("29 February alone: 366,000 / 366", "2028-02-29", "2028-02-29", _price(3_660), {2027: 1_000}),
    ("one day each side of the year's edge", "2026-03-31", "2026-04-01", _price(36_500), {2025: 10_000, 2026: 10_000}),
    ("two years: each exactly the price", "2025-04-01", "2027-03-31", _price(9_200), {2025: 920_000, 2026: 920_000}),
    ("half-up: 365 pence x 1/365 = 1", "2025-04-01", "2025-04-01", _price(3.65), {2025: 1}),
    ("too little for a penny by the first day: 1 x 1/365 = 0.003", "2025-04-01", "2025-04-01", _price(0.01), {}),
    ("the penny falls on the day the half is passed: 183/365", "2025-04-01", "2025-09-30", _price(0.01), {2025: 1}),
    ("a week: 1,000 x 39 weeks, whole year", "2025-04-01", "2026-03-31", _price(10, "week"), {2025: 39_000}),
    ("a week for 38 weeks", "2025-04-01", "2026-03-31", _price(10, "week", weeks=38), {2025: 38_000}),
    ("52 weeks, 73 of 365 days: 52,000 / 5", "2025-04-01", "2025-06-12", _price(10, "week", weeks=52), {2025: 10_400}),
    ("an academic year from April: 5/12 + 7/12", "2025-04-01", "2026-03-31", _price(12_000, "academic-year"),
     {2025: 1_200_000}),
    ("5/12 of 1,200,000 in April-August", "2025-04-01", "2025-08-31", _price(12_000, "academic-year"), {2025: 500_000}),
    ("7/12 in September-March", "2025-09-01", "2026-03-31", _price(12_000, "academic-year"), {2025: 700_000}),
    ("51 of 153 summer days: 500,000 / 3 = 166,666.67", "2025-04-01", "2025-05-21", _price(12_000, "academic-year"),
     {2025: 166_667}),
    ("53 of 212 days from September: 700,000 / 4", "2025-09-01", "2025-10-23", _price(12_000, "academic-year"),
     {2025: 175_000}),
    ("the leap year's second part has 213 days: 700,000 x 71/213 = 233,333.33", "2027-09-01", "2027-11-10",
     _price(12_000, "academic-year"), {2027: 233_333}),
    ("September to August over two years: 7/12 then 5/12", "2025-09-01", "2026-08-31", _price(12_000, "academic-year"),
     {2025: 700_000, 2026: 500_000}),
    ("2.5p + 3.5p must not both round up", "2025-04-01", "2026-03-31", _price(0.06, "academic-year"), {2025: 6}),
    ("three terms in a year", "2025-04-01", "2026-03-31", _price(4_000, "term"), {2025: 1_200_000}),
    ("one day in a term owes the term", "2025-08-31", "2025-08-31", _price(4_000, "term"), {2025: 400_000}),
    ("two days over a term's edge owe two", "2025-08-31", "2025-09-01", _price(4_000, "term"), {2025: 800_000}),
    ("autumn and spring from September", "2025-09-01", "2026-03-31", _price(4_000, "term"), {2025: 800_000}),
    ("1 January starts the spring term", "2026-01-01", "2026-03-31", _price(4_000, "term"), {2025: 400_000}),
    ("the year's edge is a term's edge", "2026-03-31", "2026-04-01", _price(4_000, "term"),
     {2025: 400_000, 2026: 400_000}),
    ("once, on the first day", "2025-11-03", "2027-03-31", _price(1_234.56, "once"), {2025: 123_456}),
    ("once, on 31 March", "2026-03-31", "2026-12-31", _price(500, "once"), {2025: 50_000}),
    ("nothing costs nothing", "2025-04-01", "2026-03-31", _price(0), {}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "start", "end", "price", "pence"), GOLDEN, ids=[case[0] for case in GOLDEN])
def test_golden(what: str, start: str, end: str, price: Json, pence: dict[int, int]) -> None:
    assert cost_by_year(D(start), D(end), [(D(start), price)]) == pence
    assert naive.cost_by_year(D(start), D(end), [(D(start), price)]) == pence


# A start, an end, then each price with the day it is in force from, in the order agreed.
REPRICED = [
    ("275 days at 36,500 (27,500) and 90 at 73,000 (18,000)", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(36_500)), ("2026-01-01", _price(73_000))], {2025: 4_550_000}),
    ("a repricing dated before the start is in force from the start", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(1)), ("2024-12-25", _price(36_500))], {2025: 3_650_000}),
    ("of two on one day the later agreed wins", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(36_500)), ("2026-01-01", _price(99)), ("2026-01-01", _price(73_000))], {2025: 4_550_000}),
    ("agreed later but in force earlier", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(36_500)), ("2026-03-31", _price(0)), ("2026-01-01", _price(73_000))],
     {2025: 2_750_000 + 1_780_000}),
    ("in force after the end: never", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(36_500)), ("2026-04-01", _price(73_000))], {2025: 3_650_000}),
    ("a term's price is the one in force on its first day", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(1_000, "term")), ("2025-09-02", _price(2_000, "term"))], {2025: 400_000}),
    ("from terms to a yearly price inside a term: the term stays due", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(1_000, "term")), ("2026-03-31", _price(36_500))], {2025: 300_000 + 10_000}),
    ("from a yearly price to terms inside a term: the next term is the first", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(36_500)), ("2025-12-31", _price(1_000, "term"))], {2025: 2_740_000 + 100_000}),
    ("once, then once more", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(10, "once")), ("2025-10-01", _price(20, "once"))], {2025: 3_000}),
    ("once, corrected on its day", "2025-04-01", "2026-03-31",
     [("2025-04-01", _price(10, "once")), ("2025-04-01", _price(20, "once"))], {2025: 2_000}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "start", "end", "prices", "pence"), REPRICED, ids=[case[0] for case in REPRICED])
def test_repriced(what: str, start: str, end: str, prices: list[tuple[str, Json]], pence: dict[int, int]) -> None:
    agreed = [(D(day), cost) for day, cost in prices]
    assert cost_by_year(D(start), D(end), agreed) == pence
    assert naive.cost_by_year(D(start), D(end), agreed) == pence


DAYS = st.dates(date(2024, 3, 1), date(2028, 5, 1))
COSTS = st.builds(
    lambda pence, per, weeks: {"amount_pence": pence, "per": per} | ({"weeks": weeks} if per == "week" else {}),
    st.integers(0, 20_000_000),
    st.sampled_from(["year", "academic-year", "term", "week", "once"]),
    st.integers(38, 52),
)


@given(DAYS, st.integers(0, 500), st.lists(st.tuples(DAYS, COSTS), max_size=4), COSTS)
@settings(max_examples=150, deadline=None)
def test_any_history_of_prices_costs_what_the_naive_model_says(
    start: date, length: int, later: list[tuple[date, Json]], first: Json
) -> None:
    end = start + timedelta(days=length)
    assert cost_by_year(start, end, [(start, first), *later]) == naive.cost_by_year(
        start, end, [(start, first), *later]
    )


@given(DAYS, st.integers(1, 800), st.integers(0, 10_000), st.integers(0, 20_000_000))
@settings(max_examples=300, deadline=None)
def test_a_split_placement_costs_what_the_whole_did(start: date, length: int, at: int, pence: int) -> None:
    end, cost = start + timedelta(days=length), {"amount_pence": pence, "per": "year"}
    cut = start + timedelta(days=at % length)
    parts = [cost_by_year(start, cut, [(start, cost)]), cost_by_year(cut + timedelta(days=1), end, [(cut, cost)])]
    whole = cost_by_year(start, end, [(start, cost)])
    assert whole == {y: p for y in whole | parts[0] | parts[1] if (p := parts[0].get(y, 0) + parts[1].get(y, 0))}
