"""The limits of the door: how fast, how large, how slowly and how strangely something may be sent."""

import gzip
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import redis
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hnb import http
from hnb.events import CASE_EVENTS, MAX_EVENT_BYTES
from hnb.service import Service
from placements.app import build
from placements.domain.pace import BURST_SECONDS, Pace, filled, full, seconds_to_wait, taken
from placements.settings import PlacementsSettings
from tests.cases import Json, issued, lodged, made, paid, withdrawn, yearly
from tests.conftest import FreshDatabase
from tests.journeys.waiting import until
from tests.placements.conftest import Metric
from tests.placements.test_tokens import MANY, ONE, bearing, make, post

Steps = list[tuple[float, int]]
STEPS: st.SearchStrategy[Steps] = st.lists(st.tuples(st.floats(0, 100), st.integers(1, 1000)), max_size=60)


@pytest.fixture
def paced(database_url: FreshDatabase, broker_url: str) -> Iterator[tuple[Service, TestClient]]:
    """Placements with a pace of two events a second, and so twenty at once."""
    settings = PlacementsSettings(
        database_url=database_url("placements"), broker_url=broker_url, require_tokens=True, events_per_second=2
    )
    service = build(settings)
    service.prepare()
    with TestClient(service.asgi(), raise_server_exceptions=False) as client:
        yield service, client


@given(rate=st.floats(0.1, 1000), steps=STEPS)
def test_whatever_the_rhythm_no_more_gets_in_than_the_pace_and_one_batch(rate: float, steps: Steps) -> None:
    pace, now, let_in, largest = Pace(rate), 0.0, 0, 0
    bucket = full(pace, now)
    for pause, events in steps:
        now += pause
        bucket = filled(bucket, pace, now)
        if not seconds_to_wait(bucket, pace):
            bucket = taken(bucket, events)
            let_in, largest = let_in + events, max(largest, events)
    assert let_in <= pace.burst + rate * now + largest + 1e-6


@given(rate=st.floats(0.1, 1000), events=st.integers(1, 1000))
def test_who_waits_as_long_as_told_is_let_in(rate: float, events: int) -> None:
    pace = Pace(rate)
    bucket = taken(full(pace, 0.0), events)
    wait = seconds_to_wait(bucket, pace)
    assert not seconds_to_wait(filled(bucket, pace, wait + 1e-6), pace)
    assert wait == 0 or seconds_to_wait(filled(bucket, pace, wait - 1.01), pace)


def test_who_sends_too_fast_is_told_when_to_go_on_and_nobody_else_is(paced: tuple[Service, TestClient]) -> None:
    service, door = paced
    hasty, calm = make(service.engine, "hasty"), make(service.engine, "calm")
    first = post(door, hasty, made())
    assert first.status_code == 202
    assert first.headers["ratelimit-policy"] == f'"events";q=20;w={BURST_SECONDS}'
    assert first.headers["ratelimit"].startswith('"events";r=19;')
    assert post(door, hasty, [made() for _ in range(20)]).status_code == 200, "a batch is taken whole, on credit"
    refused = post(door, hasty, made())
    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
    assert refused.headers["ratelimit"].startswith('"events";r=0;')
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 2
    assert post(door, calm, made()).status_code == 202
    assert door.get("/health/ready").status_code == 200
    time.sleep(wait)
    assert post(door, hasty, made()).status_code == 202


def test_a_token_may_have_a_pace_of_its_own(paced: tuple[Service, TestClient]) -> None:
    service, door = paced
    importer = make(service.engine, "importer", per_second=1000)
    for _ in range(3):
        assert post(door, importer, [made() for _ in range(300)]).status_code == 200


def test_reading_counts_against_the_pace_too(paced: tuple[Service, TestClient]) -> None:
    service, door = paced
    reader = make(service.engine, "dashboard", may=("read",))
    ask = {"url": "/waiting?authority=E06000016", "headers": bearing(reader)}
    answers = [door.get(**ask).status_code for _ in range(25)]
    assert answers[:20] == [200] * 20
    assert 429 in answers


