"""One service held still at a chosen step by something real: a lock on a table, its own lock, a stopped process."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg
import redis

from hnb.outbox import RELAY_LOCK
from tests.cases import Json
from tests.faults.administrator import administrators_url
from tests.faults.officers import patiently
from tests.faults.system import System

_STUCK = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE '{}'
"""
_HOLD = """
    CREATE OR REPLACE FUNCTION wait_for_test() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(1);
        RETURN NULL;
    END $$;
    DROP TRIGGER IF EXISTS held_by_test ON {table};
    CREATE CONSTRAINT TRIGGER held_by_test AFTER {change} ON {table} DEFERRABLE INITIALLY {when}
    FOR EACH ROW EXECUTE FUNCTION wait_for_test()
"""
IN_INBOX = "SELECT count(*) FROM inbox WHERE id = %s"


@dataclass
class Place:
    """One service of the system, held still where it is to be killed, and the event that brings it there."""

    system: System
    service: str
    victim: str
    event: Json

    def ask(self, statement: str, *binds: object) -> Any:
        return self.system.ask(self.service, statement, *binds)[0][0]

    def wait_until(self, statement: str, *binds: object) -> None:
        patiently(lambda: self.ask(statement, *binds), statement)

    def wait_until_stuck(self, query: str) -> None:
        self.wait_until(_STUCK.format(query))

    def kill(self) -> None:
        self.system.kill(self.victim)

    def is_on_record(self) -> bool:
        return bool(self.ask(IN_INBOX, self.event["id"]))

    def wait_until_on_record(self) -> None:
        self.wait_until(IN_INBOX, self.event["id"])

    def hear(self) -> None:
        """The event comes on the stream this service hears: by way of the door, or where outsiders write."""
        if self.service == "ledger":
            self.system.post([self.event])
            return
        with redis.Redis.from_url(self.system.stack.broker_url) as client:
            body = orjson.dumps(self.event)
            patiently(lambda: client.xadd("case-intake", {"event": body}), "the broker")
        self.system.expect([self.event])

    def pending(self, stream: str, group: str) -> int:
        """Entries this group was given, or is yet to be given, and has not acknowledged."""
        with redis.Redis.from_url(self.system.stack.broker_url) as client:
            found = next(one for one in client.xinfo_groups(stream) if one["name"] == group.encode())
            return int(found["pending"]) + int(found["lag"] or 0)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        """A transaction of the test's own, rolled back when this is left; the server may have been killed by then."""
        connection = psycopg.connect(administrators_url(self.system.stack, self.service))
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody writes to this table meanwhile; whoever tries waits."""
        with self._connection() as connection:
            connection.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())
            yield

    @contextmanager
    def nothing_is_relayed(self) -> Iterator[None]:
        """As if another replica's relay were at work."""
        with self._connection() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [RELAY_LOCK])
            yield

    @contextmanager
    def stands_still(self, name: str) -> Iterator[None]:
        """This process does not run meanwhile."""
        pid = self.system.running(name).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it was what was killed
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def held(self, table: str, change: str, when: str = "IMMEDIATE") -> Iterator[None]:
        """Who makes such a change waits meanwhile, with the change made; DEFERRED: in the commit itself."""
        with self._connection() as connection:
            connection.execute(_HOLD.format(table=table, change=change, when=when).encode())
            connection.commit()
            connection.execute("SELECT pg_advisory_xact_lock(1)")
            yield
        patiently(lambda: self._let_go(table), f"{self.service}'s database")

    def _let_go(self, table: str) -> bool:
        with self._connection() as connection:
            connection.execute(f"DROP TRIGGER IF EXISTS held_by_test ON {table}".encode())
            connection.commit()
        return True

    @property
    def hearer(self) -> str:
        """Who hears what this service says of the event."""
        return "ledger" if self.service == "placements" else "alerts"
