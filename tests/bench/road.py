"""The whole road as `hnb up` runs it, servers included: from the HTTP door to positions, and to queued messages."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from itertools import islice
from pathlib import Path

import httpx
import orjson
import psutil
import psycopg
import redis

from hnb.broker import FAMILY_STREAMS, groups_of
from hnb_local.simulator.england import england_year
from hnb_local.stack import Stack
from tests.bench.watching import Watch, waits
from tests.cases import Json, budget, made, yearly
from tests.faults.officers import Officers, patiently
from tests.faults.replica import Replica
from tests.faults.system import HNB, UNSAID

EVENTS = 120_000
BACKLOG = 40_000
BATCH, AT_ONCE = 500, 2
PATIENCE_SECONDS = 900.0
SETTLING_LOOK_SECONDS = 0.5
PACE, STEADY_BATCH, STEADY_SECONDS = 500, 10, 30
EACH_CROSSES = 50  # one event in so many takes its line over its budget
SERVICES = ("placements", "ledger", "alerts")
HEADERS = {"content-type": "application/cloudevents-batch+json"}

# With a LIMIT: without one PostgreSQL may go through all there is at each look, and what is measured waits for that.
_POSTED = "SELECT id, event_id FROM postings WHERE id > %s ORDER BY id LIMIT 5000"
_LAST_POSTED = "SELECT coalesce(max(id), 0) FROM postings"
_LAST_QUEUED = "SELECT coalesce(max(seq), 0) FROM deliveries"
_QUEUED = """
    SELECT d.seq, a.authority FROM deliveries d JOIN alerts a ON a.id = d.alert_id
    WHERE d.seq > %s AND a.scope = 'special' ORDER BY d.seq LIMIT 5000
"""
HEARD = "SELECT count(*) FROM inbox"
_UNSENT = "SELECT count(*) FROM outbox WHERE entry_ms IS NULL"
_UNFINISHED = f"""
    SELECT (SELECT count(*) FROM stale) + ({UNSAID})
        + (SELECT count(*) FROM outbox)
"""


def of_processes(stack: Stack, figure: Callable[[psutil.Process], float]) -> dict[str, float]:
    """A figure of each server and service, added up over its processes; of one that just ended, nothing."""
    found: dict[str, float] = {}
    for name, pid in stack.processes.items():
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found[name] = found.get(name, 0.0) + figure(process)
    return found


def used(stack: Stack) -> dict[str, float]:
    """The seconds of a processor each server and service has used since it started."""
    return of_processes(stack, lambda process: sum(process.cpu_times()[:2]))


def costs(before: dict[str, float], after: dict[str, float], events: int) -> str:
    """What an event cost each server and service, in microseconds of a processor."""
    each = {name: (after[name] - seconds) / events * 1e6 for name, seconds in before.items()}
    return ", ".join(f"{name} {cost:.0f}" for name, cost in each.items()) + f", together {sum(each.values()):.0f}"


def number(stack: Stack, service: str, statement: str) -> int:
    """One number of a service's database."""
    with psycopg.connect(stack.database_urls[service]) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return int(row[0])


def taken(stack: Stack) -> tuple[int, int]:
    """How many entries the ledger took off its streams, and how many wait there for it."""
    with redis.Redis.from_url(stack.broker_url) as client:
        groups = [groups_of(client, stream)["ledger"] for stream in FAMILY_STREAMS]
    unheard = sum(group["pending"] + (1 if group["lag"] is None else group["lag"]) for group in groups)
    return sum(group["entries-read"] or 0 for group in groups) - sum(group["pending"] for group in groups), unheard


def waiting(stack: Stack) -> bool:
    """Whether the ledger has yet to take something the door took; asked so that it costs little."""
    return bool(taken(stack)[1] or number(stack, "placements", _UNSENT) or taken(stack)[1])


def wait_until_heard(stack: Stack) -> None:
    """Until the ledger has on record all that the door took, with all that it moved."""
    patiently(lambda: not waiting(stack), "every event in its position", PATIENCE_SECONDS)


def batches(events: Iterator[Json]) -> list[bytes]:
    return [orjson.dumps(batch) for batch in iter(lambda: list(islice(events, BATCH)), [])]


def post(stack: Stack, bodies: Sequence[bytes]) -> None:
    """Every batch through the door, two at a time, and all of it accepted."""
    with (
        httpx.Client(base_url=stack.urls["placements"], headers=HEADERS, timeout=30) as door,
        ThreadPoolExecutor(AT_ONCE) as hands,
    ):
        for answer in hands.map(lambda body: door.post("/events", content=body), bodies):
            assert answer.status_code == httpx.codes.OK, f"{answer.status_code}: {answer.text[:500]}"


