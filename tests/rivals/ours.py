"""The alerts service as a process over a database and a stream of its own, and a mailbox that keeps what it is sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis

from hnb.events import Held
from hnb_local.servers import Broker, Database
from tests.alerts.given import body, said
from tests.alerts.mailbox import text_of
from tests.faults.officers import AlertsProcess, Officers, patiently

SPECIAL = "E06000016-2025-line-budget-special-1"


@dataclass
class Ours:
    """What the other side of the table is asked of."""

    process: AlertsProcess
    officers: Officers
    broker: str
    database: str
    version: int = 0
    pence: int = field(default=0)

    def line_comes_to(self, pence: int, held_from: date | None = None) -> None:
        """The line of £1,000.00 now comes to so many pence, as PL-1042 moved it."""
        self.version += 1
        moved, self.pence = pence - self.pence, pence
        held = [Held(held_from=held_from, amount_pence=moved)] if held_from else None
        data = said(self.version, committed_pence=pence, drivers=[("PL-1042", moved)], held=held)
        with redis.Redis.from_url(self.broker) as client:
            client.xadd("position", {"event": body(data)})

    def heard(self) -> bool:
        """Whether the newest position is on the service's disk."""
        with psycopg.connect(self.database) as connection:
            return connection.execute("SELECT max(version) FROM lines").fetchall() == [(self.version,)]

    def wait_until_heard(self) -> None:
        patiently(self.heard, "the position to be heard")

    def wait_until_told(self, level: str, patience: float = 60.0) -> str:
        """The text of the first message of this level."""
        return patiently(lambda: next(iter(self.told(level)), ""), f"a message of {level}", patience)

    def told(self, level: str) -> list[str]:
        found = [m for m in list(self.officers.received) if m["subject"].startswith(f"HNB alert, {level}:")]
        return list(map(text_of, found))

    def alert(self) -> dict[str, Any]:
        return self.process.alert(SPECIAL)


def desks(database: Database, broker: Broker, folder: Path) -> Callable[[str, int], Any]:
    """`opened("name", 1)`: a service with an empty database and the broker's stream space of that number."""

    @contextmanager
    def opened(name: str, number: int) -> Iterator[Ours]:
        with psycopg.connect(database.admin_url, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name} OWNER alerts".encode())
        url = urlsplit(database.urls["alerts"])._replace(path=f"/{name}").geturl()
        stream = urlsplit(broker.url)._replace(path=f"/{number}").geturl()
        with Officers() as officers:
            settings = {"HNB_ALERT_URLS": officers.url("finance@leicester.example")}
            process = AlertsProcess(url, stream, folder / f"{name}.log", **settings)
            try:
                process.start()
                yield Ours(process, officers, stream, url)
            finally:
                officers.hold_before = officers.hold_after = False
                process.stop()

    return opened
