"""An empty alerts database, an officer's mailbox, and the alerts service as a real process."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import redis

from hnb.events import PositionChanged
from hnb_local.processes import free_ports
from tests.alerts.given import Desk, body
from tests.alerts.mailbox import Mailbox
from tests.conftest import FreshDatabase

READY_SECONDS = 30
T = TypeVar("T")


@pytest.fixture
def desk(database_url: FreshDatabase) -> Iterator[Desk]:
    opened = Desk(database_url("alerts"), ["finance@leicester.example by mail"])
    yield opened
    opened.close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as opened:
        yield opened


@dataclass
class Running:
    """The service as a process, and the stream it hears."""

    process: subprocess.Popen[bytes]
    http: httpx.Client
    broker: Any  # redis-py types every answer as several things at once

    def hear(self, *changes: PositionChanged) -> None:
        for data in changes:
            self.broker.xadd("position", {"event": body(data)})

    def wait_for_alert(self, state: str = "open", count: int = 1) -> list[dict[str, object]]:
        def found() -> list[dict[str, object]]:
            listed: list[dict[str, object]] = self.http.get("/alerts", params={"state": state}).json()["alerts"]
            return listed if len(listed) >= count else []

        return wait_until(found)


def wait_until(found: Callable[[], T]) -> T:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("waited in vain")


Start = Callable[..., Running]


@pytest.fixture
def start(database_url: FreshDatabase, broker_url: str, tmp_path: Path) -> Iterator[Start]:
    """`start(HNB_ALERT_URLS=...)`: the service up and ready; again after a kill it finds the same database."""
    database = database_url("alerts")
    with ExitStack() as exits:
        yield lambda **given: exits.enter_context(_running(database, broker_url, tmp_path / "alerts.log", given))


@contextmanager
def _running(database: str, broker: str, log: Path, given: dict[str, str]) -> Iterator[Running]:
    port = free_ports(1)[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HNB_")}
    environment |= {"HNB_DATABASE_URL": database, "HNB_BROKER_URL": broker, "HNB_PORT": str(port)} | given
    with log.open("ab") as out, ExitStack() as exits:
        process = subprocess.Popen([sys.executable, "-P", "-m", "alerts"], env=environment, stdout=out, stderr=out)
        exits.callback(process.wait)
        exits.callback(process.terminate)
        http = exits.enter_context(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10))
        client = exits.enter_context(redis.Redis.from_url(broker))

        def ready() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return http.get("/health/ready").status_code == httpx.codes.OK
            except httpx.TransportError:
                return False

        wait_until(ready)
        yield Running(process, http, client)
