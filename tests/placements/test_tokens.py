"""Tokens: who is let in at placements, with which events, for which councils, and until when."""

import asyncio
import hashlib
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg import sql
from pydantic import ValidationError
from sqlalchemy import Engine, text
from sqlalchemy.event import listen

from hnb.bearer import token_hash
from hnb.database import connect, reading, transaction
from hnb.service import Service
from placements.app import build
from placements.domain.tokens import RIGHTS, Scope
from placements.settings import PlacementsSettings
from placements.tokens import store
from placements.tokens.issuing import run
from placements.tokens.roll import LOOK_SECONDS, REFRESH_SECONDS, Roll
from placements.tokens.store import Wanted
from tests.cases import LEICESTER, Json, issued, made, withdrawn
from tests.conftest import FreshDatabase, Servers
from tests.journeys.waiting import until
from tests.placements.conftest import Metric

ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"
BIRMINGHAM = "E08000025"
OPERATORS = "an operator's own token"
DAY = timedelta(days=1)


@pytest.fixture
def service(database_url: FreshDatabase, broker_url: str) -> Service:
    """Placements as it runs where others can reach it: with tokens, one of them the operators'."""
    digest = hashlib.sha256(OPERATORS.encode()).hexdigest()
    settings = PlacementsSettings(database_url=database_url("placements"), broker_url=broker_url, tokens=digest)
    service = build(settings)
    service.prepare()
    return service


@pytest.fixture
def open_door(database_url: FreshDatabase, broker_url: str) -> Iterator[tuple[Service, TestClient]]:
    """Placements as `hnb up` runs it: on loopback, and asking for no token."""
    service = build(PlacementsSettings(database_url=database_url("placements"), broker_url=broker_url))
    service.prepare()
    with TestClient(service.asgi(), raise_server_exceptions=False) as client:
        yield service, client


def make(engine: Engine, name: str = "capita-one", *, may: tuple[str, ...] = ("send",),
         authorities: tuple[str, ...] = (LEICESTER,), sources: tuple[str, ...] = ("/capita-one/*",),
         types: tuple[str, ...] = ("*",), good_for: timedelta = DAY, per_second: int | None = None) -> str:  # fmt: skip
    scope = Scope(*map(frozenset, (may, authorities, sources, types)))
    with transaction(engine) as connection:
        token, _ = store.new(connection, Wanted(name, scope, datetime.now(UTC) + good_for, per_second))
    return token


def revoke(engine: Engine, token: str) -> None:
    with transaction(engine) as connection:
        assert store.revoke(connection, store.short_id(token_hash(token)))


def bearing(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def post(door: TestClient, token: str, body: Any) -> Any:
    media = MANY if isinstance(body, list) else ONE
    return door.post("/events", content=orjson.dumps(body), headers={"content-type": media, **bearing(token)})


def kept(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.scalars(text("SELECT id FROM inbox")))


def test_a_token_that_was_made_lets_its_bearer_in_at_once(service: Service, door: TestClient) -> None:
    assert post(door, make(service.engine), made()).status_code == 202


@pytest.mark.parametrize(
    ("header", "challenge"),
    [(None, "Bearer"), ("Basic aG5iOmhuYg==", "Bearer"), ("Bearer hnb_made-up", 'Bearer error="invalid_token"'),
     ("Bearer \xe9", 'Bearer error="invalid_token"')],
)  # fmt: skip
def test_who_shows_no_token_or_an_unknown_one_is_told_to_authenticate(
    door: TestClient, metric: Metric, header: str | None, challenge: str
) -> None:
    headers: list[tuple[str, str | bytes]] = [("content-type", ONE)]
    if header:
        headers.append(("authorization", header.encode("latin-1")))
    answer = door.post("/events", content=orjson.dumps(made()), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith(challenge)
    reasons = ("no token", "unknown token")
    assert sum(metric("hnb_door_refusals_total", {"service": "placements", "reason": r}) for r in reasons) == 1


def test_a_token_ends_on_its_day_and_says_so(service: Service, door: TestClient) -> None:
    old = make(service.engine, good_for=-DAY)
    answer = post(door, old, made())
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


def test_a_revoked_token_lets_nobody_in_within_the_time_that_is_promised(service: Service, door: TestClient) -> None:
    token = make(service.engine)
    assert post(door, token, made()).status_code == 202
    revoke(service.engine, token)
    until(lambda: post(door, token, made()).status_code == 401, patience=REFRESH_SECONDS + 1)
    assert "revoked" in post(door, token, made()).json()["detail"]


def test_a_token_is_changed_without_a_moment_in_which_none_is_good(service: Service, door: TestClient) -> None:
    first = make(service.engine)
    assert post(door, first, made()).status_code == 202
    second = make(service.engine)
    assert post(door, second, made()).status_code == 202
    assert post(door, first, made()).status_code == 202, "both, until every sender has the new one"
    revoke(service.engine, first)
    until(lambda: post(door, first, made()).status_code == 401, patience=REFRESH_SECONDS + 1)
    assert post(door, second, made()).status_code == 202


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"authority": BIRMINGHAM}, "authority"), ({"source": "/liquidlogic/leicester"}, "source"),
     ({"type": "hnb.ehcp-issued.v1", "data": issued("P-1")["data"]}, "type")],
)  # fmt: skip
def test_an_event_outside_its_tokens_scope_is_refused_naming_what_is_outside(
    service: Service, door: TestClient, changed: Json, field: str
) -> None:
    token = make(service.engine, types=("placement",))
    inside = made()
    answer = post(door, token, inside | changed)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]
    assert not kept(service.engine)
    assert post(door, token, inside).status_code == 202, "its id was not used up"


