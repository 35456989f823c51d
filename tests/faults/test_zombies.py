"""Processes that stand still past the moment when others take over, and then go on with what they had in hand."""

import random
import signal
import time
from contextlib import ExitStack, closing

import psutil
import psycopg
import redis
from psycopg.pq import ExecStatus

from hnb.broker import HEARERS
from tests.conftest import scratch_folder
from tests.faults.feed import feed
from tests.faults.officers import patiently
from tests.faults.replica import Replica
from tests.faults.run import LONG, Figures, percentile, times
from tests.faults.system import PATIENCE_SECONDS, System

ZOMBIES = times(3, 100)
EVENTS = times(1_200, 50_000)
# The ledger most of all. What its relay does while it stands still, the others' does too.
WHO = ("ledger", "ledger", "placements", "alerts") if LONG else ("ledger",)
_IN_A_TRANSACTION = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL AND client_port = ANY(%s)
"""


class Town:
    """The system with two more replicas of a service: one that is to stand still, one that takes over soon."""

    def __init__(self, system: System, exits: ExitStack) -> None:
        self.system = system
        self.zombies: dict[str, Replica] = {}
        for service in dict.fromkeys(WHO):
            exits.enter_context(self._replica(service, "heir"))
            self.zombies[service] = exits.enter_context(self._replica(service, "zombie"))

    def _replica(self, service: str, name: str) -> Replica:
        stack = self.system.stack
        log = self.system.path / f"{service}-{name}.log"
        return Replica(service, name, stack.database_urls[service], stack.broker_url, log)

    def in_hand(self, service: str) -> int:
        """On how many streams the zombie of this service has entries that it has not acknowledged."""
        consumer = self.zombies[service].consumer
        streams = [stream for stream, hearers in HEARERS.items() if service in hearers]
        with redis.Redis.from_url(self.system.stack.broker_url) as client:
            return sum(
                bool(client.xpending_range(stream, service, min="-", max="+", count=1, consumername=consumer))
                for stream in streams
            )

    def in_a_transaction(self, service: str) -> bool:
        """Whether the zombie of this service stands still with a transaction open, and locks in it."""
        connections = psutil.Process(self.zombies[service].pid).net_connections()
        ports = [connection.laddr.port for connection in connections]
        return bool(self.system.ask(service, _IN_A_TRANSACTION, ports)[0][0])

    def all_in_the_ledger(self) -> bool:
        return bool(self.system.ask("ledger", "SELECT count(*) FROM inbox")[0][0] >= len(self.system.answered))


def test_who_stands_still_and_goes_on_doubles_nothing(rng: random.Random, figures: Figures) -> None:
    events = feed(rng, EVENTS, times(8, 150))
    with_entries = with_transaction = 0
    took_over: list[float] = []
    with scratch_folder() as path, System(path, rng) as system, ExitStack() as exits:
        town = Town(system, exits)
        for number in range(ZOMBIES):
            service = WHO[number % len(WHO)]
            zombie = psutil.Process(town.zombies[service].pid)
            with system.posting(events[number::ZOMBIES]):
                fall_asleep(town, service, rng)
                zombie.send_signal(signal.SIGSTOP)
                began = time.monotonic()
                with_entries += bool(town.in_hand(service))
                with_transaction += town.in_a_transaction(service)
            patiently(
                lambda: town.all_in_the_ledger() and not town.in_hand(service),  # noqa: B023 - awaited here
                "others to take over", PATIENCE_SECONDS,
            )  # fmt: skip
            took_over.append(time.monotonic() - began)
            zombie.send_signal(signal.SIGCONT)
        system.wait_until_settled()
        system.assert_true()
    figures.add(
        "zombies", f"{ZOMBIES}, {with_entries} with entries in hand, {with_transaction} with a transaction", "100"
    )
    figures.add("zombies, others had taken over", f"p50 {percentile(took_over, 50):.2f} s, most {max(took_over):.2f} s")
    figures.add("zombies, double postings", 0, "0")


def test_who_stands_still_in_the_middle_of_a_copy_with_the_clock_in_hand_holds_nobody_up(rng: random.Random) -> None:
    """No limit of PostgreSQL's ends it: the others do."""
    with scratch_folder() as path, System(path, rng) as system, ExitStack() as exits:
        town = Town(system, exits)
        zombie = exits.enter_context(closing(psycopg.connect(system.stack.database_urls["ledger"])))
        zombie.execute("UPDATE clock SET recorded_at = recorded_at")
        assert zombie.pgconn.exec_(b"COPY inbox FROM STDIN").status == ExecStatus.COPY_IN
        with system.posting(feed(rng, 50, 8)):
            pass
        patiently(town.all_in_the_ledger, "others to go ahead", PATIENCE_SECONDS)
        system.wait_until_settled()
        system.assert_true()


def fall_asleep(town: Town, service: str, rng: random.Random) -> None:
    """Until the zombie has something in hand, or for a second, and a little longer."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline and not town.in_hand(service):
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.03))