def capacity(stack: Stack) -> None:
    """England's mix of events as quick as the door takes them, until the last is in its position."""
    bodies = batches(islice(england_year(EVENTS // 3, seed=1), EVENTS))
    before, start = used(stack), time.perf_counter()
    post(stack, bodies)
    accepted = time.perf_counter() - start
    wait_until_heard(stack)
    spent = time.perf_counter() - start
    assert number(stack, "ledger", HEARD) == EVENTS
    print(
        f"  {EVENTS:,} events, door to position: {EVENTS / spent:,.0f} events/s (the door answered at "
        f"{EVENTS / accepted:,.0f}/s)\n    microseconds of a processor an event: {costs(before, used(stack), EVENTS)}"
    )
    wait_until_settled(stack)


def wait_until_settled(stack: Stack) -> None:
    """Until nothing waits to be decided again, said or heard."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while number(stack, "ledger", _UNFINISHED):
        assert time.monotonic() < deadline, "the ledger never settled"
        time.sleep(SETTLING_LOOK_SECONDS)


def steady(stack: Stack) -> None:
    """How long an event waits at a steady pace: until its postings are on disk, and until its message is queued."""
    crossing = [f"E07{n:06d}" for n in range(PACE * STEADY_SECONDS // EACH_CROSSES)]
    post(stack, batches(budget("special", 1_000, authority=authority) for authority in crossing))
    wait_until_heard(stack)
    wait_until_settled(stack)
    authorities = iter(crossing)
    events = [
        made(f"S-{n}", yearly(2_000), end="2026-03-31", child=f"s{n}", id=f"S-{n}",
             authority=next(authorities) if n % EACH_CROSSES == 0 else f"E08{n % 50:06d}")
        for n in range(PACE * STEADY_SECONDS)
    ]  # fmt: skip
    accepted: dict[str, float] = {}
    crossed: dict[str, float] = {}
    start = time.monotonic()

    def send(number: int) -> None:
        time.sleep(max(0.0, start + number / PACE - time.monotonic()))
        some = events[number : number + STEADY_BATCH]
        answer = door.post("/events", content=orjson.dumps(some))
        assert answer.status_code == httpx.codes.OK, answer.text[:500]
        now = time.monotonic()
        accepted.update((event["id"], now) for event in some)
        crossed.update((event["authority"], now) for event in some if event["authority"] in budgeted)

    budgeted = set(crossing)
    with (
        Watch(stack.database_urls["ledger"], _POSTED, number(stack, "ledger", _LAST_POSTED)) as posted,
        Watch(stack.database_urls["alerts"], _QUEUED, number(stack, "alerts", _LAST_QUEUED)) as queued,
        httpx.Client(base_url=stack.urls["placements"], headers=HEADERS, timeout=30) as door,
    ):
        with ThreadPoolExecutor(4) as hands:
            list(hands.map(send, range(0, len(events), STEADY_BATCH)))
        pace = len(events) / (time.monotonic() - start)
        patiently(lambda: accepted.keys() <= posted.seen.keys(), "every posting")
        patiently(lambda: crossed.keys() <= queued.seen.keys(), "every message")
    print(f"  at {pace:,.0f} events/s, accepted to position: {waits(accepted, posted.seen)} events")
    print(f"  at {pace:,.0f} events/s, accepted to queued message: {waits(crossed, queued.seen)} messages")


@contextmanager
def standing_still(*processes: int) -> Iterator[None]:
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def drain(stack: Stack, ledgers: Sequence[int], salt: str) -> float:
    """Events a second at which so many ledgers take in what came while they stood still."""
    events = (
        made(f"{salt}-{n}", yearly(2_000 + n % 900), end="2026-03-31", child=f"{salt}{n}", id=f"{salt}-{n}",
             authority=f"E08{n % 150:06d}")
        for n in range(BACKLOG)
    )  # fmt: skip
    with standing_still(*ledgers):
        post(stack, batches(events))
        patiently(lambda: not number(stack, "placements", _UNSENT), "the streams to have all")
        start = time.perf_counter()
    wait_until_heard(stack)
    return BACKLOG / (time.perf_counter() - start)


def one_more(stack: Stack) -> None:
    """What a second ledger process adds, and that no figure is wrong for it."""
    own = stack.processes["ledger"]
    alone = drain(stack, [own], "alone")
    urls = stack.database_urls["ledger"], stack.broker_urls["ledger"]
    with Replica("ledger", "second", *urls, stack.folder.path / "second.log") as other:
        both = drain(stack, [own, other.pid], "both")
    wait_until_settled(stack)
    verify(stack)
    print(f"  a backlog of {BACKLOG:,}: {alone:,.0f} events/s, a second ledger process: {both / alone:.2f} times that")


def verify(stack: Stack) -> float:
    """Seconds to prove the books; they must be right."""
    start = time.perf_counter()
    subprocess.run([HNB, "verify", "--database-url", stack.database_urls["ledger"]], check=True, capture_output=True)
    return time.perf_counter() - start


def measure() -> None:
    """Print what the whole road carries, how long an event waits on it, and what a second ledger adds."""
    with ExitStack() as exits:
        officers = exits.enter_context(Officers())
        os.environ["HNB_ALERT_URLS"] = officers.url("finance@leicester.example")
        exits.callback(os.environ.pop, "HNB_ALERT_URLS")
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        stack = exits.enter_context(Stack(folder, say=lambda _: None))
        capacity(stack)
        steady(stack)
        one_more(stack)