def test_in_a_batch_only_what_is_outside_the_scope_is_refused(
    service: Service, door: TestClient, metric: Metric
) -> None:
    token = make(service.engine, types=("hnb.placement-made.v1",))
    good, also_good = made("PL-1"), made("PL-2")
    elsewhere, plan = made("PL-3", authority=BIRMINGHAM), issued("P-1")
    wrong = {**made("PL-4"), "data": {}}
    answer = post(door, token, [good, elsewhere, plan, wrong, also_good, good])
    assert answer.status_code == 207
    assert [r["status"] for r in answer.json()] == [
        "accepted", "forbidden", "forbidden", "refused", "accepted", "duplicate",
    ]  # fmt: skip
    assert [e["field"] for e in answer.json()[1]["errors"]] == ["authority"]
    assert kept(service.engine) == {good["id"], also_good["id"]}
    labels = {"service": "placements", "type": "hnb.ehcp-issued.v1", "outcome": "forbidden"}
    assert metric("hnb_events_total", labels) == 1


def test_nobody_withdraws_what_another_source_said(service: Service, door: TestClient) -> None:
    token = make(service.engine)
    theirs = made("PL-1", source="/liquidlogic/leicester")
    ours = made("PL-2")
    answer = post(door, token, [withdrawn(theirs), withdrawn(ours)])
    assert [r["status"] for r in answer.json()] == ["forbidden", "accepted"]
    assert [e["field"] for e in answer.json()[0]["errors"]] == ["data.withdrawn_source"]


def test_a_token_reads_what_it_is_for_and_nothing_else(service: Service, door: TestClient) -> None:
    sends, reads = make(service.engine), make(service.engine, may=("read",))

    def ask(path: str, token: str) -> int:
        return int(door.get(path, headers=bearing(token)).status_code)

    assert ask(f"/waiting?authority={LEICESTER}", reads) == 200
    assert ask(f"/waiting?authority={LEICESTER}", sends) == 403
    for of_all in ("", "?authority=", f"?authority={LEICESTER}&authority=", f"?authority=&authority={LEICESTER}"):
        assert ask(f"/waiting{of_all}", reads) == 403, of_all
    assert ask(f"/waiting?authority={BIRMINGHAM}", reads) == 403
    assert ask(f"/waiting?authority={LEICESTER}&authority={BIRMINGHAM}", reads) == 403
    assert ask("/openapi.json", sends) == 200, "how to send is for every sender"
    assert post(door, reads, made()).status_code == 403


def test_what_holds_pseudonyms_is_for_tokens_that_may_read_records(service: Service, door: TestClient) -> None:
    reads, compares = make(service.engine, may=("read",)), make(service.engine, may=("records",))
    ours, theirs = made(), made(authority=BIRMINGHAM)
    other = made(source="/liquidlogic/leicester")
    post(door, OPERATORS, [ours, theirs, other])

    def ask(path: str, token: str) -> int:
        return int(door.get(path, headers=bearing(token)).status_code)

    facts = f"/register?kind=placement&authority={LEICESTER}"
    assert (ask(facts, compares), ask(facts, reads)) == (200, 403)
    assert ask(facts.replace(LEICESTER, BIRMINGHAM), compares) == 403
    mine = f"/events//capita-one/leicester/{ours['id']}"
    assert (ask(mine, compares), ask(mine, reads)) == (200, 403)
    assert ask(f"/events//capita-one/leicester/{theirs['id']}", compares) == 404, "nor whether there is one"
    assert ask(f"/events//liquidlogic/leicester/{other['id']}", compares) == 404
    many = f"/events?authority={LEICESTER}&source=/capita-one/leicester&id={ours['id']}"
    assert (ask(many, compares), ask(many, reads)) == (200, 403)
    assert ask(many.replace("capita-one", "liquidlogic"), compares) == 403
    assert ask(many.replace(LEICESTER, BIRMINGHAM), compares) == 403


