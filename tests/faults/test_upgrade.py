"""Releases side by side: what the next one migrates the one before can bear, and every older database is brought up."""

import importlib
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from hnb import database
from hnb.service import Service
from hnb_local.processes import free_ports
from hnb_local.roles import owner_of
from hnb_local.stack import Stack, is_ready
from tests.cases import Json
from tests.conftest import FreshDatabase, scratch_folder
from tests.faults.administrator import administrators_url
from tests.faults.officers import patiently
from tests.faults.run import times
from tests.journeys.test_road import position, post, unsettled, year
from tests.journeys.waiting import until

SERVICES = ("placements", "ledger", "alerts")
FIRST_RELEASE = {"placements": "0006", "ledger": "0006", "alerts": "0003"}  # nothing older ever ran beside anything
COUNCILS = times(3, 30)
PATIENCE = 120.0
NEXT = '''"""What the next release adds."""

from alembic import op

revision = "9001"
down_revision = "{head}"


def upgrade() -> None:
    op.execute("ALTER TABLE {table} ADD COLUMN of_next_release text NOT NULL DEFAULT 'x'")
    op.execute("CREATE TABLE of_next_release (id bigint PRIMARY KEY)")
    op.execute("INSERT INTO of_next_release SELECT generate_series(1, 1000)")
'''
AFTER_NEXT = '''"""What the release after that takes away."""

from alembic import op

from hnb.migrations import wants

revision = "9002"
down_revision = "9001"


def upgrade() -> None:
    wants("9001")
'''


def script(package: str, folder: Path | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder or resources.files(package).joinpath("migrations")))
    return config


def revisions(package: str) -> list[str]:
    """From the first to the head."""
    return [one.revision for one in ScriptDirectory.from_config(script(package)).walk_revisions()][::-1]


