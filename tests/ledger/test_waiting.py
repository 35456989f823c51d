"""Events about something not known yet wait where they can be seen, and are gone from there when it comes."""

from datetime import UTC, datetime

import pytest

from ledger import metrics
from tests.cases import (
    Json,
    concluded,
    contributed,
    ended,
    granted,
    incurred,
    lodged,
    made,
    paid,
    repriced,
    withdrawn,
    yearly,
)  # fmt: skip
from tests.ledger.asking import Asking
from tests.ledger.conftest import Books

PARTNERS = [
    (repriced("PL-1", "2026-01-01", yearly(1)), made("PL-1", yearly(1)), "the placement PL-1"),
    (ended("PL-1", "2026-01-01"), made("PL-1", yearly(1)), "the placement PL-1"),
    (contributed("PL-1", yearly(1)), made("PL-1", yearly(1)), "the placement PL-1"),
    (paid("PL-1", 5), made("PL-1", yearly(1)), "the commitment PL-1"),
    (paid("G-1", 5), granted("G-1", yearly(1)), "the commitment G-1"),
    (incurred("AP-1", 5), lodged("AP-1"), "the appeal AP-1"),
    (concluded("AP-1"), lodged("AP-1"), "the appeal AP-1"),
]


@pytest.mark.parametrize(("event", "partner", "words"), PARTNERS, ids=[event["type"] for event, _, _ in PARTNERS])
def test_an_event_waits_until_what_it_is_about_comes(books: Books, event: Json, partner: Json, words: str) -> None:
    ask = Asking(books)
    books.take(event)
    (waiting,) = ask("/waiting-events")["events"]
    assert (waiting["id"], waiting["type"], waiting["waits_for"]) == (event["id"], event["type"], words)
    assert 0 <= waiting["age_seconds"] < 60
    then = datetime.now(UTC).isoformat()
    books.take(partner)
    assert not ask("/waiting-events")["events"]
    assert len(ask("/waiting-events", known_at=then)["events"]) == 1, "what waited then still did"


def test_a_withdrawal_waits_for_its_event(books: Books) -> None:
    ask = Asking(books)
    placement = made("PL-1", yearly(1))
    books.take(withdrawn(placement))
    books.settle()
    (waiting,) = ask("/waiting-events")["events"]
    assert waiting["waits_for"] == f"the event {placement['source']} {placement['id']}"
    books.take(placement)
    books.settle()
    assert not ask("/waiting-events")["events"]


def test_what_is_withdrawn_waits_for_nothing_and_what_hung_on_it_waits_again(books: Books) -> None:
    ask = Asking(books)
    placement, price = made("PL-1", yearly(1)), repriced("PL-1", "2026-01-01", yearly(2))
    books.take(placement, price, withdrawn(placement))
    books.settle()
    now = datetime.now(UTC).isoformat()
    assert [e["id"] for e in ask("/waiting-events")["events"]] == [price["id"]]
    assert [e["id"] for e in ask("/waiting-events", known_at=now)["events"]] == [price["id"]]
    books.take(withdrawn(price))
    books.settle()
    assert not ask("/waiting-events")["events"]
    assert not metrics_of(books)


def test_pages_of_what_waits_follow_each_other(books: Books) -> None:
    events = [paid(f"PL-{i}", 1) for i in range(7)]
    for event in events:
        books.take(event)
    ask = Asking(books)
    assert [e["id"] for e in ask.pages("/waiting-events", "events", limit=3)] == [e["id"] for e in events]
    assert ask.refused("/waiting-events", after="yesterday") == 422


def test_what_waits_is_counted_by_authority_and_type(books: Books) -> None:
    books.take(paid("PL-1", 1), paid("PL-2", 1), ended("PL-3", "2026-01-01"), paid("PL-1", 1, authority="E08000025"))
    books.take(withdrawn(made("PL-9", yearly(1))))
    found = metrics_of(books)
    assert found["hnb_events_waiting", "E06000016", "hnb.payment-made.v1"] == 2
    assert found["hnb_events_waiting", "E06000016", "hnb.placement-ended.v1"] == 1
    assert found["hnb_events_waiting", "E06000016", "hnb.event-withdrawn.v1"] == 1
    assert found["hnb_events_waiting", "E08000025", "hnb.payment-made.v1"] == 1
    assert 0 <= found["hnb_events_waiting_oldest_seconds", "E06000016", ""] < 60


def metrics_of(books: Books) -> dict[tuple[str, str, str], float]:
    return {
        (sample.name, sample.labels["authority"], sample.labels.get("type", "")): sample.value
        for family in metrics.waiting_events(books.engine)
        for sample in family.samples
    }
