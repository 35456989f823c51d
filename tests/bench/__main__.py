"""`make bench`: the ledger beside its rivals, as ratios of one run; the whole road; pages; and England's year."""

import argparse
import os
import platform
import statistics
import tempfile
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
from psycopg import sql
from sqlalchemy import Engine, text

from hnb import database
from hnb.memory import collect_seldom
from hnb_local.folder import DataFolder
from hnb_local.servers import start_broker, start_database
from hnb_local.simulator import leicester_year
from hnb_local.simulator.england import ENGLAND_PLANS
from ledger import api, seals
from ledger.handlers import Ledger
from ledger.settings import LedgerSettings
from ledger.verify import Report, count_events, verify
from tests.bench import alerts, england, others, pages, rivals, road
from tests.bench.posting import BATCH, CONTEXT, SLICE, feed, in_batches, post_with, race, timed
from tests.cases import LEICESTER
from tests.ledger.conftest import Books, open_books

EVENTS = 210_000  # a million postings
COUNCILS = 4
READS = 300
PROOFS = 3


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
    parser = argparse.ArgumentParser(
        prog="make bench", description=__doc__, epilog='Example: make bench ARGS="--part road --part ledger"'
    )
    parser.add_argument("--events", type=int, default=EVENTS, help=f"events the ledger takes in ({EVENTS:,})")
    parser.add_argument("--plans", type=int, default=ENGLAND_PLANS, help=f"England's plans ({ENGLAND_PLANS:,})")
    parts = ("ledger", "road", "pages", "england")
    parser.add_argument("--part", action="append", choices=parts, help="only this; may be given more than once")
    given = parser.parse_args()
    print(f"{os.cpu_count()} cores ({_processor()}), {psutil.virtual_memory().total >> 30} GiB, servers included")
    for part in given.part or parts:
        print(f"{part}:", flush=True)
        match part:
            case "ledger":
                measure_ledger(given.events)
            case "road":
                road.measure()
            case "pages":
                pages.measure()
            case "england":
                england.measure(given.plans)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def measure_ledger(events: int) -> None:
    """The ledger alone: beside its rivals, read, proved, and heard by alerts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30), cache_logger_on_first_use=True)
    collect_seldom()
    with ExitStack() as exits:
        folder = exits.enter_context(DataFolder(Path(exits.enter_context(tempfile.TemporaryDirectory())), print))
        database_server = start_database(folder, exits, None, durable=True)
        with psycopg.connect(database_server.admin_url, autocommit=True) as admin:
            for name in ("bench", "councils"):
                admin.execute(sql.SQL("CREATE DATABASE {} OWNER ledger").format(sql.Identifier(name)))
        url = urlsplit(database_server.urls["ledger"])._replace(path="/bench").geturl()
        engine = database.connect(url, "ledger")
        database.migrate(engine, "ledger")
        ledger = Ledger(LedgerSettings(database_url=url, broker_url="redis://none"), lambda: date(2025, 9, 1))
        rival = rivals.prepare(url)
        print(f"  {events:,} events in batches of {BATCH}; medians of slices of {SLICE:,}")
        bare = race(engine, ledger, rival, events)
        others.measure(
            database_server, lambda bodies: in_batches(post_with(engine, ledger), bodies),
            lambda salt: feed(salt, range(others.COMMITMENTS)), CONTEXT,
        )  # fmt: skip
        read(engine, ledger)
        prove("those placements", engine, ledger, bare)
        with open_books(urlsplit(url)._replace(path="/councils").geturl()) as books:
            for number in range(COUNCILS):
                take_a_year(books, number)
            prove(f"{COUNCILS} councils' years", books.engine, books.ledger, bare)
        engine.dispose()
        rival.dispose()
        alerts.measure(database_server, start_broker(folder, exits, None))


if __name__ == "__main__":
    main()
