"""England's year: `hnb simulate --england` through the real door, to verified positions for 153 councils."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hnb_local.simulator.england import COUNCILS, ENGLAND_PLANS
from hnb_local.stack import Stack
from tests.bench import pages
from tests.bench.road import (
    HEARD,
    PATIENCE_SECONDS,
    SERVICES,
    costs,
    number,
    of_processes,
    taken,
    used,
    verify,
    wait_until_settled,
    waiting,
)
from tests.faults.officers import patiently
from tests.faults.system import HNB

LOOK_SECONDS = 1.0
MEASURED = 100_000  # events at the start, and at the end, that what one costs is reckoned from
_UNDECIDED = "SELECT count(*) FROM stale"
_COUNCILS = "SELECT count(DISTINCT authority) FROM balances WHERE line = 'total'"

Look = tuple[float, int, dict[str, float]]  # seconds since the start, events in their positions, what was used


def measure(plans: int = ENGLAND_PLANS) -> None:
    """Print how long the year took, what memory the services came to, and what an event cost early and late."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), say=lambda _: None) as stack:
        start = time.monotonic()
        looks: list[Look] = [(0.0, 0, used(stack))]
        most = dict.fromkeys(SERVICES, 0.0)
        together = 0.0

        def look() -> None:
            nonlocal together
            looks.append((time.monotonic() - start, taken(stack)[0], used(stack)))
            now = of_processes(stack, lambda process: process.memory_info().rss / 2**20)
            most.update({name: max(most[name], now[name]) for name in SERVICES})
            together = max(together, sum(now[name] for name in SERVICES))
            print(f"\r{looks[-1][1]:,} events", end="", file=sys.stderr, flush=True)

        command = [HNB, "simulate", "--england", "--plans", str(plans), "--to", stack.urls["placements"]]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            while sender.poll() is None:
                time.sleep(LOOK_SECONDS)
                look()
            told = sender.stdout.read() if sender.stdout else ""
        assert sender.returncode == 0, told
        posted = time.monotonic() - start
        while waiting(stack):
            time.sleep(LOOK_SECONDS)
            look()
        events = number(stack, "ledger", HEARD)
        patiently(lambda: not number(stack, "ledger", _UNDECIDED), "every position to be final", PATIENCE_SECONDS)
        final = time.monotonic() - start
        verified = verify(stack)
        spent = time.monotonic() - start
        look()
        wait_until_settled(stack)
        said = time.monotonic() - start
        councils = number(stack, "ledger", _COUNCILS)
        print(file=sys.stderr)
        pages.measure_england(stack, plans)
    assert councils == len(COUNCILS), councils
    assert f"{events:,} accepted" in told, told
    print(
        f"  England: {plans:,} plans, {events:,} events, verified positions of {councils} councils in "
        f"{spent / 60:.1f} min (posted {posted:.0f} s, all in position {final:.0f} s, verified in {verified:.0f} s; "
        f"the last line said after {said / 60:.1f} min)"
    )
    each = ", ".join(f"{name} {mib:.0f}" for name, mib in most.items())
    print(f"    memory of the services at most {together:.0f} MiB together; {each}")
    _tell("first", looks[0], _reaching(looks, MEASURED))
    _tell("last", _reaching(looks, events - MEASURED), _reaching(looks, events))


def _tell(which: str, start: Look, end: Look) -> None:
    count = end[1] - start[1]
    pace = count / (end[0] - start[0])
    print(f"    the {which} {count:,} at {pace:,.0f} events/s; microseconds of a processor each:")
    print(f"      {costs(start[2], end[2], count)}")


def _reaching(looks: list[Look], events: int) -> Look:
    return next(look for look in looks if look[1] >= events)
