"""`make bench`: how fast the ledger posts, beside the usual handler and a bare loop, as ratios of one run."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path

import orjson
import structlog
from sqlalchemy import Connection, text

from hnb import database
from hnb.events import CASE_EVENTS
from hnb.hearing import Entry
from hnb.intake import Intake
from hnb.telemetry import Telemetry
from hnb_local.folder import DataFolder
from hnb_local.servers import start_database
from ledger import positions
from ledger.domain.schedules import Context
from ledger.handlers import Ledger, about
from ledger.settings import LedgerSettings
from ledger.verify import verify
from tests.bench import rivals
from tests.cases import LEICESTER, made, yearly

EVENTS, BATCH, ROUNDS = 20_000, 500, 3
READS = 300
FEW = EVENTS // 20  # the usual handler is slow enough that a twentieth tells its pace
HORIZON = date(2030, 3, 31)
LINES = ("special", "mainstream", "independent", "post-16", "alternative")


def feed(salt: str, events: int) -> list[str]:
    """Placements, half of them open, each about 3.5 postings."""
    return [
        orjson.dumps(
            made(f"{salt}-{i}", yearly(5_000 + i % 60_000), child=f"c{i}", provision=LINES[i % 5],
                 end="2026-03-31" if i % 2 else None, id=f"{salt}-{i}")
        ).decode()
        for i in range(events)
    ]  # fmt: skip


def pace(work: Callable[[], object], events: int) -> float:
    """Events a second."""
    start = time.perf_counter()
    work()
    return events / (time.perf_counter() - start)


def p99(read: Callable[[], object]) -> float:
    """The slowest but one in a hundred, in seconds."""
    spent = []
    for _ in range(READS):
        start = time.perf_counter()
        read()
        spent.append(time.perf_counter() - start)
    return sorted(spent)[int(READS * 0.99)]


def postings_halfway(connection: Connection) -> datetime:
    """The moment at which half of all postings were known."""
    halfway: datetime = connection.execute(
        text("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY recorded_at) FROM postings")
    ).scalar_one()
    return halfway


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    with ExitStack() as exits:
        folder = exits.enter_context(DataFolder(Path(exits.enter_context(tempfile.TemporaryDirectory())), print))
        url = start_database(folder, exits, None, durable=True).urls["ledger"]
        engine = database.connect(url, "ledger")
        database.migrate(engine, "ledger")
        ledger = Ledger(LedgerSettings(database_url=url, broker_url="redis://none"), lambda: date(2025, 9, 1))
        intake = Intake(engine, Telemetry("ledger"), about, ledger.post, lambda: None, CASE_EVENTS)
        rival_engine = rivals.prepare(url)
        context = Context(HORIZON, {}, {})

        def ours(bodies: list[str]) -> None:
            for start in range(0, len(bodies), BATCH):
                intake.take_entries(
                    [
                        Entry("placement", f"{start + n}-0", b.encode())
                        for n, b in enumerate(bodies[start : start + BATCH])
                    ]
                )

        paces: dict[str, list[float]] = {"ledger": [], "usual handler": [], "bare loop": []}
        for round_number in range(ROUNDS):  # in turn, so that a slow moment of the machine is shared
            some, few, rest = (feed(f"{k}{round_number}", n) for k, n in (("a", EVENTS), ("b", FEW), ("c", EVENTS)))
            paces["ledger"].append(pace(lambda: ours(some), EVENTS))  # noqa: B023 - called at once
            paces["usual handler"].append(pace(lambda: rivals.usual_handler(rival_engine, few, context), FEW))  # noqa: B023
            paces["bare loop"].append(pace(lambda: rivals.bare_loop(rival_engine, rest, context, BATCH), EVENTS))  # noqa: B023
            print(".", end="", file=sys.stderr, flush=True)
        middle = {name: statistics.median(found) for name, found in paces.items()}
        with database.reading(engine) as connection:
            postings = connection.scalar(text("SELECT count(*) FROM postings")) or 0
            reads = {"now": None, "at a past moment": postings_halfway(connection)}
            slowest = {name: p99(lambda: positions.read(connection, LEICESTER, 2025, at)) for name, at in reads.items()}  # noqa: B023
        verified = pace(lambda: verify(engine, ledger.settings), EVENTS * ROUNDS)
        print(f"\n{EVENTS * ROUNDS:,} events, {postings:,} postings, batches of {BATCH}; medians of {ROUNDS} rounds")
        for name, found in middle.items():
            print(f"  {name:<14} {found:>9,.0f} events/s")
        print(f"  ledger / usual handler  {middle['ledger'] / middle['usual handler']:>6.1f}")
        print(f"  ledger / bare loop      {middle['ledger'] / middle['bare loop']:>6.2f}")
        for name, seconds in slowest.items():
            print(f"  position {name:<16} {seconds * 1000:>6.1f} ms (p99 of {READS})")
        print(f"  verify         {verified:>9,.0f} events/s")
        engine.dispose()
        rival_engine.dispose()


if __name__ == "__main__":
    main()
