"""What finance has to look at: by how much, from which day on, and gone once it is put right."""

from typing import Any

import pytest

from ledger import metrics
from ledger.reports.exceptions import Counting
from tests.cases import commissioned, granted, incurred, lodged, made, paid, repriced, withdrawn, yearly
from tests.ledger.asking import Asking
from tests.ledger.conftest import Books

FULL = {"start": "2025-04-01", "end": "2026-03-31"}
YEAR_END, LATER = "2026-03-31", "2026-04-01"


def found(books: Books, on: str, kind: str) -> list[tuple[str, int]]:
    listed = Asking(books)("/exceptions", on=on)["exceptions"]
    return [(one["commitment_id"], one["amount_pence"]) for one in listed if one["kind"] == kind]


def test_paid_beyond_what_the_year_costs_until_the_price_is_corrected(books: Books) -> None:
    books.take(made("PL-1", yearly(10_000), **FULL), paid("PL-1", 12_000), made("PL-2", yearly(10_000), **FULL))
    books.take(paid("PL-2", 10_000))
    assert found(books, "2025-11-01", "over-paid") == [("PL-1", 200_000)]
    books.take(repriced("PL-1", "2025-04-01", yearly(12_000)))
    assert not found(books, "2025-11-01", "over-paid")


def test_a_payment_for_nothing_known_until_it_comes_or_the_payment_is_withdrawn(books: Books) -> None:
    payment = paid("PL-1", 7)
    books.take(payment, paid("PL-2", 8), paid("PL-3", 9, year=2024))
    assert found(books, "2025-11-01", "no-commitment") == [("PL-2", 800), ("PL-1", 700)]
    books.take(made("PL-2", yearly(10_000), **FULL), withdrawn(payment))
    books.settle()
    assert not found(books, "2025-11-01", "no-commitment")


def test_what_dfe_pays_costs_the_authority_nothing_and_is_over_paid_by_any_payment(books: Books) -> None:
    books.take(commissioned("K-1", 5, yearly(10_000), paid_by="dfe"), paid("K-1", 3))
    assert found(books, "2025-11-01", "over-paid") == [("K-1", 300)]


@pytest.mark.parametrize(
    ("per", "on", "pence"),
    [
        ("year", "2025-05-30", 0),  # 60 days after 31 March
        ("year", "2025-05-31", 1_000),  # 1 day of 365 of £3,650
        ("year", "2025-06-09", 10_000),
        ("term", "2025-05-30", 0),
        ("term", "2025-05-31", 365_000),  # the summer term fell due whole on 1 April
        ("term", "2025-10-30", 365_000),
        ("term", "2025-10-31", 730_000),  # the autumn term on 1 September
        ("once", "2025-05-31", 365_000),
        ("once", "2030-01-01", 365_000),
    ],
)
def test_what_fell_due_sixty_days_ago_and_is_not_paid(books: Books, per: str, on: str, pence: int) -> None:
    books.take(made("PL-1", {"amount_pence": 365_000, "per": per}, **FULL))
    assert found(books, on, "unpaid") == ([("PL-1", pence)] if pence else [])


def test_part_payment_leaves_the_rest_unpaid_and_counts_from_the_day_it_is_made(books: Books) -> None:
    books.take(made("PL-1", {"amount_pence": 365_000, "per": "once"}, **FULL), paid("PL-1", 3_000))
    assert found(books, "2025-10-30", "unpaid") == [("PL-1", 365_000)]
    assert found(books, "2025-10-31", "unpaid") == [("PL-1", 65_000)]


def test_an_appeals_costs_fall_due_on_their_days(books: Books) -> None:
    books.take(lodged("AP-1", expected=6_056), incurred("AP-1", 2_000))
    assert found(books, "2025-11-29", "unpaid") == []
    assert found(books, "2025-11-30", "unpaid") == [("AP-1", 405_600)], "lodged on 1 October, £2,000 not yet incurred"
    assert found(books, "2026-03-16", "unpaid") == [("AP-1", 605_600)]


@pytest.mark.parametrize(
    ("paid_pounds", "on", "apart"),
    [
        (9_499, YEAR_END, None),  # the year is not over
        (9_499, LATER, 50_100),
        (9_500, LATER, None),  # exactly £500 and 5%
        (10_501, LATER, 50_100),
    ],
)
def test_paid_and_due_apart_once_the_year_is_over(books: Books, paid_pounds: int, on: str, apart: int | None) -> None:
    books.take(granted("G-1", yearly(10_000)), paid("G-1", paid_pounds))
    assert found(books, on, "apart") == ([("G-1", apart)] if apart else [])


def test_a_large_sum_may_be_five_in_a_hundred_apart(books: Books) -> None:
    books.take(granted("G-1", yearly(100_000)), paid("G-1", 95_000))
    assert not found(books, LATER, "apart")


def test_exceptions_as_known_at_a_past_moment(books: Books) -> None:
    ask = Asking(books)
    books.take(made("PL-1", yearly(10_000), **FULL))
    before = ask("/exceptions", on="2025-11-01")["known_at"]
    books.take(paid("PL-1", 12_000))
    assert ask("/exceptions", on="2025-11-01")["kinds"]["over-paid"] == {"count": 1, "amount_pence": 200_000}
    then = ask("/exceptions", on="2025-11-01", known_at=before)["kinds"]
    assert then["over-paid"]["count"] == 0
    assert then["unpaid"]["count"] == 1


def test_pages_hold_every_exception_once(books: Books) -> None:
    books.take(*(paid(f"PL-{i}", i + 1) for i in range(9)))
    pages = Asking(books).pages("/exceptions", "exceptions", on="2025-11-01", limit=4)
    assert [one["amount_pence"] for one in pages] == [pounds * 100 for pounds in range(9, 0, -1)]


def test_they_are_counted_again_when_something_moved(books: Books) -> None:
    counting = Counting(books.engine, books.ledger, unpaid_days=60)

    def counted() -> dict[Any, float]:
        assert counting.count() is False
        samples = next(iter(metrics.exceptional(counting))).samples
        return {(s.labels["financial_year"], s.labels["kind"]): s.value for s in samples if s.value}

    assert counted() == {}
    payment = paid("PL-1", 12_000)
    payment["data"]["paid_on"] = "2025-08-01"
    books.take(made("PL-1", yearly(10_000), **FULL), payment)
    assert counted() == {("2025", "over-paid"): 1}
    books.take(paid("PL-9", 1))
    assert counted() == {("2025", "over-paid"): 1, ("2025", "no-commitment"): 1}
    books.take(made("PL-9", yearly(10_000), **FULL))
    assert counted() == {("2025", "over-paid"): 1, ("2025", "unpaid"): 1}
