"""What the road from the door to a judged position asks of the databases: as much for a batch of any size."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest
import redis

from alerts.app import build as build_alerts
from alerts.settings import AlertsSettings
from hnb.events import CASE_EVENTS, read_event
from hnb.hearing import Entry
from hnb.service import Service
from ledger.app import build as build_ledger
from ledger.settings import LedgerSettings
from placements.app import build as build_placements
from placements.settings import PlacementsSettings
from tests.cases import made, yearly
from tests.conftest import FreshDatabase
from tests.ledger.test_cost import statements

PROVISIONS = ("special", "mainstream", "independent", "post-16", "alternative")


@pytest.fixture
def services(database_url: FreshDatabase, broker_url: str) -> Iterator[dict[str, Service]]:
    """The three, wired as they run, with nothing running: each step is taken by hand."""
    built = {
        "placements": build_placements(
            PlacementsSettings(database_url=database_url("placements"), broker_url=broker_url)
        ),
        "ledger": build_ledger(LedgerSettings(database_url=database_url("ledger"), broker_url=broker_url)),
        "alerts": build_alerts(AlertsSettings(database_url=database_url("alerts"), broker_url=broker_url)),
    }
    for service in built.values():
        service.prepare()
    yield built
    for service in built.values():
        service.engine.dispose()


def entries(client: Any, stream: str) -> list[Entry]:  # redis-py types every answer as several things at once
    return [Entry(stream, id.decode(), fields[b"event"]) for id, fields in client.xrange(stream)]


@pytest.mark.parametrize("events", [1, 50, 500])
def test_events_of_any_number_take_the_same_few_statements(
    services: dict[str, Service], broker_url: str, events: int
) -> None:
    said = [
        made(f"PL-{n}", yearly(1_000 + n), child=f"c{n}", end="2026-03-31", provision=PROVISIONS[n % 5])
        for n in range(events)
    ]
    placements, ledger, alerts = services.values()
    say = next(loop for loop in ledger.loops if loop.name == "say")
    with redis.Redis.from_url(broker_url) as client, ExitStack() as exits:
        seen = {name: exits.enter_context(statements(service.engine)) for name, service in services.items()}
        placements.intake.take([read_event(orjson.loads(orjson.dumps(one)), known=CASE_EVENTS) for one in said])
        assert placements.relay.send() == events
        ledger.intake.take_entries(entries(client, "placement"))
        assert say.work() is False
        assert ledger.relay.send() == min(events, len(PROVISIONS)) + 1
        alerts.intake.take_entries(entries(client, "position"))
    assert len(seen["placements"]) <= 8, seen["placements"]
    assert len(seen["ledger"]) <= 20, seen["ledger"]
    assert len(seen["alerts"]) <= 8, seen["alerts"]
