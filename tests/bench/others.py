"""Our ledger beside two that one can get for nothing, recording the same commitments on the same server."""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from hnb.events import CASE_EVENTS, read_event, read_json
from hnb_local.servers import Database
from ledger.domain.commitments import fold
from ledger.domain.schedules import Context, schedule

PYTHON = Path(".venv/rivals/bin/python")
SCRIPT = Path(__file__).with_name("elsewhere.py")
NAMES = ("eventsourcing", "hordak")
ROUNDS, COMMITMENTS = 3, 4_000


def measure(
    server: Database, record: Callable[[list[bytes]], float], feed: Callable[[str], list[bytes]], context: Context
) -> None:
    """Each in turn, three times; `record` gives the ledger's pace over these events, and `feed` makes them."""
    if not PYTHON.with_name("pip").exists() or not Path(".venv/rivals/ready").exists():
        print("  other ledgers: left out, .venv/rivals is not there (run by make bench, with a package index in reach)")
        return
    ratios: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        bodies = feed(f"others-{number}")
        mine = record(bodies)
        for name in NAMES:
            for way, pace in _run(server, name, number, _priced(bodies, context)).items():
                ratios.setdefault((name, way), []).append(mine / pace)
    for (name, way), found in ratios.items():
        print(f"  ledger / {name + ', ' + way:<30} {statistics.median(found):>6.1f}")


def _priced(bodies: Sequence[bytes], context: Context) -> str:
    events = [read_event(read_json(body), known=CASE_EVENTS) for body in bodies]
    return json.dumps(
        [
            (f"{e.source} {e.id}", e.authority,
             [(*cell, amount.pence, str(amount.first), str(amount.last))
              for cell, amount in schedule(fold([e]), context).items()])
            for e in events
        ]
    )  # fmt: skip


def _run(server: Database, name: str, number: int, commitments: str) -> Mapping[str, float]:
    database = f"{name}_{number}"
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {database} OWNER ledger")
    url = urlsplit(server.urls["ledger"])._replace(path=f"/{database}").geturl()
    done = subprocess.run(
        [PYTHON, "-W", "ignore", SCRIPT, name, url], input=commitments, capture_output=True, text=True, check=False
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr[-2000:]}")
    paces: Mapping[str, float] = json.loads(done.stdout)
    return paces
