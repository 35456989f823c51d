"""How long pages take, one after the other: with the demo's year and with England's, beside an answer of nothing."""

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from hnb_local.asking import exchange
from hnb_local.demo.benchmarks import import_published
from hnb_local.demo.pages import PAGES, PUBLISHED, YEAR
from hnb_local.demo.recovery import written
from hnb_local.simulator.command import DEFAULT_SEED
from hnb_local.simulator.england import councils
from hnb_local.simulator.leicester import AUTHORITY
from hnb_local.stack import Stack
from tests.bench.posting import timed
from tests.bench.road import used
from tests.faults.officers import patiently
from tests.faults.system import HNB

READS = 60
WARM = 5  # reads before those that count
CALM_SECONDS, CALM_SHARE = 2.0, 0.25  # a quarter of one core, over two seconds
BESIDE = "/health/live"  # what a service takes to answer at all
DEMO_MS, ENGLAND_MS = 100, 300
_COMMITMENT = re.compile(r'href="(/board/[^"]+/commitments/[^"]+)"')
_ALERT = re.compile(r'href="(/inbox/alerts/[^"]+)"')
BROWSER = {"accept": "text/html"}


def measure() -> None:
    """Print what each page takes with the demo's year."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([HNB, "demo", "--data-dir", folder], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        with Stack(Path(folder), say=lambda _: None) as stack:
            tell(stack, AUTHORITY, DEMO_MS)


def measure_england(stack: Stack, plans: int) -> None:
    """The same of England's largest council, and of the inbox of them all, over a stack that holds its year."""
    largest = max(councils(plans, DEFAULT_SEED), key=lambda council: council.plans)
    print(f"  {largest.authority}, England's largest council here: {largest.plans:,} plans")
    measure_council(stack, largest.authority)


def measure_council(stack: Stack, authority: str) -> None:
    """The same of one council, after what only the demo publishes and plans is there for it too."""
    ledger = stack.urls["ledger"]
    import_published(ledger)
    exchange("ledger", ledger, "/editions", {}, body={**PUBLISHED, "authority": authority, "dry_run": False})
    plan = {"written": written("plan").replace(AUTHORITY, authority), "name": "bench", "by": "bench", "dry_run": False}
    exchange("ledger", ledger, "/recovery/plans", {}, body=plan)
    tell(stack, authority, ENGLAND_MS)


def tell(stack: Stack, authority: str, wanted_ms: int) -> None:
    """Print the median and the slowest but one in twenty of each page, and how often an answer of nothing fits in."""
    patiently(lambda: _is_calm(stack), "the services to have nothing left to do")
    print(f"  pages, warm, {READS} reads of each by one reader; wanted: p95 under {wanted_ms} ms")
    with httpx.Client(timeout=60, headers=BROWSER) as client:
        for path, url in _addresses(stack, authority, client):
            patiently(lambda: client.get(url).is_success, f"{path} to answer")  # noqa: B023 - asked before the next
            beside = url.removesuffix(path) + BESIDE
            for _ in range(WARM):
                client.get(url).raise_for_status()
            both = [(timed(lambda: client.get(url)), timed(lambda: client.get(beside))) for _ in range(READS)]  # noqa: B023
            page, nothing = ([1000 * seconds for seconds in sorted(column)] for column in zip(*both, strict=True))
            p50, p95 = page[READS // 2], page[READS * 95 // 100]
            print(
                f"    {path:<58} p50 {p50:>6.1f}  p95 {p95:>6.1f} ms, {p50 / nothing[READS // 2]:>5.1f} times {BESIDE}"
                f"{'' if p95 < wanted_ms else '  over'}"
            )


def _is_calm(stack: Stack) -> bool:
    """Whether services and servers do next to nothing: what a start brings with it is over."""
    before = sum(used(stack).values())
    time.sleep(CALM_SECONDS)
    return sum(used(stack).values()) - before < CALM_SECONDS * CALM_SHARE


def _addresses(stack: Stack, authority: str, client: httpx.Client) -> Iterator[tuple[str, str]]:
    """The demo's pages, and those one level further in."""
    for _, service, of_demo in PAGES:
        # The published files are made up for the demo's council, and no larger for a larger one.
        path = of_demo if of_demo.startswith("/benchmarks") else of_demo.replace(AUTHORITY, authority)
        yield path, stack.urls[service] + path
    line = f"/board/{authority}/{YEAR}/lines/independent"
    for service, path, found in (("ledger", line, _COMMITMENT), ("alerts", "/inbox", _ALERT)):
        yield path, stack.urls[service] + path
        further = found.search(client.get(stack.urls[service] + path).text)
        if further is not None:
            yield further[1], stack.urls[service] + further[1]
