"""How long a position waits, from the stream to a message queued on disk, while the alerts service hears many."""

import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

from hnb.provisions import LINES, Fund
from hnb_local.servers import Broker, Database
from tests.alerts.given import body, said
from tests.bench.watching import Watch, waits
from tests.faults.officers import AlertsProcess, Officers, patiently

PACE = 500  # positions a second
SECONDS = 20
EACH_TENTH = 10
AUTHORITIES = [f"E069{number:05d}" for number in range(125)]
PROVISIONS = [str(provision) for provision, line in LINES.items() if line.fund is Fund.HIGH_NEEDS][:16]
# Every line comes by again after four seconds; those whose number is a tenth cross a threshold, up and down in turn.
KEYS = [(authority, provision) for authority in AUTHORITIES for provision in PROVISIONS]
TICK_SECONDS = 0.01
WELL, WARNING = 40_000, 95_000  # of £1,000.00

_QUEUED = "SELECT seq, id FROM deliveries WHERE seq > %s ORDER BY seq"
_WHOSE = """
    SELECT d.id, a.authority, a.scope, CAST(t.evidence ->> 'position_version' AS int) FROM deliveries d
    JOIN alerts a ON a.id = d.alert_id JOIN transitions t ON t.alert_id = d.alert_id AND t.number = d.number
"""

Key = tuple[str, str, int]  # authority, provision, version


def made(number: int) -> tuple[Key, str]:
    """The position of this number, as it stands on the stream."""
    authority, provision = KEYS[number % len(KEYS)]
    version = number // len(KEYS) + 1
    crosses = number % EACH_TENTH == 0
    before, after = (WELL, WARNING) if version % 2 else (WARNING, WELL)
    pence = after if crosses else WELL + version
    moved = after - before if crosses else 1
    data = said(version, provision=provision, committed_pence=pence, drivers=[("PL-1042", moved)])
    return (authority, provision, version), body(data, authority)


def write(broker: str, count: int) -> tuple[dict[Key, float], float]:
    """Write so many positions at the pace wanted; when each crossing was written, and the pace kept."""
    positions = [made(number) for number in range(count)]
    written: dict[Key, float] = {}
    with redis.Redis.from_url(broker) as client:
        start, sent = time.monotonic(), 0
        while sent < count:
            time.sleep(TICK_SECONDS)
            now = time.monotonic()
            due = min(int((now - start) * PACE), count)
            pipeline = client.pipeline(transaction=False)  # as the ledger's relay writes
            for number in range(sent, due):
                key, event = positions[number]
                pipeline.xadd("position", {"event": event})
                if number % EACH_TENTH == 0:
                    written[key] = now
            pipeline.execute()
            sent = due
        return written, count / (time.monotonic() - start)


def measure(database: Database, broker: Broker) -> None:
    """Print p50 and p99 of the seconds from a position being written to its message being on disk."""
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE alert_bench OWNER alerts")
    url = urlsplit(database.urls["alerts"])._replace(path="/alert_bench").geturl()
    with tempfile.TemporaryDirectory() as folder, Officers() as officers:
        settings = {"HNB_ALERT_URLS": officers.url("finance@leicester.example")}
        service = AlertsProcess(url, broker.url, Path(folder) / "alerts.log", **settings)
        service.start()
        try:
            with Watch(url, _QUEUED) as watch:
                written, pace = write(broker.url, PACE * SECONDS)
                patiently(lambda: len(watch.seen) >= len(written), f"{len(written)} messages to be queued")
            sent = len(officers.received)
        finally:
            service.stop()
    with psycopg.connect(url) as connection:
        whose: dict[str, Key] = {row[0]: row[1:] for row in connection.execute(_WHOSE)}
    since = {delivery: written[key] for delivery, key in whose.items()}
    assert len(since) == len(written), f"{len(since)} messages of {len(written)} crossings"
    print(
        f"  position to queued message at {pace:,.0f} positions/s: {waits(since, watch.seen)} messages, "
        f"{sent:,} of them sent meanwhile"
    )