def test_a_token_for_sending_and_reading_manages_nothing(service: Service, door: TestClient) -> None:
    token = make(service.engine, may=("send", "read"))
    for path in ("/tariff", "/events/x", "/anything"):
        assert door.post(path, json={}, headers=bearing(token)).status_code == 403
    manager = make(service.engine, may=("manage",))
    prices = [{"academic_year": 2025, "provision": "special", "amount_pence": 3_350_000, "per": "year"}]
    for authority, status in ((BIRMINGHAM, 403), ("", 403), (LEICESTER, 201)):
        asked = {"authority": authority, "author": "A. Officer"}
        assert door.post("/tariff", json=prices, params=asked, headers=bearing(manager)).status_code == status


def test_what_was_set_aside_is_for_operators_and_the_journal_for_whoever_manages_a_council(
    service: Service, door: TestClient
) -> None:
    of_leicester = make(service.engine, may=("send", "read", "records", "manage"))
    for path in ("/dead-letters", "/dead-letters/1"):
        assert door.get(path, headers=bearing(of_leicester)).status_code == 403
        assert door.get(f"{path}?authority={LEICESTER}", headers=bearing(of_leicester)).status_code == 403
    for path in ("/dead-letters/1/replay", "/conditions/replay"):
        assert door.post(path, json={"by": "x"}, headers=bearing(of_leicester)).status_code == 403
    assert door.get("/dead-letters", headers=bearing(OPERATORS)).status_code == 200
    assert door.get("/dead-letters/1", headers=bearing(OPERATORS)).status_code == 404
    for authority, status in ((LEICESTER, 200), (BIRMINGHAM, 403), ("", 403)):
        asked = {"authority": authority}
        assert door.post("/journal/replay", params=asked, headers=bearing(of_leicester)).status_code == status
        assert door.get("/journal", params=asked, headers=bearing(of_leicester)).status_code == status


def test_the_operators_own_token_is_held_to_no_scope(service: Service, door: TestClient) -> None:
    assert post(door, OPERATORS, made(authority=BIRMINGHAM, source="/anything")).status_code == 202
    assert door.get("/waiting", headers=bearing(OPERATORS)).status_code == 200


def test_an_open_door_lets_in_who_shows_no_token_and_holds_who_shows_one_to_it(
    open_door: tuple[Service, TestClient],
) -> None:
    service, door = open_door
    token = make(service.engine, types=("placement",))
    plan = orjson.dumps(issued("P-1"))
    assert post(door, token, issued("P-1")).status_code == 403
    assert post(door, "made-up", issued("P-1")).status_code == 401
    assert door.post("/events", content=plan, headers={"content-type": ONE}).status_code == 202


