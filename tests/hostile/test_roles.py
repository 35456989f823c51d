"""What each service may do at the two servers, and what it is refused there, in the system as `hnb up` starts it."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
import redis
from psycopg import errors
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from hnb.broker import FAMILY_STREAMS
from hnb_local.broker_users import HEARS, SAYS
from hnb_local.folder import SERVICES
from hnb_local.stack import Stack
from tests.cases import budget, event, made, yearly
from tests.journeys.waiting import until

STREAMS = {*FAMILY_STREAMS, "case-intake", "position", "condition", "alert", "dead-letter"}
BEYOND = [
    "DEL {}", "XDEL {} 0-1", "XGROUP DESTROY {} any", "XGROUP SETID {} any 0", "RENAME {} other", "EXPIRE {} 1",
    "COPY {} other", "XREAD STREAMS {} 0", "XSETID {} 0-1",
]  # fmt: skip
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture(scope="module", autouse=True)
def worked(stack: Stack) -> None:
    """The whole road was travelled: an alert that was said, out of events that came in at both doors."""
    events = [budget("special", 30_000), made("PL-1", yearly(66_500), start="2025-11-03")]
    answer = httpx.post(f"{stack.urls['placements']}/events", json=events, headers=BATCH, timeout=20)
    assert answer.status_code == 200, answer.text
    with broker(stack.broker_url) as admin:
        admin.xadd("case-intake", {"event": "no event at all"})
        said = ("placement", "position", "alert", "dead-letter")
        until(lambda: all(admin.xlen(stream) for stream in said), patience=90)


@contextmanager
def broker(url: str) -> Iterator[Any]:
    with redis.Redis.from_url(url) as client:
        yield client


def refused(stack: Stack, service: str, statement: str) -> None:
    url = stack.database_urls[service]
    with psycopg.connect(url, autocommit=True) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE inbox",
        "ALTER TABLE inbox DISABLE TRIGGER inbox_append_only",
        "ALTER TABLE inbox DISABLE TRIGGER ALL",
        "DROP TRIGGER inbox_append_only ON inbox",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica",
        "ALTER TABLE outbox ADD COLUMN more text",
        "TRUNCATE outbox",
        "CREATE TABLE mine (n int)",
        "CREATE TEMP TABLE mine (n int)",
        "CREATE SCHEMA mine",
        "CREATE ROLE intruder SUPERUSER",
        "CREATE DATABASE mine",
        "SET ROLE {service}_owner",
        "SET ROLE postgres",
        "GRANT placements_owner TO CURRENT_USER",
        "ALTER ROLE CURRENT_USER CREATEDB",
        "COPY inbox TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT * FROM pg_authid",
    ],
)
def test_a_service_reads_and_writes_rows_and_changes_nothing_else(stack: Stack, service: str, statement: str) -> None:
    refused(stack, service, statement.format(service=service))


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("verb", ["UPDATE inbox SET body = ''", "DELETE FROM inbox"])
def test_no_service_edits_an_event_it_accepted(stack: Stack, service: str, verb: str) -> None:
    with psycopg.connect(stack.database_urls[service]) as connection, pytest.raises(errors.RestrictViolation):
        connection.execute(verb.encode())


@pytest.mark.parametrize("table", ["postings", "balance_history", "seals"])
def test_the_ledger_edits_nothing_of_its_journal(stack: Stack, table: str) -> None:
    with psycopg.connect(stack.database_urls["ledger"]) as connection, pytest.raises(errors.RestrictViolation):
        connection.execute(f"DELETE FROM {table}".encode())
    refused(stack, "ledger", f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    refused(stack, "ledger", f"TRUNCATE {table}")


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_enters_anothers_database(stack: Stack, service: str) -> None:
    mine = urlsplit(stack.database_urls[service])
    for other in {*SERVICES} - {service}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(mine._replace(path=f"/{other}").geturl())


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_role_is_nobodys_member_and_has_no_powers(stack: Stack, service: str) -> None:
    with psycopg.connect(stack.database_urls[service]) as connection:
        powers = connection.execute(
            "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        others = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname <> current_user AND pg_has_role(current_user, oid, 'MEMBER')"
        ).fetchall()
        owned = connection.execute(
            "SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        ).fetchall()
    assert powers == (False,)
    assert others == []
    assert owned == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_says_and_hears_what_it_hears(stack: Stack, service: str) -> None:
    """On every stream there is: what its work needs goes, and nothing beyond it."""
    with broker(stack.broker_urls[service]) as mine:
        for stream in sorted(STREAMS):
            may_say, may_hear = stream in SAYS[service], stream in HEARS[service]
            allowed(may_say, lambda: mine.xadd(stream, {"event": "{}"}, id="1-1"))  # noqa: B023 - called at once
            allowed(may_say, lambda: mine.xtrim(stream, minid="0-1"))  # noqa: B023
            allowed(may_say, lambda: mine.xrange(stream, count=1))  # noqa: B023
            allowed(may_hear, lambda: mine.xgroup_create(stream, service))  # noqa: B023
            allowed(may_hear, lambda: mine.xack(stream, service, "0-1"))  # noqa: B023
            allowed(may_hear, lambda: mine.xautoclaim(stream, service, "nobody", 10**9))  # noqa: B023
            allowed(may_say or may_hear, lambda: mine.xinfo_groups(stream))  # noqa: B023
            for command in BEYOND:
                with pytest.raises(NoPermissionError):
                    mine.execute_command(*command.format(stream).split())


def allowed(may: bool, ask: Any) -> None:
    """Refused for want of a right where it must be; where it may, the broker's answer is another (or none)."""
    if not may:
        with pytest.raises(NoPermissionError):
            ask()
        return
    try:
        ask()
    except NoPermissionError as error:
        raise AssertionError("what the work needs is refused") from error
    except ResponseError:
        pass  # an id too low, a group that is there: it was let in


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "command",
    ["FLUSHALL", "KEYS *", "SCAN 0", "CONFIG GET requirepass", "ACL LIST", "ACL WHOAMI", "CLIENT LIST", "MONITOR",
     "SHUTDOWN NOSAVE", "LATENCY RESET", "SAVE", "BGREWRITEAOF", "REPLICAOF NO ONE", "EVAL return(1) 0", "INFO clients",
     "SET anything 1", "GET anything", "PUBLISH all 1", "SELECT 1", "FUNCTION LIST", "MODULE LIST"],
)  # fmt: skip
def test_a_service_does_nothing_else_at_the_broker(stack: Stack, service: str, command: str) -> None:
    with broker(stack.broker_urls[service]) as mine, pytest.raises(NoPermissionError):
        mine.execute_command(*command.split())


