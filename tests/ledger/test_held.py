"""A movement by the day from which what caused it held: it sums to the change, whenever each part was heard of."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from hnb import database
from hnb.events import CASE_EVENTS, read_event
from ledger import saying
from ledger.domain.held import MOST_DAYS, held_from, latest_days
from tests.cases import concluded, contributed, ended, lodged, made, paid, repriced, withdrawn, yearly
from tests.ledger.conftest import Books

day = date.fromisoformat
YEAR = {"start": "2025-04-01", "end": "2026-03-31"}


def say(books: Books, line: str = "special") -> dict[str, Any]:
    """What is now said of a line of 2025-26."""
    while saying.say_changes(books.engine):
        pass
    with database.transaction(books.engine) as connection:
        events = [json.loads(body)["data"] for body in connection.scalars(text("DELETE FROM outbox RETURNING body"))]
    (found,) = [e for e in events if e["provision"] == line and e["financial_year"] == 2025]
    assert sum(part["amount_pence"] for part in found["held"]) == found["change_pence"]
    return dict(found)


def parts(books: Books, line: str = "special") -> list[tuple[str, int]]:
    return [(part["held_from"], part["amount_pence"]) for part in say(books, line)["held"]]


def test_a_placement_held_from_when_it_was_made_however_late_it_is_heard_of(books: Books) -> None:
    books.take(made("PL-1", yearly(10_000), **YEAR, time="2025-04-03T09:00:00Z"))
    books.take(made("PL-2", yearly(2_000), **YEAR, child="b", time="2025-07-03T09:00:00Z"))
    assert parts(books) == [("2025-04-03", 10_000_00), ("2025-07-03", 2_000_00)]


def test_an_end_and_a_price_hold_from_the_days_they_are_for(books: Books) -> None:
    books.take(made("PL-1", yearly(36_500), **YEAR), made("PL-2", yearly(3_650), **YEAR, child="b"))
    say(books)
    books.take(ended("PL-1", "2026-01-31", time="2026-03-01T09:00:00Z"))
    books.take(repriced("PL-2", "2025-12-02", yearly(7_300), time="2026-03-01T09:00:00Z"))
    assert parts(books) == [("2025-12-02", 1_200_00), ("2026-02-01", -5_900_00)]


def test_what_is_told_of_the_future_holds_from_the_day_it_is_told(books: Books) -> None:
    books.take(made("PL-1", yearly(36_500), **YEAR))
    say(books)
    books.take(ended("PL-1", "2026-02-28", time="2025-10-01T09:00:00Z"))
    assert [held for held, _ in parts(books)] == ["2025-10-01"]


def test_a_withdrawal_holds_from_the_day_of_what_it_takes_back(books: Books) -> None:
    end = ended("PL-1", "2025-09-30", time="2025-10-05T09:00:00Z")
    books.take(made("PL-1", yearly(36_500), **YEAR), end)
    say(books)
    taken_back = withdrawn(end, time="2026-02-01T09:00:00Z")
    books.take(taken_back)
    books.settle()
    assert parts(books) == [("2025-10-01", 18_200_00)]
    books.take(withdrawn(taken_back, time="2026-02-02T09:00:00Z"))
    books.settle()
    assert parts(books) == [("2025-10-01", -18_200_00)], "a withdrawal that is withdrawn too"


def test_a_price_of_the_tariff_holds_from_the_day_it_is_for_however_early_it_is_ordered(books: Books) -> None:
    books.take(made("PL-1", yearly(36_500), **YEAR))
    say(books)
    said = repriced("PL-1", "2025-12-02", yearly(73_000), time="1990-01-01T00:00:00Z", source="/hnb/placements")
    books.intake.take([read_event(said, known=CASE_EVENTS)])
    assert parts(books) == [("2025-12-02", 12_000_00)]


def test_contributions_and_appeals_hold_from_their_days(books: Books) -> None:
    books.take(made("PL-1", yearly(36_500), **YEAR), lodged(expected=5_000, time="2025-10-01T09:00:00Z"))
    say(books)
    books.take(contributed("PL-1", yearly(3_650), time="2026-01-05T09:00:00Z"))
    assert parts(books) == [("2025-04-01", -3_650_00)]
    books.take(concluded("AP-1", time="2026-03-09T09:00:00Z"))
    assert parts(books, "tribunal") == [("2026-03-01", -5_000_00)]


def test_a_payment_moves_no_cost_and_so_holds_from_no_day(books: Books) -> None:
    books.take(made("PL-1", yearly(36_500), **YEAR))
    say(books)
    books.take(paid("PL-1", 300))
    assert parts(books) == []


def test_the_total_is_held_as_its_lines_are(books: Books) -> None:
    books.take(made("PL-1", yearly(1_000), **YEAR, time="2025-04-03T09:00:00Z"), lodged())
    books.take(made("PL-2", yearly(2_000), **YEAR, provision="post-16", time="2025-05-03T09:00:00Z"))
    assert parts(books, "total") == [("2025-04-03", 1_000_00), ("2025-05-03", 2_000_00)]


@pytest.mark.parametrize(
    ("kind", "said", "held"),
    [
        ("hnb.placement-ended.v1", "2025-08-30", "2025-08-31"),
        ("hnb.placement-ended.v1", "2025-08-31", "2025-09-01"),
        ("hnb.placement-ended.v1", "2025-12-31", "2025-09-01"),
        ("hnb.placement-repriced.v1", "2025-04-01", "2025-04-01"),
        ("hnb.placement-made.v1", None, "2025-09-01"),
    ],
)
def test_no_event_held_later_than_it_happened(kind: str, said: str | None, held: str) -> None:
    happened = datetime(2025, 9, 1, 9, tzinfo=UTC)
    assert held_from(kind, happened, day(said) if said else None) == day(held)


@given(st.dictionaries(st.dates(date(2020, 1, 1), date(2025, 1, 1)), st.integers(-9, 9), max_size=500))
def test_however_many_days_their_pence_stay(pence: dict[date, int]) -> None:
    found = latest_days(pence)
    assert sum(amount for _, amount in found) == sum(pence.values())
    assert [held for held, _ in found] == sorted({held for held, _ in found})


def test_of_more_days_than_there_is_room_for_the_oldest_kept_stands_for_those_before() -> None:
    first = date(2024, 1, 1)
    found = latest_days({first + timedelta(days=n): 1 for n in range(MOST_DAYS + 10)})
    assert found[0] == (first + timedelta(days=10), 11)
    assert len(found) == MOST_DAYS
