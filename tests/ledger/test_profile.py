"""A year by month: due on the days the price rules say, paid when it was paid, and never a penny off the position."""

from datetime import date

import pytest

from ledger.domain.profiles import month_ends
from tests.cases import Json, contributed, incurred, lodged, made, paid, yearly
from tests.ledger.asking import Asking
from tests.ledger.conftest import Books

FULL = {"start": "2025-04-01", "end": "2026-03-31"}


def test_the_months_of_a_financial_year_end_with_march() -> None:
    ends = month_ends(2027)
    assert (ends[0], ends[10], ends[11]) == (date(2027, 4, 30), date(2028, 2, 29), date(2028, 3, 31))
    assert len(ends) == 12


@pytest.mark.parametrize(
    ("cost", "months"),
    [
        # 365 pence a year: a penny a day.
        ({"amount_pence": 365, "per": "year"}, [30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 28, 31]),
        # 5/12 of 1836 = 765 over 153 days, 5 a day; 7/12 = 1071 over 212 days, cumulatively rounded.
        ({"amount_pence": 1836, "per": "academic-year"}, [150, 155, 150, 155, 155, 152, 156, 152, 156, 157, 141, 157]),
        ({"amount_pence": 10, "per": "term"}, [10, 0, 0, 0, 0, 10, 0, 0, 0, 10, 0, 0]),
        ({"amount_pence": 10, "per": "once"}, [10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_each_price_falls_due_by_its_own_rule(books: Books, cost: Json, months: list[int]) -> None:
    books.take(made("PL-1", cost, **FULL))
    profile = Asking(books)("/profile")
    assert profile["total"]["due_pence"] == months
    assert profile["lines"][0]["provision"] == "special"


def test_contributions_come_off_the_months_they_pay_for_and_never_more_than_there_is(books: Books) -> None:
    books.take(made("PL-1", {"amount_pence": 365, "per": "year"}, **FULL))
    books.take(contributed("PL-1", {"amount_pence": 100, "per": "once"}))
    due = Asking(books)("/profile")["total"]["due_pence"]
    assert sum(due) == 265
    assert due[:4] == [0, 0, 0, 22], "the first 100 days are the partner's"


def test_costs_of_an_appeal_stand_in_their_own_months_and_beside_the_total(books: Books) -> None:
    books.take(lodged("AP-1", expected=6_056), incurred("AP-1", 2_000))
    profile = Asking(books)("/profile")
    (tribunal,) = profile["lines"]
    assert (tribunal["due_pence"][6], tribunal["due_pence"][9]) == (405_600, 200_000)
    assert profile["total"]["cost_pence"] == 0


def test_payments_count_in_their_months_up_to_what_is_due(books: Books) -> None:
    books.take(made("PL-1", yearly(1_000), **FULL))
    for payment, day, pounds in (("P-1", "2025-03-20", 100), ("P-2", "2025-10-31", 700), ("P-3", "2026-05-01", 900)):
        one = paid("PL-1", pounds, payment)
        one["data"]["paid_on"] = day
        books.take(one)
    paid_pence = Asking(books)("/profile")["total"]["paid_pence"]
    assert {month: pence for month, pence in enumerate(paid_pence) if pence} == {0: 10_000, 6: 70_000, 11: 20_000}


def test_a_provisional_price_has_the_months_of_what_stands_posted(books: Books) -> None:
    books.take(made("PL-1", yearly(3_650), **FULL))
    books.take(made("PL-2", None, **FULL))
    then = books.position().known_at.isoformat()
    books.take(made("PL-3", yearly(7_300), **FULL))
    books.settle()
    ask = Asking(books)
    assert ask("/profile")["total"]["cost_pence"] == 365_000 + 547_500 + 730_000
    past = ask("/profile", known_at=then)["total"]
    assert past["cost_pence"] == 730_000, "the mean it stood at then"
    assert past["due_pence"][0] == 60_000