def test_nobody_gets_in_without_a_name_or_with_anothers_password(stack: Stack) -> None:
    there = urlsplit(stack.broker_url)
    password = there.password
    for credentials in ("", f":{password}@", f"ledger:{password}@", "admin:wrong@", f"default:{password}@"):
        url = f"redis://{credentials}{there.hostname}:{there.port}/0"
        with broker(url) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()


def test_the_services_were_refused_nothing_they_asked_for(stack: Stack) -> None:
    """The broker notes each refusal. Those of these tests are asked by their own connections, which have no name."""
    with broker(stack.broker_url) as admin:
        admin.execute_command("ACL", "LOG", "RESET")
        more = [event("placement-ended", {"placement_id": "PL-1", "end_date": "2026-02-28"})]
        httpx.post(f"{stack.urls['placements']}/events", json=more, headers=BATCH, timeout=20).raise_for_status()
        entries = admin.xlen("position")
        until(lambda: admin.xlen("position") > entries, patience=90)
        stack.wait_until_ready()
        for url in stack.urls.values():
            httpx.get(f"{url}/metrics", timeout=20).raise_for_status()
        assert admin.execute_command("ACL", "LOG") == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_users_are_for_what_each_service_says_and_hears(stack: Stack, service: str) -> None:
    settings = import_module(f"{service}.settings").__dict__[f"{service.title()}Settings"]
    built = import_module(f"{service}.app").build(
        settings(database_url=stack.database_urls[service], broker_url=stack.broker_urls[service])
    )
    assert tuple(built.heard) == HEARS[service]
    assert set(built.said) == set(SAYS[service])