def test_without_a_pace_nothing_is_limited_and_nothing_said_of_it(door: TestClient) -> None:
    headers = {"content-type": MANY}
    for _ in range(3):
        answer = door.post("/events", content=orjson.dumps([made() for _ in range(1000)]), headers=headers)
        assert answer.status_code == 200
        assert "ratelimit" not in answer.headers


@contextmanager
def served(service: Service) -> Iterator[int]:
    """The service behind a real HTTP server; its port."""
    server = uvicorn.Server(uvicorn.Config(service.asgi(), port=0, log_config=None, timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


HEAD = f"POST /events HTTP/1.1\r\nHost: x\r\nContent-Type: {ONE}\r\n"


def talk(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Say this to the door byte for byte, and hear what it answers until it closes or keeps silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        for part in parts:
            line.sendall(part)
            time.sleep(pause)
        heard = b""
        while b"\r\n\r\n" not in heard:
            said = line.recv(65536)
            if not said:
                break
            heard += said
        return heard


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


def test_a_real_line_may_send_in_pieces_but_not_too_much_too_slowly_or_by_halves(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(http, "BODY_SECONDS", 1.0)
    body = orjson.dumps(made())
    with served(service) as port:
        chunked = (HEAD + "Transfer-Encoding: chunked\r\n\r\n").encode()
        whole = talk(port, chunked, chunk(body[:40]), chunk(body[40:]), b"0\r\n\r\n", pause=0.05)
        assert whole.startswith(b"HTTP/1.1 202")
        large = talk(port, chunked, *[chunk(b" " * 30_000)] * 3)
        assert large.startswith(b"HTTP/1.1 413"), "measured as it comes, since no length was said"
        claimed = talk(port, (HEAD + f"Content-Length: {MAX_EVENT_BYTES + 1}\r\n\r\n").encode())
        assert claimed.startswith(b"HTTP/1.1 413"), "before any of it is sent"
        began = time.monotonic()
        slow = talk(port, (HEAD + "Content-Length: 500\r\n\r\n").encode() + b"{")
        assert slow.startswith(b"HTTP/1.1 408")
        assert 0.9 < time.monotonic() - began < 5
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            line.sendall((HEAD + "Content-Length: 500\r\n\r\n{").encode())
        assert talk(port, b"NONSENSE\r\n\r\n").startswith(b"HTTP/1.1 400")
        after = talk(port, (HEAD + f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
        assert b"202" in after.splitlines()[0], "and the door is as it was"
    assert "a request failed" not in capsys.readouterr().out


def test_a_compressed_body_is_refused_saying_what_to_send(door: TestClient) -> None:
    bomb = gzip.compress(b" " * 10_000_000)
    for body in (gzip.compress(orjson.dumps(made())), bomb):
        answer = door.post("/events", content=body, headers={"content-type": ONE, "content-encoding": "gzip"})
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
    answer = door.post("/events", content=bomb, headers={"content-type": ONE})
    assert answer.status_code == 400, "and what is compressed without saying so is no JSON"


DEEP = "[" * 1000 + "]" * 1000
PLACEMENT = orjson.dumps(made(cost=yearly(1))).decode()
STRANGE = {
    "nested a hundred thousand deep": ("[" * 100_000)[:MAX_EVENT_BYTES],
    "a type nested deeply": PLACEMENT.replace('"hnb.placement-made.v1"', DEEP),
    "data nested deeply": PLACEMENT.replace('"end_date":null', f'"end_date":{DEEP}'),
    "an unknown field nested deeply": PLACEMENT.replace('"end_date":null', f'"end_date":null,"x":{DEEP}'),
    "an id nested deeply": PLACEMENT.replace('"specversion":"1.0",', f'"specversion":"1.0","subject":{DEEP},'),
    "a number of 20 digits": PLACEMENT.replace("100,", "9" * 20 + ","),
    "a number of 60,000 digits": PLACEMENT.replace("100,", "9" * 60_000 + ","),
    "a number beyond any": PLACEMENT.replace("100,", "1e400,"),
    "not a number": PLACEMENT.replace("100,", "NaN,"),
    "half a character": PLACEMENT.replace("SET-1", "\\ud800"),
    "a null character": PLACEMENT.replace("SET-1", "a\\u0000"),
    "the year 0": PLACEMENT.replace("2025-04-01T09:00:00Z", "0001-01-01T00:00:00+23:59"),
    "the year 9999": PLACEMENT.replace("2025-04-01T09:00:00Z", "9999-12-31T23:59:59-23:59"),
    "five thousand unknown fields": PLACEMENT.replace("{", "{" + ",".join(f'"k{i}":1' for i in range(5000)) + ",", 1),
}


@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE)
def test_what_is_strange_is_refused_and_its_neighbour_goes_in(door: TestClient, body: str) -> None:
    assert body != PLACEMENT
    answer = door.post("/events", content=body.encode(), headers={"content-type": ONE})
    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert len(answer.content) < MAX_EVENT_BYTES
    batch = f"[{body},{orjson.dumps(made()).decode()}]".encode()
    answer = door.post("/events", content=batch, headers={"content-type": MANY})
    if answer.status_code != 400:  # readable: then it alone is refused
        assert [one["status"] for one in answer.json()] == ["refused", "accepted"]


def test_what_is_strange_at_the_intake_stream_is_set_aside_and_what_follows_goes_in(
    door: TestClient, broker_url: str, metric: Metric
) -> None:
    good = made()
    with redis.Redis.from_url(broker_url) as client:
        for body in STRANGE.values():
            client.xadd("case-intake", {"event": body})
        client.xadd("case-intake", {"event": orjson.dumps(good)})
        until(lambda: door.get(f"/events//capita-one/leicester/{good['id']}").status_code == 200)
        until(lambda: metric("hnb_dead_letters_total", {"service": "placements"}) == len(STRANGE))
        until(lambda: metric("hnb_stream_pending", {"stream": "case-intake", "group": "placements"}) == 0)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30) | st.dates().map(str) | st.sampled_from(sorted(CASE_EVENTS)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
GOOD = [made(cost=yearly(66_500)), issued("P-1"), lodged(), paid("PL-1", 100), withdrawn(made())]


@st.composite
def almost_events(draw: st.DrawFn) -> Any:
    """An event with one or two of its parts, or its data's, replaced, taken away or added by anything at all."""
    event: Json = orjson.loads(orjson.dumps(draw(st.sampled_from(GOOD))))
    for _ in range(draw(st.integers(1, 2))):
        part = draw(st.sampled_from([event, event["data"]] if isinstance(event.get("data"), dict) else [event]))
        name = draw(st.sampled_from(sorted(part)) | st.text(max_size=10)) if part else "x"
        if draw(st.booleans()):
            part[name] = draw(ANYTHING)
        else:
            part.pop(name, None)
    return event


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batch=st.lists(ANYTHING | almost_events(), max_size=6), single=st.booleans())
def test_no_body_whatsoever_is_our_fault(door: TestClient, batch: list[Any], single: bool) -> None:
    body = orjson.dumps(batch[0] if single and batch else batch)
    answer = door.post("/events", content=body, headers={"content-type": ONE if single and batch else MANY})
    assert answer.status_code in (200, 202, 207, 409, 413, 422), answer.text
    if answer.status_code in (200, 207):
        assert len(answer.json()) == len(batch)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), media=st.sampled_from([ONE, MANY]))
def test_no_bytes_whatsoever_are_our_fault(door: TestClient, body: bytes, media: str) -> None:
    assert door.post("/events", content=body, headers={"content-type": media}).status_code in (200, 207, 400, 422)
