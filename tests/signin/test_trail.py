"""The trail of who saw what: in each service's database, added to only, and read back in order."""

import json
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
import uvicorn
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from typer.testing import CliRunner, Result

from hnb import database
from hnb.pages import Pages
from hnb.signin import Person, Role, audit
from hnb_local.cli import app
from hnb_local.errors import CommandFailed
from hnb_local.processes import free_ports
from tests.browsing import browse
from tests.conftest import FreshDatabase
from tests.journeys.waiting import until

ANN = Person("ann", "Ann Okafor", frozenset({Role.FINANCE}), None)
LEICESTER, RUTLAND = "E06000016", "E06000017"


@pytest.fixture(params=["placements", "ledger", "alerts"])
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def engine(service: str, database_url: FreshDatabase) -> Engine:
    opened = database.connect(database_url(service), service)
    database.migrate(opened, service)
    return opened


def reader(engine: Engine) -> TestClient:
    return browse(Pages("ledger", "Ledger", "/"), audit.make_router(engine))


def test_each_record_seen_is_one_line_that_says_who_what_when_and_where(engine: Engine, service: str) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    audit.viewed(engine, ANN, "commitment", LEICESTER, "PL-1")
    audit.viewed(engine, ANN, "waits", LEICESTER, ["child-b", "child-a", "child-b"])
    audit.viewed(engine, ANN, "waits", LEICESTER, [])
    views = reader(engine).get("/views").json()["views"]
    assert [(one["kind"], one["record"]) for one in views] == [
        ("commitment", "PL-1"), ("waits", "child-a"), ("waits", "child-b"),
    ]  # fmt: skip
    assert {(one["subject"], one["name"], one["service"]) for one in views} == {("ann", "Ann Okafor", service)}
    assert all(before < datetime.fromisoformat(one["at"]) for one in views)


@pytest.mark.parametrize("change", ["UPDATE views SET name = 'x'", "DELETE FROM views", "TRUNCATE views"])
def test_nobody_takes_a_line_out_or_changes_one(engine: Engine, change: str) -> None:
    audit.viewed(engine, ANN, "commitment", LEICESTER, "PL-1")
    with pytest.raises(DBAPIError, match="append-only"), database.transaction(engine) as connection:
        connection.execute(text(change))
    assert len(reader(engine).get("/views").json()["views"]) == 1


def test_what_cannot_be_written_down_is_not_shown(engine: Engine) -> None:
    with database.transaction(engine) as connection:
        connection.execute(text("ALTER TABLE views ADD CHECK (record <> 'PL-1')"))
    with pytest.raises(DBAPIError):
        audit.viewed(engine, ANN, "line", LEICESTER, ["PL-0", "PL-1"])
    assert reader(engine).get("/views").json()["views"] == []


def test_the_trail_is_asked_by_authority_record_and_time_page_by_page(engine: Engine) -> None:
    for authority, record in ((LEICESTER, "PL-1"), (RUTLAND, "PL-1"), (LEICESTER, "PL-2")):
        audit.viewed(engine, ANN, "commitment", authority, record)
    client = reader(engine)
    first = client.get("/views", params={"authority": LEICESTER, "limit": 1}).json()
    assert [one["record"] for one in first["views"]] == ["PL-1"]
    rest = client.get("/views", params={"authority": LEICESTER, "limit": 100, "after": first["next"]}).json()
    assert ([one["record"] for one in rest["views"]], rest["next"]) == (["PL-2"], None)
    assert len(client.get("/views", params={"record": "PL-1"}).json()["views"]) == 2
    assert client.get("/views", params={"to": "2025-01-01T00:00:00Z"}).json()["views"] == []
    wrong = client.get("/views", params={"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"})
    assert (wrong.status_code, wrong.json()["detail"]) == (422, "from: is after to")


def test_the_command_lists_what_was_seen_as_a_spreadsheet_or_json_or_a_table(engine: Engine) -> None:
    audit.viewed(engine, ANN, "commitment", LEICESTER, ["PL-1", "=PL-2"])
    audit.viewed(engine, ANN, "commitment", RUTLAND, "PL-3")
    server = uvicorn.Server(uvicorn.Config(reader(engine).app, port=free_ports(1)[0], log_level="error"))
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)

    def hnb(*given: str) -> Result:
        return CliRunner().invoke(app, ["audit", "--ledger-url", f"http://127.0.0.1:{server.config.port}", *given])

    try:
        lines = hnb("--authority", LEICESTER, "--from", "2026-01-01", "--csv").stdout.splitlines()
        assert lines[0] == "at,subject,name,kind,authority,record,service"
        assert [line.split(",")[5] for line in lines[1:]] == ["'=PL-2", "PL-1"]
        assert [one["record"] for one in json.loads(hnb("--record", "PL-3", "--json").stdout)] == ["PL-3"]
        assert json.loads(hnb("--to", "2026-01-01", "--json").stdout) == []
        assert "Ann Okafor" in hnb().stdout
        wrong = hnb("--from", "last week").exception
        assert isinstance(wrong, CommandFailed)
        assert str(wrong) == "--from is no date of the form 2026-04-01."
    finally:
        server.should_exit = True
        thread.join(10)