def bring(engine: Engine, config: Config, revision: str) -> None:
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def unbearable(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What a release that knows `before` cannot bear of `after`."""
    found = []
    for table, columns in before.items():
        now = after.get(table)
        if now is None:
            found.append(f"{table} is gone")
            continue
        for name, (kind, _, _) in columns.items():
            if name not in now:
                found.append(f"{table}.{name} is gone")
            elif now[name][0] != kind:
                found.append(f"{table}.{name} is another type")
            elif not now[name][1] and columns[name][1] and not now[name][2]:
                found.append(f"{table}.{name} must be given now")
        for name in now.keys() - columns.keys():
            if not now[name][1] and not now[name][2]:
                found.append(f"{table}.{name} is new and must be given")
    return found


def tables(engine: Engine) -> dict[str, Any]:
    """Every table's columns: type, whether it may be null, and whether there is a value where none is given.

    And what makes rows one: who says ON CONFLICT names it.
    """
    there = inspect(engine)
    found: dict[str, Any] = {}
    for table in there.get_table_names():
        found[table] = {
            column["name"]: (
                str(column["type"]), column["nullable"],
                column["default"] is not None or "identity" in column or "computed" in column,
            )
            for column in there.get_columns(table)
        }  # fmt: skip
        unique = [tuple(there.get_pk_constraint(table)["constrained_columns"])]
        unique += [tuple(one["column_names"]) for one in there.get_unique_constraints(table)]
        found[table] |= {f"unique {' '.join(columns)}": ("unique", True, True) for columns in unique}
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_each_migration_since_the_first_release_is_one_the_release_before_can_bear(
    service: str, database_url: FreshDatabase
) -> None:
    engine, config = database.connect(database_url(service), service), script(service)
    bring(engine, config, FIRST_RELEASE[service])
    before = tables(engine)
    since = revisions(service)
    for revision in since[since.index(FIRST_RELEASE[service]) + 1 :]:
        bring(engine, config, revision)
        assert unbearable(before, before := tables(engine)) == [], f"{service} {revision}: expand, then contract"
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER TABLE outbox DROP COLUMN stream", "outbox.stream is gone"),
        ("ALTER TABLE outbox RENAME TO post", "outbox is gone"),
        ("ALTER TABLE outbox ALTER stream TYPE varchar(20)", "outbox.stream is another type"),
        ("ALTER TABLE inbox ALTER about SET NOT NULL", "inbox.about must be given now"),
        ("ALTER TABLE outbox ADD COLUMN x text NOT NULL", "outbox.x is new and must be given"),
        ("ALTER TABLE dead_letters DROP CONSTRAINT dead_letters_stream_entry_id_key", "unique stream entry_id is gone"),
    ],
)
def test_what_the_release_before_cannot_bear_is_found(change: str, found: str, database_url: FreshDatabase) -> None:
    engine = database.connect(database_url("ledger"), "ledger")
    database.migrate(engine, "ledger")
    before = tables(engine)
    with engine.begin() as connection:
        connection.execute(text(change))
    assert any(found in one for one in unbearable(before, tables(engine)))
    engine.dispose()


HELD = """
    INSERT INTO inbox (source, id, authority, type, time, about, digest, body) VALUES
        ('/capita-one/leicester', 'e-1', 'E06000016', 'hnb.placement-ended.v1', now(), NULL, '\\x00', '{}');
    INSERT INTO outbox (stream, body) VALUES ('budget', '{}');
    INSERT INTO dead_letters (stream, entry_id, body, reason) VALUES ('budget', '1-1', '{}', 'a reason');
"""
HELD_BY = {
    "placements": """INSERT INTO facts VALUES ('E06000016', 'placement/PL-1', 'hnb.placement-ended.v1', now(), 'e-1',
        '/capita-one/leicester', '{"end_date": "2025-12-19"}')""",
    "ledger": """
        INSERT INTO commitments (authority, about, schedule) VALUES ('E06000016', 'commitment/PL-1',
            '[[2025, "special", "commitment", 100, "2025-04-01", "2026-03-31"]]');
        INSERT INTO postings (recorded_at, authority, about, financial_year, line, kind, from_place, to_place,
            amount_pence, first_day, last_day) VALUES (now(), 'E06000016', 'commitment/PL-1', 2025, 'special',
            'commitment', 'headroom', 'committed', 100, '2025-04-01', '2026-03-31');
        INSERT INTO balances (authority, financial_year, line, grant_pence, budget_pence, commitment_pence,
            provisional_pence, payment_pence, exposure_pence, reserve_pence, version, recorded_at)
            VALUES ('E06000016', 2025, 'special', 0, 0, 100, 0, 0, 0, 0, 1, now())""",
    "alerts": """
        INSERT INTO alerts (id, authority, financial_year, scope, rule, ordinal, state, severity, changes, since,
            opened_at, changed_at, evidence) VALUES ('a-1', 'E06000016', 2025, 'special', 'r', 1, 'open', 'warning', 1,
            now(), now(), now(), '{}')""",
}
KEPT = {"placements": "facts", "ledger": "postings", "alerts": "alerts"}


def built(service: str, url: str, broker_url: str) -> Service:
    settings = getattr(importlib.import_module(f"{service}.settings"), f"{service.capitalize()}Settings")
    found: Service = importlib.import_module(f"{service}.app").build(settings(database_url=url, broker_url=broker_url))
    return found


OLDER = [(service, revision) for service in SERVICES for revision in revisions(service)[:-1]]


@pytest.mark.parametrize(("service", "revision"), OLDER)
def test_a_service_brings_an_older_database_up_with_all_it_holds(
    service: str, revision: str, database_url: FreshDatabase, broker_url: str
) -> None:
    url = database_url(service)
    engine = database.connect(url, service)
    bring(engine, script(service), revision)
    with psycopg.connect(url) as connection:
        connection.execute(HELD + HELD_BY[service])
    built(service, url, broker_url).prepare()
    with database.reading(engine) as reading:
        held = [reading.scalar(text(f"SELECT count(*) FROM {table}"))
                for table in ("inbox", "outbox", "dead_letters", KEPT[service])]  # fmt: skip
        assert reading.scalar(text("SELECT version_num FROM alembic_version")) == revisions(service)[-1]
    assert held == [1, 1, 1, 1]
    engine.dispose()


@pytest.mark.parametrize("service", SERVICES)
def test_a_database_of_a_newer_release_is_used_unless_that_said_it_may_not(
    service: str, database_url: FreshDatabase, broker_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = database_url(service)
    engine = database.connect(url, service)
    database.migrate(engine, service)
    with next_release(service, NEXT) as folder:
        bring(engine, script(service, folder / service / "migrations"), "head")
        built(service, url, broker_url).prepare()
        write(folder / service, "9002_after.py", AFTER_NEXT)
        bring(engine, script(service, folder / service / "migrations"), "head")
    with pytest.raises(SystemExit) as refused:
        built(service, url, broker_url).prepare()
    assert refused.value.code == 2
    assert "is of a newer release (revision 9002), which wants 9001 or later" in capsys.readouterr().err
    engine.dispose()


@contextmanager
def next_release(service: str, migration: str) -> Iterator[Path]:
    """The package of a service with one migration more, in a folder to be imported from first."""
    with scratch_folder() as folder:
        shutil.copytree(Path(str(resources.files(service))), folder / service)
        write(folder / service, "9001_next.py", migration.format(head=revisions(service)[-1], table=KEPT[service]))
        yield folder


def write(package: Path, name: str, migration: str) -> None:
    (package / "migrations" / "versions" / name).write_text(migration)


def migrate_as_owner(stack: Stack, service: str, folder: Path) -> None:
    """What `python -m SERVICE migrate` of the next release does, as the role that owns the tables."""
    engine = database.connect(administrators_url(stack, service), service)
    config = script(service, folder / service / "migrations")
    with engine.begin() as connection:
        connection.execute(text("SELECT set_config('role', :owner, true)"), {"owner": owner_of(service)})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def start(stack: Stack, service: str, folder: Path) -> "tuple[subprocess.Popen[bytes], str]":
    """The next release of a service, beside the one that runs."""
    (port,) = free_ports(1)
    own = {
        "PYTHONPATH": str(folder), "HNB_REPLICA": "1", "HNB_PORT": str(port), "HNB_BROKER_URL": stack.broker_url,
        "HNB_DATABASE_URL": stack.database_urls[service],
    }  # fmt: skip
    with (stack.folder.path / "logs" / f"{service}-next.log").open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", service], env={**os.environ, **own}, stdout=out, stderr=out
        )
    return process, f"http://127.0.0.1:{port}"


def posted(stack: Stack, events: list[Json]) -> bool:
    post(stack, events)
    return True


def test_two_releases_side_by_side_under_load_come_to_the_same_figures(stack: Stack, rng: random.Random) -> None:
    calm = [f"E067{n:05d}" for n in range(COUNCILS)]
    moved = [f"E068{n:05d}" for n in range(COUNCILS)]
    post(stack, [event for council in calm for event in year(council, council)])
    events = [event for council in moved for event in year(council, council)]
    rng.shuffle(events)
    failed: list[BaseException] = []

    def send() -> None:
        try:
            for begin in range(0, len(events), 5):
                patiently(lambda: posted(stack, events[begin : begin + 5]), "the door")  # noqa: B023 - awaited here
        except BaseException as error:
            failed.append(error)

    load = threading.Thread(target=send)
    load.start()
    for service in SERVICES:
        with next_release(service, NEXT) as folder:
            migrate_as_owner(stack, service, folder)
            process, url = start(stack, service, folder)
            try:
                until(lambda: process.poll() is not None or is_ready(url), PATIENCE)  # noqa: B023 - awaited here
                assert is_ready(url), (stack.folder.path / "logs" / f"{service}-next.log").read_text()[-2_000:]
                with psycopg.connect(stack.database_urls[service]) as connection:
                    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9001",)]
                before = stack.processes[service]
                os.kill(before, 15)  # and the release before is started again, beside the next: as when one rolls back
                until(lambda: stack.processes[service] != before, PATIENCE)  # noqa: B023 - awaited here
                stack.wait_until_ready()
                assert is_ready(url)
            finally:
                process.terminate()
                process.wait()
    load.join()
    assert not failed
    post(stack, events)
    until(lambda: not unsettled(stack), PATIENCE)
    for one, other in zip(calm, moved, strict=True):
        until(lambda: position(stack, one) == position(stack, other), PATIENCE)  # noqa: B023 - awaited here
    for service in SERVICES:
        with psycopg.connect(stack.database_urls[service]) as connection:
            assert connection.execute("SELECT stream, reason FROM dead_letters").fetchall() == []
