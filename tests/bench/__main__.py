"""`make bench`: the ledger beside its rivals, as ratios of one run; reads, memory, proof and alerts, in figures."""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import psutil
import psycopg
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from hnb import database
from hnb.events import CASE_EVENTS
from hnb.hearing import Entry
from hnb.intake import Intake
from hnb.memory import collect_seldom
from hnb.telemetry import Telemetry
from hnb_local.folder import DataFolder
from hnb_local.servers import start_broker, start_database
from hnb_local.simulator import leicester_year
from ledger import api, seals
from ledger.app import AT_ONCE
from ledger.domain.schedules import Context
from ledger.handlers import Ledger, about
from ledger.settings import LedgerSettings
from ledger.verify import Report, count_events, verify
from tests.bench import alerts, rivals
from tests.cases import LEICESTER, made, yearly
from tests.ledger.conftest import Books, open_books

EVENTS = 210_000  # a million postings
BATCH, SLICE = 500, 5_000
COUNCILS = 4
FEW = 50  # of a slice: the usual handler is slow enough that so many tell its pace
READS = 300
PROOFS = 3
HORIZON = date(2030, 3, 31)
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


def race(engine: Engine, ledger: Ledger, rival: Engine, events: int) -> float:
    """All in turn, slice by slice, so that a slow moment of the machine is shared; medians of the ratios.

    The ledger has as many batches in hand as it has in life, and the bare loop as many. Returns the bare loop's pace.
    """
    intake = Intake(engine, Telemetry("ledger"), about, ledger.post, lambda: None, CASE_EVENTS)
    context = Context(HORIZON, {}, {})

    def take(bodies: list[bytes]) -> None:
        intake.take_entries([Entry("placement", f"{n}-0", body) for n, body in enumerate(bodies)])

    def copy(bodies: list[bytes]) -> None:
        rivals.bare_loop(rival, bodies, context)

    def in_batches(work: Callable[[list[bytes]], None], bodies: list[bytes]) -> float:
        batches = [bodies[start : start + BATCH] for start in range(0, len(bodies), BATCH)]
        return len(bodies) / timed(lambda: list(hands.map(work, batches)))

    paces: dict[str, list[float]] = {"ledger": [], **{rival: [] for rival in RIVALS}}
    memory: list[int] = []
    hands = ThreadPoolExecutor(AT_ONCE)
    for part in slices(events):
        some, rest = feed("a", part), feed("b", part)
        paces["ledger"].append(in_batches(take, some))
        paces["bare loop"].append(in_batches(copy, rest))
        for name, tuned in (("usual handler", False), ("tuned handler", True)):
            few = feed(name, part[:FEW])
            paces[name].append(FEW / timed(lambda: rivals.usual_handler(rival, few, context, tuned)))  # noqa: B023 - called at once
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


def read(engine: Engine, ledger: Ledger) -> None:
    """The slowest but one in a hundred of the reads finance makes."""
    app = FastAPI()
    for router in api.routers(engine, ledger):
        app.include_router(router)
    with engine.connect() as connection:
        postings = connection.scalar(text("SELECT count(*) FROM postings"))
        halfway: datetime = connection.execute(
            text("SELECT recorded_at FROM postings ORDER BY id OFFSET :half LIMIT 1"), {"half": (postings or 0) // 2}
        ).scalar_one()
    client = TestClient(app)
    for name, known_at in (("now", None), ("known halfway", halfway.isoformat())):
        query = {"authority": LEICESTER, "financial_year": 2025} | ({"known_at": known_at} if known_at else {})
        spent = sorted(timed(lambda: client.get("/positions", params=query).raise_for_status()) for _ in range(READS))  # noqa: B023
        print(f"  GET /positions, {name:<14} p99 {spent[int(READS * 0.99)] * 1000:>6.1f} ms of {postings:,} postings")


def take_a_year(books: Books, number: int) -> None:
    """A council's year of the simulator's, as of one authority among several."""
    events = [
        orjson.loads(
            orjson.dumps(delivery.event)
            .replace(LEICESTER.encode(), f"E069{number:05d}".encode())
            .replace(b"/leicester", f"/council-{number}".encode())
        )
        for delivery in leicester_year(number).events
        if not delivery.malformed
    ]
    for start in range(0, len(events), BATCH):
        books.take(*events[start : start + BATCH])
    books.settle()


def prove(whose: str, engine: Engine, ledger: Ledger, bare: float) -> None:
    """How fast the books are verified, every row of them sealed, and beside the pace of the bare loop."""
    while seals.seal(engine):
        pass
    events = count_events(engine)
    found: list[Report] = []
    pace = events / statistics.median(
        timed(lambda: found.append(verify(engine, ledger.settings))) for _ in range(PROOFS)
    )
    assert all(check.ok for report in found for check in report.checks), found
    each = f"{events:,} events, {found[0].postings / events:.1f} postings each"
    print(f"  verify, {whose:<22} {pace:>9,.0f} events/s, verify / bare loop {pace / bare:.2f} ({each})")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events the ledger takes in ({EVENTS:,})")
    events = parser.parse_args().events
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30), cache_logger_on_first_use=True)
    collect_seldom()
    with ExitStack() as exits:
        folder = exits.enter_context(DataFolder(Path(exits.enter_context(tempfile.TemporaryDirectory())), print))
        database_server = start_database(folder, exits, None, durable=True)
        url = database_server.urls["ledger"]
        engine = database.connect(url, "ledger")
        database.migrate(engine, "ledger")
        ledger = Ledger(LedgerSettings(database_url=url, broker_url="redis://none"), lambda: date(2025, 9, 1))
        rival = rivals.prepare(url)
        cores = f"{os.cpu_count()} cores, servers included"
        print(f"{events:,} events in batches of {BATCH}, on {cores}; medians of slices of {SLICE:,}")
        bare = race(engine, ledger, rival, events)
        read(engine, ledger)
        prove("those placements", engine, ledger, bare)
        with psycopg.connect(database_server.admin_url, autocommit=True) as admin:
            admin.execute("CREATE DATABASE councils OWNER ledger")
        with open_books(urlsplit(url)._replace(path="/councils").geturl()) as books:
            for number in range(COUNCILS):
                take_a_year(books, number)
            prove(f"{COUNCILS} councils' years", books.engine, books.ledger, bare)
        engine.dispose()
        rival.dispose()
        alerts.measure(database_server, start_broker(folder, exits, None))


if __name__ == "__main__":
    main()
