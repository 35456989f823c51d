"""Services, Valkey and PostgreSQL killed at random while events are posted: nothing lost, nothing doubled."""

import os
import random
import time
from collections import Counter, defaultdict

import psutil

from tests.conftest import scratch_folder
from tests.faults.feed import feed
from tests.faults.run import LONG, Figures, percentile, times
from tests.faults.system import System

KILLS = times(6, 200)
EVENTS = times(1_500, 100_000)
AUTHORITIES = times(8, 300)
AGAIN_SECONDS = 5
PARTS = ("placements", "ledger", "alerts", "valkey", "postgres", "a postgres backend")


def kill(system: System, part: str) -> None:
    """One part; of PostgreSQL the server itself or any one of its processes, which makes it start over."""
    if part == "a postgres backend":
        backends = system.running("postgres").children()
        try:
            system.rng.choice(backends).kill()
        except (IndexError, psutil.NoSuchProcess):
            return
    else:
        system.kill(part)


def test_kills_at_random_lose_and_double_nothing(rng: random.Random, figures: Figures) -> None:
    events = feed(rng, EVENTS, AUTHORITIES)
    took: dict[str, list[float]] = defaultdict(list)
    with scratch_folder() as path, System(path, rng) as system:
        for number in range(KILLS):
            part = PARTS[number % len(PARTS)] if number < len(PARTS) else rng.choice(PARTS)
            with system.posting(events[number::KILLS]):
                time.sleep(rng.uniform(0, 0.5))
                began = time.monotonic()
                kill(system, part)
                system.wait_until_processing()
                took[part].append(time.monotonic() - began)
            if (number + 1) % 20 == 0:
                print(f"{number + 1} of {KILLS} kills", flush=True)
        system.wait_until_settled()
        system.assert_true()
        posted = len(system.answered)
    killed = Counter({part: len(of) for part, of in took.items()})
    figures.add("kills", f"{KILLS} ({', '.join(f'{n} of {part}' for part, n in sorted(killed.items()))})", ">= 200")
    figures.add("kills, events", posted, ">= 100,000")
    figures.add("kills, events lost or doubled", 0, "0")
    for part, of in sorted(took.items()):
        figures.add(f"kills, processing again after {part}", f"p50 {percentile(of, 50):.2f} s, most {max(of):.2f} s")
    every = [seconds for of in took.values() for seconds in of]
    figures.add("kills, load of the machine meanwhile", f"{os.getloadavg()[2]:.1f} on {os.cpu_count()} cores")
    slow = percentile(every, 99)
    figures.add("kills, processing again, p99", f"{slow:.2f} s", f"<= {AGAIN_SECONDS} s")
    assert slow <= AGAIN_SECONDS or not LONG  # so few as in the short form have no p99
