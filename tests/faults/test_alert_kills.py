"""Alerts under SIGKILL: no change is lost, and none is told again but where a process died with it in hand.

Figures of several lines rise and fall while the service, Valkey and PostgreSQL are killed at random.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise

import psycopg
import pytest
import redis

from hnb.events import PositionChanged
from hnb_local.folder import DataFolder
from hnb_local.processes import Child
from hnb_local.servers import Broker, Database, start_broker, start_database
from tests.alerts.given import body, said
from tests.conftest import scratch_folder
from tests.faults.officers import AlertsProcess, Officers, kill_server, patiently, revive
from tests.faults.run import Figures, times

KILLS = times(12, 200)
AUTHORITIES = ("E06000016", "E06000001")
LINES = ("special", "mainstream", "independent", "post-16")
OFFICERS = ("finance@leicester.example", "send@leicester.example")
# So far apart that what is called for depends on the level before and no other: of £1,000.00.
LEVELS = {None: 40_000, "warning": 95_000, "critical": 110_000}
TOLD = ("opened", "raised", "resolved")
_HEARD = "SELECT authority, scope, version FROM lines"
_LEASES_END = "UPDATE deliveries SET due_at = clock_timestamp() WHERE state = 'queued'"
_WAITING = "SELECT id, attempts, due_at, last_error FROM deliveries WHERE state = 'queued' ORDER BY seq"

Key = tuple[str, str]


@dataclass
class Line:
    """One line of one authority as the test moves it, and the changes its history calls for."""

    level: str | None
    version: int
    called_for: list[str]

    def move(self, level: str | None) -> None:
        if level is None:
            change = "resolved"
        elif self.level is None:
            change = "opened"
        else:
            change = "raised" if level == "critical" else "lowered"
        self.level, self.version = level, self.version + 1
        self.called_for.append(change)


class Town:
    """Two authorities' lines, the officers who read, and servers of this test's own, which it may kill."""

    def __init__(self, folder: DataFolder, exits: ExitStack, rng: random.Random) -> None:
        self.rng = rng
        # Durable as in life: what a server had answered it must know after a kill.
        self.database: Database = start_database(folder, exits, None)
        self.database.migrate()
        self.broker: Broker = start_broker(folder, exits, None)
        self.officers = exits.enter_context(Officers(lambda: rng.uniform(0, 0.02)))
        urls = ",".join(map(self.officers.url, OFFICERS))
        self.alerts = AlertsProcess(
            self.database.urls["alerts"], self.broker.url, folder.log("alerts"), HNB_ALERT_URLS=urls
        )
        exits.callback(self.alerts.stop)
        self.lines: dict[Key, Line] = {(a, p): Line(None, 0, []) for a in AUTHORITIES for p in LINES}
        self.kills: list[tuple[float, float, str]] = []  # when it began and was over (monotonic), and what was killed

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        """Rows of the alerts database, as soon as it is there to ask."""

        def asked() -> list[list[tuple[object, ...]]]:
            with psycopg.connect(self.database.urls["alerts"], connect_timeout=5) as connection:
                answer = connection.execute(statement)
                return [answer.fetchall() if answer.description else []]

        return patiently(asked, "the database")[0]

    def move(self) -> None:
        """Every line to another level than it has: one position each on the stream."""
        bodies = []
        for (authority, provision), line in self.lines.items():
            before = LEVELS[line.level]
            line.move(self.rng.choice([level for level in LEVELS if level != line.level]))
            pence = LEVELS[line.level]
            data: PositionChanged = said(
                line.version, provision=provision, committed_pence=pence, drivers=[("PL-1042", pence - before)]
            )
            bodies.append(body(data, authority))
        self.rng.shuffle(bodies)

        def write() -> bool:  # again as a whole where an answer was lost: the inbox knows what it has
            with redis.Redis.from_url(self.broker.url, socket_timeout=5) as client:
                for each in bodies:
                    client.xadd("position", {"event": each})
            return True

        patiently(write, "Valkey")

    def wait_until_heard(self) -> None:
        wanted = {(*key, line.version) for key, line in self.lines.items()}
        patiently(lambda: wanted == set(self.ask(_HEARD)), "every position to be judged")

    def wait_until_sent(self) -> None:
        while waiting := self.ask(_WAITING):
            patiently(lambda: len(self.ask(_WAITING)) < len(waiting), f"the next message of {waiting[:3]}")

    def kill(self, victim: str) -> None:
        """Kill one part and start it again."""
        began = time.monotonic()
        if victim == "alerts":
            self.alerts.kill()
        else:
            kill_server(self._server(victim))
        if victim == "alerts":
            self.ask(_LEASES_END)  # the two minutes after which what a dead process had in hand is taken up
            self.alerts.start()
        else:
            revive(self._server(victim), lambda: self._answers(victim))
        self.kills.append((began, time.monotonic(), victim))

    def _server(self, victim: str) -> Child:
        child = self.broker.child if victim == "valkey" else self.database.child
        assert child is not None
        return child

    def _answers(self, victim: str) -> bool:
        if victim == "valkey":
            with redis.Redis.from_url(self.broker.url, socket_timeout=5) as client:
                return bool(client.ping())
        psycopg.connect(self.database.urls["alerts"], connect_timeout=5).close()
        return True


@pytest.fixture
def town(rng: random.Random) -> Iterator[Town]:
    with scratch_folder() as path, DataFolder(path, print) as folder, ExitStack() as exits:
        yield Town(folder, exits, rng)


def test_kills_at_random_lose_no_change_and_repeat_only_what_was_in_hand(town: Town, figures: Figures) -> None:
    town.alerts.start()
    for number in range(KILLS):
        town.move()
        time.sleep(town.rng.uniform(0, 0.8))
        town.kill("alerts" if number == KILLS - 1 else town.rng.choice(["alerts", "alerts", "valkey", "postgres"]))
        town.wait_until_heard()
        if (number + 1) % 20 == 0:
            print(f"{number + 1} of {KILLS} kills", flush=True)
    town.wait_until_sent()

    found = [alert for authority in AUTHORITIES for alert in town.alerts.all_alerts(authority)]
    happened: dict[Key, list[str]] = defaultdict(list)
    for alert in found:
        happened[alert["authority"], alert["scope"]] += [step["change"] for step in alert["transitions"]]
    assert happened == {key: line.called_for for key, line in town.lines.items()}

    told = [d for a in found for d in a["deliveries"] if a["transitions"][d["transition"] - 1]["change"] in TOLD]
    changes = sum(change in TOLD for line in town.lines.values() for change in line.called_for)
    assert len(told) == changes * len(OFFICERS)
    received = Counter(reference for _, _, reference in town.officers.came)
    references = {delivery["reference"] for delivery in told}
    lost, repeated = references - set(received), received.total() - len(received)
    killed = Counter(victim for _, _, victim in town.kills)
    victims = ", ".join(f"{times} of {victim}" for victim, times in sorted(killed.items()))
    figures.add("alerts, kills", f"{len(town.kills)} ({victims})")
    figures.add("alerts, changes to tell, each to two officers", changes)
    figures.add("alerts, messages lost", len(lost), "0")
    figures.add("alerts, messages repeated", repeated, "only where a process died with one in hand")
    assert not lost
    assert set(received) <= references
    assert_repeats_are_as_declared(town)


def assert_repeats_are_as_declared(town: Town) -> None:
    """Between a message and its repeat something was killed, and no kill made more than one message per officer come
    again."""
    copies: dict[tuple[str, str], list[float]] = defaultdict(list)
    for moment, officer, reference in town.officers.came:
        copies[officer, reference].append(moment)
    repeats = Counter(officer for (officer, _), moments in copies.items() for _ in moments[1:])
    assert all(count <= len(town.kills) for count in repeats.values()), repeats
    for (_, reference), moments in copies.items():
        for first, again in pairwise(moments):
            between = [victim for began, over, victim in town.kills if began <= again and first <= over]
            assert between, f"{reference} came again without a kill"
