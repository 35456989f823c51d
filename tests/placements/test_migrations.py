"""Migrations over a register that is already open: it then answers as one that was new enough all along."""

from datetime import UTC, datetime
from importlib import resources

from alembic import command
from alembic.config import Config
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from hnb import database, inbox, withdrawals
from hnb.conditions.looking import Conditions
from hnb.conditions.rules import Condition
from hnb.events import PlacementRepriced, TribunalCostIncurred
from placements import store
from placements.app import build
from placements.domain.facts import about, latest
from placements.handlers import apply_withdrawals
from placements.settings import PlacementsSettings
from tests.cases import LEICESTER, Json, incurred, made, read, registered, repriced, withdrawn, yearly
from tests.conftest import FreshDatabase

_COSTS = text("SELECT about, data ->> 'amount_pence' AS pence FROM facts WHERE type = 'hnb.tribunal-cost-incurred.v1'")

_SAID_BEFORE = text("""
    INSERT INTO conditions (authority, condition, scope, active, since, version)
    VALUES (:authority, 'overlap', 'placement/PL-1 placement/PL-2', true, '2025-11-03', 3)
""")


def migrate_to(engine: Engine, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(resources.files("placements").joinpath("migrations")))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def take_as_before(engine: Engine, *said: Json) -> None:
    """As the first version took events in: repricings and tribunal costs passed through, about nothing it kept."""
    events = read(*said)
    passed = [None if isinstance(e.data, PlacementRepriced | TribunalCostIncurred) else about(e) for e in events]
    with database.transaction(engine) as connection:
        inbox.record(connection, events, passed)
        withdrawals.remember(connection, events)
        store.keep(connection, latest(e for e, kept in zip(events, passed, strict=True) if kept is not None))


def test_an_older_register_keeps_its_repricings_costs_and_capacities(
    database_url: FreshDatabase, broker_url: str
) -> None:
    service = build(PlacementsSettings(database_url=database_url("placements"), broker_url=broker_url))
    migrate_to(service.engine, "0001")
    uplift, mistake = repriced("PL-1", "2025-09-01", yearly(66_500)), repriced("PL-1", "2025-10-01", yearly(99_999))
    first, second = registered(capacity=8, in_area=False), registered(capacity=9, in_area=False)
    take_as_before(
        service.engine, made("PL-1", yearly(60_000)), uplift, mistake, withdrawn(mistake), first,
        second | {"time": "2025-09-01T09:00:00Z"}, incurred("AP-1", 500, "C-1"), incurred("AP-1", 700, "C-2"),
        incurred("AP-1", 800, "C-2", time="2025-05-01T09:00:00Z"),
    )  # fmt: skip
    with database.transaction(service.engine) as connection:
        connection.execute(text("UPDATE withdrawals SET applied = true"))
    service.prepare()
    while apply_withdrawals(service.engine):
        pass
    door = TestClient(service.asgi())
    capacities = [
        door.get("/settings", params={"authority": LEICESTER, "on": on}).json()["settings"][0]["capacity"]
        for on in ("2025-03-31", "2025-04-01", "2025-09-01")
    ]
    assert capacities == [None, 8, 9]
    asked = {"authority": LEICESTER, "on": "2025-12-01"}
    assert door.get("/out-of-area", params=asked).json()["total"]["cost_a_year_pence"] == 66_500_00
    with database.reading(service.engine) as connection:
        costs = sorted(tuple(row) for row in connection.execute(_COSTS))
    assert costs == [("cost/AP-1 C-1", "50000"), ("cost/AP-1 C-2", "80000")]
    late = withdrawn(uplift)
    take_as_before(service.engine, late)
    apply_withdrawals(service.engine)
    assert door.get("/out-of-area", params=asked).json()["total"]["cost_a_year_pence"] == 60_000_00


def test_a_condition_said_before_it_could_be_of_a_year_is_not_said_again(database_url: FreshDatabase) -> None:
    engine = database.connect(database_url("placements"), "placements")
    migrate_to(engine, "0005")
    with database.transaction(engine) as connection:
        connection.execute(_SAID_BEFORE, {"authority": LEICESTER})
    take_as_before(engine, made())
    database.migrate(engine, "placements")
    overlap = Condition(LEICESTER, "overlap", "placement/PL-1 placement/PL-2", since=datetime(2025, 11, 3, tzinfo=UTC))
    for holding in ([overlap], [overlap], []):
        Conditions(
            "placements", engine, "inbox", [lambda *_, holding=holding: holding], lambda: datetime.now(UTC)
        ).look()
    with database.reading(engine) as connection:
        rows = connection.execute(text("SELECT active, version FROM conditions")).all()
        said = connection.scalars(text("SELECT body::json -> 'data' ->> 'version' FROM outbox")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [(False, 4)]
    assert said == ["4"]
