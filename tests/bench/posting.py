"""The ledger's posting beside its rivals: the usual handler, in two forms, and a bare loop with no guarantee at all."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import orjson
import psutil
from sqlalchemy import Engine

from hnb.events import CASE_EVENTS
from hnb.hearing import Entry
from hnb.intake import Intake
from hnb.telemetry import Telemetry
from ledger.app import AT_ONCE
from ledger.domain.schedules import Context
from ledger.handlers import Ledger, about
from tests.bench import rivals
from tests.cases import made, yearly

BATCH, SLICE = 500, 5_000
FEW = 50  # of a slice: the usual handler is slow enough that so many tell its pace
CONTEXT = Context(date(2030, 3, 31), {}, {})
RIVALS = ("usual handler", "tuned handler", "bare loop")
LINES = ("special", "mainstream", "independent", "post-16", "alternative")


def feed(salt: str, events: range) -> list[bytes]:
    """Placements, most of them open to the horizon as in life: 4.8 postings each."""
    return [
        orjson.dumps(
            made(f"{salt}-{i}", yearly(5_000 + i % 60_000), child=f"c{i}", provision=LINES[i % 5],
                 end=None if i % 20 else "2026-03-31", id=f"{salt}-{i}")
        )
        for i in events
    ]  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def slices(events: int) -> Iterator[range]:
    for start in range(0, events, SLICE):
        yield range(start, min(start + SLICE, events))


def in_batches(work: Callable[[list[bytes]], None], bodies: list[bytes]) -> float:
    """Events a second, as many batches in hand as the ledger has in life."""
    batches = [bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)]
    with ThreadPoolExecutor(AT_ONCE) as hands:
        return len(bodies) / timed(lambda: list(hands.map(work, batches)))


def post_with(engine: Engine, ledger: Ledger) -> Callable[[list[bytes]], None]:
    """What the ledger does with a batch it hears."""
    intake = Intake(engine, Telemetry("ledger"), about, ledger.post, lambda: None, CASE_EVENTS)
    return lambda bodies: intake.take_entries([Entry("placement", f"{n}-0", body) for n, body in enumerate(bodies)])


def race(engine: Engine, ledger: Ledger, rival: Engine, events: int) -> float:
    """All in turn, slice by slice, so that a slow moment of the machine is shared; medians of the ratios.

    Returns the bare loop's pace.
    """
    paces: dict[str, list[float]] = {"ledger": [], **{rival: [] for rival in RIVALS}}
    memory: list[int] = []
    for part in slices(events):
        some, rest = feed("a", part), feed("b", part)
        paces["ledger"].append(in_batches(post_with(engine, ledger), some))
        paces["bare loop"].append(in_batches(lambda bodies: rivals.bare_loop(rival, bodies, CONTEXT), rest))
        for name, tuned in (("usual handler", False), ("tuned handler", True)):
            few = feed(name.replace(" ", "-"), part[:FEW])
            paces[name].append(FEW / timed(lambda: rivals.usual_handler(rival, few, CONTEXT, tuned)))  # noqa: B023 - called at once
        memory.append(psutil.Process().memory_info().rss >> 20)
        print(f"\r{part.stop:,} of {events:,} events", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for name, found in paces.items():
        print(f"  {name:<14} {statistics.median(found):>9,.0f} events/s")
    for name in RIVALS:
        ratios = [mine / theirs for mine, theirs in zip(paces["ledger"], paces[name], strict=True)]
        print(f"  ledger / {name:<14} {statistics.median(ratios):>6.2f}")
    early, late = memory[len(memory) // 10], memory[-1]
    print(f"  memory after a tenth of the events {early} MiB, after all {late} MiB")
    return statistics.median(paces["bare loop"])
