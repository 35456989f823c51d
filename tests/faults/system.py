"""The whole system under test: started as `hnb up` starts it, fed through its door, killed, and held to the truth."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import psycopg

from hnb.calendar import financial_year, year_end
from hnb_local.stack import Stack
from ledger.settings import DEFAULT_PRICE, DEFAULT_PRICES, HORIZON_YEARS
from tests.cases import Json, made, yearly
from tests.faults.officers import patiently
from tests.ledger.naive_books import Figures, books

HNB = str(Path(sys.executable).with_name("hnb"))
BATCH = {"content-type": "application/cloudevents-batch+json"}
PATIENCE_SECONDS = 240.0
PROBES = "E99999999"  # the authority at which it is asked whether events are processed again
SERVICES = ("placements", "ledger", "alerts")
DEFAULTS: Mapping[str, int] = {str(line): DEFAULT_PRICES.get(line, DEFAULT_PRICE) for line in DEFAULT_PRICES}

UNSAID = """
    SELECT count(*) FROM balances b LEFT JOIN said s USING (authority, financial_year, line)
    WHERE b.version > coalesce(s.version, 0)
"""
_UNFINISHED: dict[str, str] = {
    "placements": "SELECT count(*) FROM outbox",
    "ledger": f"""
        SELECT (SELECT count(*) FROM stale) + (SELECT count(*) FROM outbox)
            + ({UNSAID})
            + (SELECT count(*) FROM withdrawals w JOIN inbox i ON i.source = w.target_source AND i.id = w.target_id
                AND i.authority = w.authority WHERE NOT w.applied)
    """,
    "alerts": "SELECT count(*) FROM outbox",
}
_LINES = "SELECT authority, financial_year, {}, version FROM {}"


class System:
    """Servers and services, durable, with a supervisor that starts again what dies; up while in the context.

    Whatever `post` was answered 2xx for is remembered, and `assert_true` holds the system to exactly that.
    """

    def __init__(self, path: Path, rng: random.Random, **stack: Any) -> None:
        self.rng = rng
        self._seed = rng.getrandbits(40)
        self.path = path
        self.stack = Stack(path, say=print, **stack)
        self.door = ""  # where events are posted, when not straight at placements
        self.answered: dict[tuple[str, str], Json] = {}
        self.now: Callable[[], datetime] = partial(datetime.now, UTC)  # as the services' clocks have it
        self._lock = threading.Lock()
        self._exits = ExitStack()
        self._probes = 0

    def __enter__(self) -> Self:
        self._exits.enter_context(self.stack)
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def ask(self, service: str, statement: str, *binds: object) -> list[tuple[Any, ...]]:
        """Rows of a service's database, as soon as it is there to ask."""

        def asked() -> list[list[tuple[Any, ...]]]:
            with psycopg.connect(self.stack.database_urls[service], connect_timeout=5) as connection:
                answer = connection.execute(statement.encode(), binds or None)
                return [answer.fetchall() if answer.description else []]

        return patiently(asked, f"{service}'s database", PATIENCE_SECONDS)[0]

    def post(self, events: Sequence[Json], most: int = 200) -> None:
        """Send events in batches of any size up to `most`, each again and again until it is answered 2xx."""
        sizes = random.Random(f"{len(events)} {most} {self._seed}")  # its own: others draw from `rng` meanwhile
        with httpx.Client(base_url=self.door or self.stack.urls["placements"], headers=BATCH, timeout=15) as door:
            rest = list(events)
            while rest:
                size = sizes.randint(1, most)
                self._send(door, rest[:size])
                rest = rest[size:]

    def _send(self, door: httpx.Client, batch: list[Json]) -> None:
        def sent() -> list[Json]:
            answer = door.post("/events", json=batch)
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                return []
            assert answer.is_success, f"{answer.status_code}: {answer.text[:1000]}"
            return list(answer.json())

        receipts = patiently(sent, "the door", PATIENCE_SECONDS)
        assert {receipt["status"] for receipt in receipts} <= {"accepted", "duplicate"}, receipts
        self.expect(batch)

    def expect(self, events: Sequence[Json]) -> None:
        """These are the system's to keep: its door has answered for them, or its intake stream has them."""
        with self._lock:
            self.answered |= {(event["source"], event["id"]): event for event in events}

    @contextmanager
    def posting(self, events: Sequence[Json], most: int = 200) -> Iterator[threading.Thread]:
        """Events are posted meanwhile; all of them are answered when this is left."""
        failed: list[BaseException] = []

        def run() -> None:
            try:
                self.post(events, most)
            except BaseException as error:
                failed.append(error)

        poster = threading.Thread(target=run)
        poster.start()
        try:
            yield poster
        finally:
            poster.join()
        if failed:
            raise failed[0]

    def kill(self, name: str) -> None:
        """SIGKILL a server or a service, and gone when this returns. Its supervisor starts it again."""
        victim = self.running(name)
        victim.send_signal(signal.SIGKILL)
        patiently(lambda: not _lives(victim), f"the end of {name}")

    def running(self, name: str) -> psutil.Process:
        """The process of this name, once there is one."""

        def found() -> psutil.Process | None:
            try:
                process = psutil.Process(self.stack.processes[name])
                return process if process.ppid() == os.getpid() and _lives(process) else None
            except psutil.NoSuchProcess:
                return None

        process = patiently(found, f"{name} to run", PATIENCE_SECONDS)
        assert process is not None
        return process

    def wait_until_processing(self) -> float:
        """Post one more event and wait until the ledger answers for it; the seconds that took."""
        began = time.monotonic()
        self._probes += 1
        placement = f"PROBE-{self._probes}"
        event = made(placement, yearly(self._probes), end="2026-03-31", child=placement, authority=PROBES)
        self.post([event])
        query = {"authority": PROBES}
        with httpx.Client(base_url=self.stack.urls["ledger"], timeout=5) as ledger:
            patiently(
                lambda: ledger.get(f"/commitments/{placement}", params=query).status_code == httpx.codes.OK,
                f"{placement} in the ledger", PATIENCE_SECONDS,
            )  # fmt: skip
        return time.monotonic() - began

    def wait_until_settled(self) -> None:
        """Everything answered is in the books, and everything the books say has been heard."""
        self.stack.wait_until_ready()
        patiently(
            lambda: self.ask("ledger", "SELECT count(*) FROM inbox")[0][0] >= len(self.answered),
            "every event in the ledger", PATIENCE_SECONDS,
        )  # fmt: skip
        patiently(lambda: not self.unfinished(), "everything to settle", PATIENCE_SECONDS)

    def unfinished(self) -> dict[str, int]:
        """By service, what waits to be decided, said or heard."""
        found = {service: self.ask(service, statement)[0][0] for service, statement in _UNFINISHED.items()}
        return {service: waiting for service, waiting in found.items() if waiting}

    def assert_true(self) -> None:
        """Nothing answered 2xx is lost, nothing is doubled, and every figure is what the events come to."""
        for service in ("placements", "ledger"):
            kept = {(source, id) for source, id in self.ask(service, "SELECT source, id FROM inbox")}
            assert len(kept) == self.ask(service, "SELECT count(*) FROM inbox")[0][0]
            assert kept == set(self.answered), f"{service}: {len(set(self.answered) - kept)} lost"
        for service in SERVICES:
            assert not self.ask(service, "SELECT stream, reason FROM dead_letters LIMIT 5"), service
        self.assert_figures()
        assert sorted(self.ask("alerts", _LINES.format("scope", "lines"))) == sorted(
            self.ask("ledger", _LINES.format("line", "balances"))
        ), "alerts have not heard the last of every line"
        verified = subprocess.run(
            [HNB, "verify", "--database-url", self.stack.database_urls["ledger"]],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def assert_figures(self) -> None:
        """Every position is what the events answered 2xx come to, as a naive ledger has it."""
        horizon = year_end(financial_year(self.now().date()) + HORIZON_YEARS - 1)
        found = self._figures()
        events: dict[str, list[Json]] = {}
        for event in self.answered.values():
            events.setdefault(event["authority"], []).append(event)
        for authority, of in events.items():
            assert found.get(authority, {}) == _naive(of, horizon), authority

    def _figures(self) -> dict[str, Figures]:
        """Every position of every authority as the ledger answers it, in the naive model's shape."""
        answer: dict[str, Figures] = {}
        years = self.ask("ledger", "SELECT DISTINCT authority, financial_year FROM balances WHERE line <> 'total'")
        with httpx.Client(base_url=self.stack.urls["ledger"], timeout=30) as ledger:
            for authority, year in years:
                query = {"authority": authority, "financial_year": year}
                lines = ledger.get("/positions", params=query).raise_for_status().json()["lines"]
                for line in lines:
                    some = {
                        "budget": line["budget_pence"],
                        "priced": line["committed_pence"] + line["spent_pence"] - line["provisional_pence"],
                        "provisional": line["provisional_pence"],
                        "spent": line["spent_pence"],
                    }
                    if some := {kind: pence for kind, pence in some.items() if pence}:
                        answer.setdefault(authority, {})[year, line["provision"]] = some
        return answer


def _naive(events: list[Json], horizon: date) -> Figures:
    return books(events, horizon, dict(DEFAULTS))


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
