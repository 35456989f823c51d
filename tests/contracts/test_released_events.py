"""Every event ever released keeps its meaning: one fixture a type and version, frozen, sent through the whole road."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from alerts.app import build as build_alerts
from alerts.settings import AlertsSettings
from hnb.database import reading
from hnb.events import CASE_EVENTS, EVENTS, OWN_EVENTS, read_event, read_json
from hnb.hearing import Entry
from hnb.service import Service
from placements.app import build
from placements.settings import PlacementsSettings
from tests.cases import LEICESTER
from tests.conftest import FreshDatabase
from tests.ledger.conftest import Books, open_books

FOLDER = Path(__file__).parent / "events"
FIXTURES = {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.json"))}
# What the fixtures come to, in pence, for ever: budget, cost and contingent of each line in 2025-26.
FIGURES = {
    # £66,500 a year for 63 days of 365, £1,800 a week of 39 for 82, and £5,000 of it paid by health.
    "special": (3_000_000, 1_147_809 + 1_577_095 - 500_000, 0),
    "element-3": (0, 3 * 250_000, 0),
    "resourced-provision": (0, 4_181_918, 0),  # 12 places of £6,000 a year for 212 days of 365
    "tribunal": (0, 120_050, 0),
}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
def door(database_url: FreshDatabase, broker_url: str) -> Service:
    service = build(PlacementsSettings(database_url=database_url("placements"), broker_url=broker_url))
    service.prepare()
    return service


@pytest.fixture
def books(database_url: FreshDatabase) -> Iterator[Books]:
    with open_books(database_url("ledger")) as opened:
        yield opened


def test_what_was_released_is_never_changed() -> None:
    """A fixture is added with its line of SHA256SUMS. None is changed or removed: a new meaning is a new version."""
    lines = [line.split("  ") for line in (FOLDER / "SHA256SUMS").read_text().splitlines()]
    listed = {name: digest for digest, name in lines}
    assert {name: hashlib.sha256(raw).hexdigest() for name, raw in FIXTURES.items()} == listed


def test_every_type_and_version_has_a_fixture_that_says_all_there_is_to_say() -> None:
    found = {read_event(read_json(raw)).type: read_event(read_json(raw)) for raw in FIXTURES.values()}
    assert set(found) == set(EVENTS)
    for name, raw in FIXTURES.items():
        kind = f"hnb.{name.removesuffix('.json')}"
        assert set(orjson.loads(raw)["data"]) <= set(EVENTS[kind][1].model_fields)
        assert found[kind].data.model_fields_set == set(orjson.loads(raw)["data"])


def test_every_case_event_ever_released_passes_the_door_and_moves_the_ledger(door: Service, books: Books) -> None:
    events = [orjson.loads(raw) for raw in FIXTURES.values()]
    cases = [event for event in events if event["type"] in CASE_EVENTS]
    with TestClient(door.asgi()) as client:
        for status in ("accepted", "duplicate"):
            answer = client.post("/events", content=orjson.dumps(cases), headers=BATCH)
            assert {receipt["status"] for receipt in answer.json()} == {status}, answer.json()
    with reading(door.engine) as connection:
        said = connection.execute(text("SELECT type, body FROM inbox ORDER BY source, id")).all()
    books.intake.take_entries(
        [Entry(CASE_EVENTS[one.type][0], f"{n}-0", one.body.encode()) for n, one in enumerate(said)]
    )
    books.settle()
    assert books.value("SELECT count(*) FROM inbox") == len(cases)
    assert books.value("SELECT count(*) FROM dead_letters") == 0
    assert books.value("SELECT count(*) FROM withdrawals WHERE applied") == 1
    position = books.position(2025, LEICESTER)
    assert {line: (figures.budget_pence, figures.committed_pence + figures.spent_pence, figures.contingent_pence)
            for line, figures in position.lines.items()} == FIGURES  # fmt: skip
    assert position.reserve.opening_pence == -2_220_000_000


def test_every_event_of_our_own_ever_released_is_heard(database_url: FreshDatabase, broker_url: str) -> None:
    service = build_alerts(AlertsSettings(database_url=database_url("alerts"), broker_url=broker_url))
    service.prepare()
    heard = {name: raw for name, raw in FIXTURES.items()
             if OWN_EVENTS.get(f"hnb.{name.removesuffix('.json')}", ("alert",))[0] in service.heard}  # fmt: skip
    service.intake.take_entries([Entry("position", f"{n}-0", raw) for n, raw in enumerate(heard.values())])
    with reading(service.engine) as connection:
        kept = [connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("lines", "conditions")]
        assert connection.scalar(text("SELECT count(*) FROM dead_letters")) == 0
    assert (len(heard), kept) == (2, [1, 1])
