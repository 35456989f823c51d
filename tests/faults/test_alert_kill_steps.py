"""Alerts killed on purpose at each step between a position and a receipt: told once, or twice where that is declared.

Each step is held open by something real (a lock on a table, a mail server that does not answer, a broker that stands
still), so that the kill falls inside it and not near it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from tests.alerts.given import body, said
from tests.alerts.mailbox import text_of
from tests.conftest import FreshDatabase, Servers
from tests.faults.officers import AlertsProcess, Officers, patiently

SPECIAL = "E06000016-2025-line-budget-special-1"
_LEASES_END = "UPDATE deliveries SET due_at = clock_timestamp() WHERE state = 'queued'"
_STUCK = """
    SELECT count(*) > 0 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE %s
"""


@dataclass
class Desk:
    """An officer's mailbox, the alerts service, and the servers it stands on."""

    alerts: AlertsProcess
    officers: Officers
    servers: Servers
    url: str

    def hear(self) -> None:
        """A line of £1,000.00 reaches 95% of its budget."""
        with redis.Redis.from_url(self.servers.broker.url) as client:
            client.xadd("position", {"event": body(said(1, committed_pence=95_000, drivers=[("PL-1042", 95_000)]))})

    def ask(self, statement: str, *binds: str) -> Any:
        with psycopg.connect(self.url) as connection:
            answer = connection.execute(statement, binds)
            row = answer.fetchone() if answer.description else None
            return row[0] if row else None

    def wait_until(self, statement: str, *binds: str) -> None:
        patiently(lambda: self.ask(statement, *binds), statement)

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody writes to this table meanwhile; whoever tries waits."""
        with psycopg.connect(self.url) as connection:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
            yield
            connection.rollback()

    @contextmanager
    def broker_stands_still(self) -> Iterator[None]:
        child = self.servers.broker.child
        assert child is not None
        os.kill(child.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(child.pid, signal.SIGCONT)


@pytest.fixture
def desk(servers: Servers, broker_url: str, database_url: FreshDatabase, tmp_path: Path) -> Iterator[Desk]:
    url = database_url("alerts")
    with Officers() as officers:
        settings = {"HNB_ALERT_URLS": officers.url("finance@leicester.example")}
        alerts = AlertsProcess(url, broker_url, tmp_path / "alerts.log", **settings)
        alerts.start()
        try:
            yield Desk(alerts, officers, servers, url)
        finally:
            officers.hold_before = officers.hold_after = False
            alerts.stop()


def before_it_is_heard(desk: Desk) -> None:
    desk.alerts.kill()
    desk.hear()


def before_the_inbox_is_written(desk: Desk) -> None:
    with desk.locked("inbox"):
        desk.hear()
        desk.wait_until(_STUCK, "COPY inbox%")
        desk.alerts.kill()
    assert not desk.ask("SELECT count(*) FROM inbox")


def before_the_commit(desk: Desk) -> None:
    """Inbox, episode and message are written; what is said of it is not."""
    with desk.locked("outbox"):
        desk.hear()
        desk.wait_until(_STUCK, "INSERT INTO outbox%")
        desk.alerts.kill()
    assert not desk.ask("SELECT count(*) FROM deliveries")


def after_the_commit_before_the_broker_knows(desk: Desk) -> None:
    desk.officers.hold_before = True  # the message itself waits: this is about the position
    with ExitStack() as still:
        with desk.locked("outbox"):
            desk.hear()
            desk.wait_until(_STUCK, "INSERT INTO outbox%")
            still.enter_context(desk.broker_stands_still())
        desk.wait_until("SELECT count(*) FROM inbox")
        desk.alerts.kill()
    with redis.Redis.from_url(desk.servers.broker.url) as client:
        assert client.xpending("position", "alerts")["pending"] == 1
    desk.officers.hold_before = False


def after_the_claim_before_the_mail_server_took_it(desk: Desk) -> None:
    desk.officers.hold_before = True
    desk.hear()
    patiently(lambda: desk.officers.held, "the message to be on its way")
    desk.alerts.kill()
    assert not desk.officers.received
    desk.officers.hold_before = False


def after_the_mail_server_took_it_before_its_answer(desk: Desk) -> None:
    desk.officers.hold_after = True
    desk.hear()
    patiently(lambda: desk.officers.held, "the message to be taken")
    desk.alerts.kill()
    desk.officers.hold_after = False


def after_the_answer_before_the_receipt(desk: Desk) -> None:
    desk.officers.hold_after = True
    desk.hear()
    patiently(lambda: desk.officers.held, "the message to be taken")
    with desk.locked("deliveries"):
        desk.officers.hold_after = False
        desk.wait_until(_STUCK, "%UPDATE deliveries SET state = 'sent'%")
        desk.alerts.kill()


def after_the_receipt(desk: Desk) -> None:
    desk.hear()
    desk.wait_until("SELECT count(*) FROM deliveries WHERE state = 'sent'")
    desk.alerts.kill()


STEPS: list[tuple[Callable[[Desk], None], int]] = [
    (before_it_is_heard, 1),
    (before_the_inbox_is_written, 1),
    (before_the_commit, 1),
    (after_the_commit_before_the_broker_knows, 1),
    (after_the_claim_before_the_mail_server_took_it, 1),
    (after_the_mail_server_took_it_before_its_answer, 2),  # the declared repeat: whether it was taken, nobody can know
    (after_the_answer_before_the_receipt, 2),  # the declared repeat
    (after_the_receipt, 1),
]


@pytest.mark.parametrize(("kill", "copies"), STEPS, ids=[kill.__name__ for kill, _ in STEPS])
def test_a_kill_at_this_step_loses_nothing_and_repeats_only_what_is_declared(
    desk: Desk, kill: Callable[[Desk], None], copies: int
) -> None:
    kill(desk)
    desk.ask(_LEASES_END)  # the two minutes after which what a dead process had in hand is taken up
    desk.alerts.start()
    desk.wait_until("SELECT count(*) FROM deliveries WHERE state = 'sent'")
    alert = desk.alerts.alert(SPECIAL)
    assert [step["change"] for step in alert["transitions"]] == ["opened"]
    (receipt,) = alert["deliveries"]
    assert [reference for _, _, reference in desk.officers.came] == [receipt["reference"]] * copies
    assert len(set(map(text_of, desk.officers.received))) == 1
    assert desk.ask("SELECT count(*) = 1 FROM inbox")
