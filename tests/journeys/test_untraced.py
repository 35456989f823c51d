"""Without traces nothing of them is there; and a collector that is away or slow holds up nothing and loses no event."""

import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import httpx
import psycopg
import pytest
import redis
from pydantic import ValidationError

from hnb.broker import FAMILY_STREAMS
from hnb.settings import ServiceSettings
from hnb_local.processes import free_ports
from hnb_local.stack import Stack
from tests.alerts.receiver import Receiver, closed
from tests.cases import LEICESTER, budget, made, yearly
from tests.journeys.waiting import until

BATCH = {"content-type": "application/cloudevents-batch+json"}
TRACED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
PARTS = ("opentelemetry.sdk.trace", "opentelemetry.exporter", "google.protobuf", "hnb.tracing")
EVENTS = 3_000
WIRED = """
import sys
from {service}.app import build
from {service}.settings import {Service}Settings
service = build({Service}Settings())
service.asgi()
loaded = sorted(name for name in {parts} if name in sys.modules)
if service.tracing: service.tracing.stop()
print("loaded", *loaded)
"""


@contextmanager
def started(traces_url: str | None) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment, tempfile.TemporaryDirectory(prefix="hnb-test-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, under root, runs as somebody else
        environment.delenv("HNB_TRACES_URL", raising=False)
        if traces_url is not None:
            environment.setenv("HNB_TRACES_URL", traces_url)
            environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        with Stack(Path(folder) / "data", say=print, durable=False) as running:
            yield running


def has_protobuf(pid: int) -> bool:
    """Whether a process has the library loaded that traces are written with."""
    return "google/_upb" in Path(f"/proc/{pid}/maps").read_text()


def play(stack: Stack) -> float:
    """Thousands of events that ask to be traced, until all are in the position: how many seconds that took."""
    events = [budget("grant", 8_000_000), budget("special", 10_000)]
    events += [made(f"PL-{n}", yearly(100), end="2026-03-31", child=f"c{n}") for n in range(EVENTS)]
    began = time.monotonic()
    for start in range(0, len(events), 500):
        posted = httpx.post(
            f"{stack.urls['placements']}/events", json=events[start : start + 500], headers=BATCH | TRACED, timeout=20
        )
        assert posted.status_code == 200, posted.text
    query = {"authority": LEICESTER, "financial_year": "2025"}
    url = f"{stack.urls['ledger']}/positions"
    until(lambda: httpx.get(url, params=query, timeout=20).json()["total"]["committed_pence"] == EVENTS * 10_000)
    until(lambda: httpx.get(f"{stack.urls['alerts']}/alerts", timeout=20).json()["alerts"])
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("service", "url"), [("placements", ""), ("ledger", ""), ("alerts", ""), ("ledger", "http://127.0.0.1:9")]
)
def test_nothing_of_opentelemetrys_is_loaded_where_no_collector_is_named(service: str, url: str) -> None:
    """But what FastAPI and redis-py themselves import where it is installed, which does nothing by itself."""
    environment = {
        "HNB_DATABASE_URL": f"postgresql://{service}@127.0.0.1:1/{service}", "HNB_TRACES_URL": url,
        "HNB_BROKER_URL": "redis://127.0.0.1:1/0",
    }  # fmt: skip
    script = WIRED.format(service=service, Service=service.capitalize(), parts=PARTS)
    ended = subprocess.run(
        [sys.executable, "-P", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert ended.stdout.splitlines()[-1].split() == ["loaded", *(sorted(PARTS) if url else [])]


def test_without_a_collector_a_request_that_asks_for_a_trace_leaves_none() -> None:
    with started(None) as stack:
        play(stack)
        assert not any(has_protobuf(stack.processes[name]) for name in ("placements", "ledger", "alerts"))
        with redis.Redis.from_url(stack.broker_url) as client:
            for stream in (*FAMILY_STREAMS, "position", "condition", "alert"):
                assert all(set(fields) == {b"event"} for _, fields in client.xrange(stream))
            assert client.xlen("alert") > 0
        for service, table in (("placements", "outbox"), ("ledger", "outbox"), ("alerts", "deliveries")):
            with psycopg.connect(stack.database_urls[service]) as connection:
                row = connection.execute(f"SELECT count(traceparent) FROM {table}").fetchone()
                assert row == (0,)
        with psycopg.connect(stack.database_urls["ledger"]) as connection:
            assert connection.execute("SELECT count(*) FROM traces").fetchone() == (0,)


def test_a_collector_that_is_away_holds_up_nothing_and_loses_no_event() -> None:
    (port,) = free_ports(1)
    with started(f"http://127.0.0.1:{port}") as stack:
        play(stack)
        assert all(has_protobuf(stack.processes[name]) for name in ("placements", "ledger", "alerts"))
        assert all(httpx.get(f"{url}/health/ready", timeout=20).status_code == 200 for url in stack.urls.values())
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 20


def test_a_collector_that_never_answers_holds_up_nothing_and_loses_no_event() -> None:
    over = threading.Event()

    def silence(handler: BaseHTTPRequestHandler) -> None:
        over.wait(60)
        closed(handler)

    with Receiver(silence) as collector, started(collector.url) as stack:
        play(stack)
        until(lambda: collector.received)
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 20
    over.set()


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("", None),
        (" ", None),
        ("http://collector:4318", "http://collector:4318/v1/traces"),
        ("http://collector:4318/", "http://collector:4318/v1/traces"),
        ("https://otlp.example.org/council/v1/traces", "https://otlp.example.org/council/v1/traces"),
    ],
)
def test_the_address_of_a_collector_may_leave_out_the_path(given: str, taken: str | None) -> None:
    settings = ServiceSettings(
        database_url="postgresql://a@127.0.0.1/a", broker_url="redis://127.0.0.1/0", traces_url=given
    )
    assert settings.traces_url == taken


@pytest.mark.parametrize("given", ["collector:4318", "grpc://collector:4317", "http://", "http://collector?x=1"])
def test_what_is_no_address_of_a_collector_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="is not of the form http://host:port, of a collector"):
        ServiceSettings(database_url="postgresql://a@127.0.0.1/a", broker_url="redis://127.0.0.1/0", traces_url=given)
