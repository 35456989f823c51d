"""What is killed, and who is told: the alerts service as a process, servers, a mailbox."""

import os
import re
import subprocess
import sys
import time
from asyncio import sleep
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import psutil
import psycopg
import redis

from hnb_local.processes import Child, free_ports
from tests.alerts.mailbox import Mailbox, text_of

PATIENCE_SECONDS = 60.0
REFERENCE = re.compile(r"Reference (\S+)")
AWAY = (psycopg.Error, redis.RedisError, httpx.TransportError, OSError)  # what a killed server makes its clients see
T = TypeVar("T")


def patiently(found: Callable[[], T], what: str, patience: float = PATIENCE_SECONDS) -> T:
    """The first true answer; a server that is away is asked again."""
    deadline = time.monotonic() + patience
    while True:
        try:
            answer: T | None = found()
        except AWAY as error:
            answer, seen = None, repr(error)[:300]
        else:
            seen = repr(answer)[:300]
        if answer:
            return answer
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for {what}; last seen: {seen}"
        time.sleep(0.02)


class Officers(Mailbox):
    """A mail server that can be made to hold its answers, before or after it took a message."""

    def __init__(self, answer_seconds: Callable[[], float] = lambda: 0.0, port: int | None = None) -> None:
        super().__init__(port)
        self.came: list[tuple[float, str, str]] = []  # when (monotonic), to whom, with which reference
        self.hold_before = self.hold_after = False
        self.held = 0
        self._open = False
        self._answer_seconds = answer_seconds

    def url(self, officer: str) -> str:
        """As of any mailbox, with more patience than Apprise's four seconds: a busy machine is no lost answer."""
        return f"{super().url(officer)}&cto=60&rto=60"

    def __enter__(self) -> Self:
        super().__enter__()
        self._open = True
        return self

    def close(self) -> None:
        """Answer nobody any more; whoever connects is refused."""
        if self._open:
            self._open = False
            super().__exit__()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        await self._hold(lambda: self.hold_before)
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it
        answer = await super().handle_DATA(server, session, envelope)
        found = REFERENCE.search(text_of(self.received[-1]))
        self.came.append((time.monotonic(), envelope.rcpt_tos[0], found.group(1) if found else "none"))
        await self._hold(lambda: self.hold_after)
        await sleep(self._answer_seconds())
        return answer

    async def _hold(self, holding: Callable[[], bool]) -> None:
        self.held += holding()
        while holding():
            await sleep(0.01)


class AlertsProcess:
    """The alerts service as a process, which may be killed and started again over the same database."""

    def __init__(self, database: str, broker: str, log: Path, **settings: str) -> None:
        self.port = free_ports(1)[0]
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10)
        self._log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HNB_")}
        own = {"HNB_DATABASE_URL": database, "HNB_BROKER_URL": broker, "HNB_PORT": str(self.port)}
        self._environment = kept | own | settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it hears and answers."""
        command = [sys.executable, "-P", "-m", "alerts"]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(command, env=self._environment, stdout=out, stderr=out)
        patiently(self._ready, "the alerts service")

    def kill(self) -> None:
        """SIGKILL, and gone when this returns."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End it in good order, if it runs."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self.http.close()

    def _ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._log.read_text()[-2_000:]
        return self.http.get("/health/ready").status_code == httpx.codes.OK

    def alert(self, alert_id: str) -> dict[str, Any]:
        """One alert, with its transitions and deliveries."""
        answer: dict[str, Any] = self.http.get(f"/alerts/{alert_id}").raise_for_status().json()
        return answer

    def all_alerts(self, authority: str = "") -> list[dict[str, Any]]:
        """Every alert there ever was, in the order in which they opened, each with all that happened to it."""
        found: list[dict[str, Any]] = []
        query: dict[str, Any] = {"state": "all", "authority": authority, "limit": 1000}
        while True:
            page = self.http.get("/alerts", params=query).raise_for_status().json()
            found += page["alerts"]
            if page["next"] is None:
                return [self.alert(each["id"]) for each in reversed(found)]
            query["after"] = page["next"]


def kill_server(child: Child) -> None:
    """SIGKILL a server and all it started: nothing of it says goodbye."""
    server = psutil.Process(child.pid)
    victims = [server, *server.children(recursive=True)]
    for victim in victims:
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(victims, timeout=PATIENCE_SECONDS)
    child.stop()  # it is dead; this collects it


def revive(child: Child, answers: Callable[[], object]) -> None:
    """Start a killed server again on its port, as often as it takes, until it answers."""
    child.start()

    def up() -> object:
        if child.exit_status() is not None:
            child.start()
        return answers()

    patiently(up, child.name)
