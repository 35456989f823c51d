"""The network between all parts fails a thousand times: connections are cut, held, half-closed, and lose answers."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from hnb_local.folder import DataFolder
from hnb_local.servers import start_broker, start_database
from tests.conftest import scratch_folder
from tests.faults.feed import feed
from tests.faults.proxy import COMMIT, POST, XACK, XADD, XREADGROUP, Exchange, Proxy, Side
from tests.faults.run import Figures, times
from tests.faults.system import System

FAULTS = times(40, 1_000)
EVENTS_A_ROUND = times(250, 500)
DELAY_SECONDS = 2.0
SIDES: tuple[Side, Side] = ("client", "server")
ANSWERS: dict[str, tuple[Exchange, ...]] = {"database": (COMMIT,), "broker": (XADD, XACK, XREADGROUP), "door": (POST,)}


@dataclass
class Network:
    """What lies between the services and their servers, and between a case system and the door."""

    proxies: dict[str, Proxy]
    faults: Counter[str] = field(default_factory=Counter)

    def fail(self, rng: random.Random) -> None:
        """One fault; or the next answer of a kind is to be lost, which counts when it is."""
        place = rng.choice(list(self.proxies))
        proxy = self.proxies[place]
        match rng.choices(["lose", "cut", "half-close", "delay"], [5, 2, 2, 1])[0]:
            case "lose":
                proxy.lose_answer(rng.choice(ANSWERS[place]))
            case "cut":
                self.faults[f"cuts of {place}"] += proxy.cut() > 0
            case "half-close":
                self.faults[f"half-closings of {place}"] += proxy.half_close(rng.choice(SIDES)) > 0
            case "delay":
                proxy.delay(DELAY_SECONDS)
                self.faults[f"delays of {place}"] += 1

    def behave(self) -> None:
        for proxy in self.proxies.values():
            proxy.behave()

    @property
    def so_far(self) -> Counter[str]:
        """Every fault there was, by its kind."""
        lost = sum((proxy.lost for proxy in self.proxies.values()), Counter())
        return self.faults + Counter({f"answers to {name} lost": number for name, number in lost.items()})


@contextmanager
def networked(rng: random.Random) -> Iterator[tuple[System, Network]]:
    """The whole system, over servers that only a proxy each leads to, and a door behind one."""
    with scratch_folder() as servers, scratch_folder() as path, ExitStack() as exits:
        folder = exits.enter_context(DataFolder(servers, print))
        database, broker = start_database(folder, exits, None), start_broker(folder, exits, None)

        def behind_a_proxy(url: str) -> tuple[Proxy, str]:
            found = urlsplit(url)
            proxy = exits.enter_context(Proxy(found.port or 0))
            login, _, _ = found.netloc.rpartition("@")
            return proxy, found._replace(netloc=f"{login}@127.0.0.1:{proxy.port}".lstrip("@")).geturl()

        to_database, database_url = behind_a_proxy(database.admin_url)
        to_broker, broker_url = behind_a_proxy(broker.url)
        system = exits.enter_context(System(path, rng, database_url=database_url, broker_url=broker_url))
        to_door, system.door = behind_a_proxy(system.stack.urls["placements"])
        yield system, Network({"database": to_database, "broker": to_broker, "door": to_door})


def test_a_network_that_fails_loses_nothing_and_doubles_nothing(rng: random.Random, figures: Figures) -> None:
    with networked(rng) as (system, network):
        begun = dict(system.stack.processes)
        while network.so_far.total() < FAULTS:
            with system.posting(feed(rng, EVENTS_A_ROUND, 5), most=10) as poster:
                while poster.is_alive() and network.so_far.total() < FAULTS:
                    time.sleep(rng.uniform(0, 0.3))
                    network.fail(rng)
            print(f"{network.so_far.total()} of {FAULTS} faults", flush=True)
        network.behave()
        calm_since = time.monotonic()
        system.stack.wait_until_ready()
        ready = time.monotonic() - calm_since
        system.wait_until_settled()
        system.assert_true()
        for kind, number in sorted(network.so_far.items()):
            figures.add(f"partitions, {kind}", number)
        figures.add("partitions, faults", network.so_far.total(), f">= {FAULTS}")
        figures.add("partitions, events", len(system.answered))
        figures.add("partitions, events lost or doubled", 0, "0")
        figures.add("partitions, ready again after", f"{ready:.1f} s", "by itself")
        assert dict(system.stack.processes) == begun, "no service had to be started again"