def test_the_token_itself_is_kept_nowhere(
    service: Service, door: TestClient, servers: Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    token = make(service.engine, types=("placement",))
    for body in (made(), issued("P-1"), [made(), "nonsense"]):
        post(door, token, body)
    post(door, token + "x", made())
    door.get(f"/waiting?authority={LEICESTER}", headers=bearing(token))
    assert token not in capsys.readouterr().out
    with reading(service.engine) as connection:
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        assert "tokens" in tables
        for table in tables:
            rows = connection.execute(text(f'SELECT t::text FROM "{table}" t')).scalars()
            assert not any(token in row or token.removeprefix("hnb_") in row for row in rows), table


def test_when_a_token_was_last_used_is_kept(service: Service, door: TestClient) -> None:
    token, idle = make(service.engine), make(service.engine, "idle")
    before = datetime.now(UTC)
    post(door, token, made())
    next(loop for loop in service.loops if loop.name == "token use").wake()

    def used() -> dict[str, datetime | None]:
        with reading(service.engine) as connection:
            return {one["id"]: one["last_used_at"] for one in store.listed(connection)}

    until(lambda: used()[store.short_id(token_hash(token))])
    last = used()[store.short_id(token_hash(token))]
    assert last is not None
    assert before <= last <= datetime.now(UTC)
    assert used()[store.short_id(token_hash(idle))] is None


def test_while_the_database_is_away_a_good_token_is_not_called_bad(
    service: Service, door: TestClient, servers: Servers
) -> None:
    token, name = make(service.engine), service.engine.url.database
    assert name is not None
    with psycopg.connect(servers.database.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert post(door, token, made()).status_code == 503
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
    until(lambda: post(door, token, made()).status_code == 202)


def test_a_flood_of_made_up_tokens_hardly_reaches_the_database(service: Service) -> None:
    reads: list[str] = []
    engine = connect(service.engine.url.render_as_string(hide_password=False), "test")
    listen(engine, "before_cursor_execute", lambda *given: reads.append(given[2]))
    roll, real = Roll(engine, None), make(service.engine)

    async def flood() -> float:
        began = time.monotonic()
        for wave in range(3):
            guesses = [roll.find(token_hash(f"made-up-{wave}-{number}")) for number in range(300)]
            assert not any(await asyncio.gather(*guesses))
        assert await roll.find(token_hash(real)), "and the good one is found among them"
        return time.monotonic() - began

    took = asyncio.run(flood())
    engine.dispose()
    assert 3 <= sum("FROM tokens" in statement for statement in reads) <= 2 + took / LOOK_SECONDS


def test_only_a_guarded_door_listens_beyond_this_machine() -> None:
    given = {"database_url": "postgresql://p:p@h/p", "broker_url": "redis://h", "host": "0.0.0.0"}
    with pytest.raises(ValidationError, match="loopback only"):
        PlacementsSettings.model_validate(given)
    assert PlacementsSettings.model_validate({**given, "require_tokens": True}).guarded


def test_tokens_are_made_listed_and_revoked_by_command(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    url = service.engine.url.render_as_string(hide_password=False)

    def command(*arguments: str) -> tuple[int, str, str]:
        status = run(arguments, "tokens", lambda: url)
        said = capsys.readouterr()
        return status, said.out.strip(), said.err

    status, token, told = command(
        "new", "capita-one", "--authority", LEICESTER, "--source", "/capita-one/*", "--type", "ehcp", "--type",
        "placement-made", "--may", "send", "--may", "read", "--days", "30", "--events-per-second", "50",
    )  # fmt: skip
    assert status == 0
    assert token.startswith("hnb_")
    assert len(token.removeprefix("hnb_")) == 43, "256 bits"
    assert token not in told
    (listed,) = json.loads(command("list", "--json")[1])
    assert (listed["name"], listed["authorities"], listed["rights"]) == ("capita-one", [LEICESTER], ["read", "send"])
    assert listed["types"] == ["ehcp", "hnb.placement-made.v1"]
    assert hashlib.sha256(token.encode()).hexdigest().startswith(listed["id"])
    good = datetime.fromisoformat(listed["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=29) < good <= timedelta(days=30)
    assert token not in json.dumps(listed)
    assert command("revoke", listed["id"])[0] == 0
    assert "revoked" in command("list")[1]
    status, _, told = command("revoke", "abcdef")
    assert (status, "abcdef" in told) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [["new", "x", "--source", "any"], ["new", "x", "--authority", LEICESTER], ["new", "two words", "--authority", "any",
     "--source", "any"], ["new", "x", "--authority", "Leicester", "--source", "any"], ["new", "x", "--authority", "any",
     "--source", "a*b"], ["new", "x", "--authority", "any", "--source", "any", "--type", "placement-mde"], ["new", "x",
     "--authority", "any", "--source", "any", "--days", "0"], ["new", "x", "--authority", "any", "--source", "any",
     "--may", "rule"], ["revoke"], []],
)  # fmt: skip
def test_a_token_asked_for_wrongly_is_not_made(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments, "tokens", lambda: pytest.fail("the database was opened"))
    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


def test_before_placements_ever_ran_the_command_says_what_is_missing(
    database_url: FreshDatabase, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["list"], "tokens", lambda: database_url("placements")) == 1
    assert "start placements once" in capsys.readouterr().err


def test_a_token_of_every_right_does_what_the_operators_does(service: Service, door: TestClient) -> None:
    token = make(service.engine, may=RIGHTS, authorities=("*",), sources=("*",))
    assert post(door, token, made(authority=BIRMINGHAM)).status_code == 202
    assert door.get("/waiting", headers=bearing(token)).status_code == 200
    assert door.post("/nowhere", headers=bearing(token)).status_code == 404
