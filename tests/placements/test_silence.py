"""A feed gone silent: said of sources that used to send, while somebody may still wait for them."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hnb import inbox
from hnb.conditions.looking import Conditions
from hnb.conditions.rules import Condition
from hnb.database import reading, transaction
from hnb.events import CASE_EVENTS, read_event
from hnb.service import Service
from placements.conditions import FOUND, silent
from placements.domain.conditions import FEED_EVENTS, hours_silent
from tests.cases import CASES, FINANCE, LEICESTER, Json, budget, requested

HOUR = timedelta(hours=1)


def take(service: Service, *events: Json) -> None:
    with transaction(service.engine) as connection:
        read = [read_event(one, known=CASE_EVENTS) for one in events]
        inbox.record(connection, read, [None] * len(read))


def sent(service: Service, number: int, source: str = CASES, authority: str = LEICESTER) -> datetime:
    """So many events of a source, and when the last of them was received."""
    take(service, *(requested(f"R-{n}", "2026-01-05", source=source, authority=authority) for n in range(number)))
    with reading(service.engine) as connection:
        last: datetime = connection.execute(text("SELECT max(received_at) FROM inbox")).scalar_one()
    return last


def found(service: Service, at: datetime, authority: str = LEICESTER) -> list[Condition]:
    with reading(service.engine) as connection:
        return list(silent(connection, authority, at))


def test_a_feed_is_silent_after_a_day_and_until_it_sends_again(service: Service) -> None:
    last = sent(service, FEED_EVENTS)
    assert found(service, last + 23 * HOUR) == []
    expected = Condition(LEICESTER, "feed-silent", f"source/{CASES}", 30, "hours", last)
    assert found(service, last + 30.5 * HOUR) == [expected]
    again = sent(service, 1)
    assert [one.since for one in found(service, last + 30.5 * HOUR)] == [again]
    assert found(service, again + 23 * HOUR) == []


def test_a_source_that_hardly_sent_anything_is_no_feed(service: Service) -> None:
    last = sent(service, FEED_EVENTS - 1)
    assert found(service, last + 30 * HOUR) == []
    sent(service, 1)
    assert len(found(service, last + 30 * HOUR)) == 1


def test_each_source_of_each_authority_is_a_feed_and_what_we_say_ourselves_is_none(service: Service) -> None:
    sources = [(CASES, LEICESTER), (FINANCE, LEICESTER), (CASES, "E08000025"), ("/hnb/placements", LEICESTER)]
    last = max(sent(service, FEED_EVENTS, *one) for one in sources)
    authorities = (LEICESTER, "E08000025")
    scopes = {(one.authority, one.scope) for whose in authorities for one in found(service, last + 30 * HOUR, whose)}
    assert scopes == {(authority, f"source/{source}") for source, authority in sources[:3]}


def test_nobody_waits_for_a_source_silent_for_over_a_month(service: Service) -> None:
    take(service, *(budget("special", n) for n in range(FEED_EVENTS)))
    last = sent(service, FEED_EVENTS)
    assert len(found(service, last + 25 * HOUR)) == 2
    assert found(service, last + timedelta(days=31)) == []


@pytest.mark.parametrize(
    ("hours", "said"), [(-1, None), (23.99, None), (24, 24), (24.99, 24), (25, 25), (30 * 24, 720), (30 * 24 + 1, None)]
)
def test_hours_of_silence(hours: float, said: int | None) -> None:
    last = datetime(2026, 3, 28, 12, tzinfo=UTC)  # the clocks go forward: hours are hours
    assert hours_silent(last, last + hours * HOUR) == said


def test_a_silence_is_said_with_its_version_as_the_hours_pass(service: Service) -> None:
    last = sent(service, FEED_EVENTS)
    for hours in (24, 24.5, 25, 24 * 31):
        at = last + hours * HOUR
        Conditions("placements", service.engine, "inbox", FOUND, lambda at=at: at).look()  # type: ignore[misc]
    with reading(service.engine) as connection:
        said = connection.scalars(text("SELECT body::json -> 'data' FROM outbox WHERE stream = 'condition'")).all()
    told = [(one["active"], one.get("value"), one["version"]) for one in said if one["condition"] == "feed-silent"]
    assert told == [(True, 24, 1), (True, 25, 2), (False, None, 3)]
