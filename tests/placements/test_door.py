"""The one door: what is answered to good events, bad events, and bodies that are no events at all."""

import hashlib
from collections.abc import Callable
from typing import Any

import orjson
import psycopg
import pytest
import redis
from fastapi.testclient import TestClient
from psycopg import sql

from hnb.events import CASE_EVENTS, MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_EVENT_BYTES
from hnb.service import Service
from placements.app import build
from placements.settings import PlacementsSettings
from tests.cases import LEICESTER, Json, event, made, yearly
from tests.conftest import FreshDatabase, Servers
from tests.journeys.waiting import until
from tests.placements.conftest import Metric

ONE, MANY = "application/cloudevents+json", "application/cloudevents-batch+json"
KIND = "hnb.placement-made.v1"


def post(door: TestClient, body: Any, media: str | None = None) -> Any:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    media = media or (MANY if isinstance(body, list) else ONE)
    return door.post("/events", content=raw, headers={"content-type": media})


def said(broker_url: str, stream: str) -> list[Json]:
    with redis.Redis.from_url(broker_url) as client:
        entries: Any = client.xrange(stream)
        assert all(set(fields) == {b"event"} for _, fields in entries), "one field, holding plain JSON"
        return [orjson.loads(fields[b"event"]) for _, fields in entries]


def test_an_accepted_event_is_on_record_and_on_its_familys_stream(door: TestClient, broker_url: str) -> None:
    placement = made(cost=yearly(66_500))
    answer = post(door, placement)
    assert (answer.status_code, answer.json()) == (202, {"id": placement["id"], "status": "accepted"})
    until(lambda: said(broker_url, "placement") == [placement])
    found = door.get(f"/events/%2Fcapita-one%2Fleicester/{placement['id']}")
    assert found.json()["event"] == placement
    assert door.get(f"/events//capita-one/leicester/{placement['id']}").status_code == 200


def test_a_repeated_event_is_a_duplicate_and_is_passed_on_once(door: TestClient, broker_url: str) -> None:
    placement = made()
    assert post(door, placement).json()["status"] == "accepted"
    again = post(door, dict(reversed(placement.items())))
    assert (again.status_code, again.json()["status"]) == (202, "duplicate")
    until(lambda: len(said(broker_url, "placement")) == 1)


def test_an_id_used_again_for_other_content_is_refused_and_kept(door: TestClient, metric: Metric) -> None:
    placement = made()
    post(door, placement)
    answer = post(door, {**placement, "time": "2025-12-01T00:00:00Z"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert metric("hnb_dead_letters_total", {"service": "placements"}) == 1
    assert door.get(f"/events//capita-one/leicester/{placement['id']}").json()["event"] == placement


def test_a_bad_event_never_blocks_its_neighbours(door: TestClient, metric: Metric, broker_url: str) -> None:
    good, twice = made("PL-1"), made("PL-2")
    bad = {**made("PL-3"), "data": {"placement_id": "PL-3"}}
    answer = post(door, [good, bad, twice, twice, {**good, "time": "2025-12-01T00:00:00Z"}, "nonsense"])
    assert answer.status_code == 207
    results = answer.json()
    assert [r["status"] for r in results] == [
        "accepted", "refused", "accepted", "duplicate", "conflicting", "refused",
    ]  # fmt: skip
    assert {e["field"] for e in results[1]["errors"]} >= {"data.child_ref", "data.cost"}
    until(lambda: said(broker_url, "placement") == [good, twice])
    assert metric("hnb_events_total", {"service": "placements", "type": KIND, "outcome": "accepted"}) == 2
    assert metric("hnb_events_total", {"service": "placements", "type": KIND, "outcome": "refused"}) == 1
    assert metric("hnb_events_total", {"service": "placements", "type": "unknown", "outcome": "refused"}) == 1


def test_a_batch_whose_results_agree_is_answered_200(door: TestClient) -> None:
    batch = [made(f"PL-{i}") for i in range(3)]
    assert post(door, batch).status_code == 200
    assert post(door, batch).status_code == 200, "all duplicates"
    assert post(door, [*batch, made()]).status_code == 207
    assert post(door, []).json() == []


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        pytest.param(b"{", ONE, 400, id="not JSON"),
        pytest.param(b"\xff", ONE, 400, id="not UTF-8"),
        pytest.param(b"", ONE, 400, id="empty"),
        pytest.param(b"[]", ONE, 422, id="an array as one event"),
        pytest.param(b"{}", MANY, 422, id="an object as a batch"),
        pytest.param(b"{}", "application/json", 415, id="plain JSON"),
        pytest.param(b"{}", "", 415, id="no content type"),
        pytest.param(b"{}", ONE + "; charset=latin-1", 415, id="another charset"),
        pytest.param(b" " * (MAX_EVENT_BYTES + 1), ONE, 413, id="an event too large"),
        pytest.param(b" " * (MAX_BATCH_BYTES + 1), MANY, 413, id="a batch too large"),
        pytest.param(b"[" + b"1," * MAX_BATCH_EVENTS + b"1]", MANY, 413, id="too many events"),
    ],
)
def test_what_is_no_event_gets_the_contracts_answer(door: TestClient, body: bytes, media: str, status: int) -> None:
    answer = post(door, body, media or "text/plain")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert answer.json()["detail"]
    assert answer.headers["X-Correlation-Id"]


def test_a_body_that_does_not_say_its_length_is_measured_as_it_comes(door: TestClient) -> None:
    chunks = (b" " * 30_000 for _ in range(3))
    assert door.post("/events", content=chunks, headers={"content-type": ONE}).status_code == 413


def test_a_single_refusal_names_each_field(door: TestClient) -> None:
    answer = post(door, made(cost={"amount_pence": -1, "per": "month"}))
    assert answer.status_code == 422
    assert {e["field"] for e in answer.json()["errors"]} == {"data.cost.amount_pence", "data.cost.per"}


def test_while_the_database_is_away_the_door_says_when_to_try_again_and_accepts_nothing(
    door: TestClient, service: Service, servers: Servers
) -> None:
    placement, name = made(), service.engine.url.database
    assert name is not None
    with psycopg.connect(servers.database.admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(name)))
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        for body in (placement, [placement]):
            answer = post(door, body)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert int(answer.headers["Retry-After"]) > 0
        assert door.get("/health/ready").status_code == 503
        assert door.get("/health/live").status_code == 200
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(sql.Identifier(name)))
    until(lambda: post(door, placement).status_code == 202)
    until(lambda: door.get("/health/ready").status_code == 200)


def test_the_correlation_id_of_the_caller_comes_back(door: TestClient) -> None:
    assert door.get("/health/live", headers={"X-Correlation-Id": "abc-1"}).headers["X-Correlation-Id"] == "abc-1"
    assert door.get("/health/live", headers={"X-Correlation-Id": "a b"}).headers["X-Correlation-Id"] != "a b"


def test_any_client_may_write_to_the_intake_stream(door: TestClient, broker_url: str, metric: Metric) -> None:
    placement = made()
    with redis.Redis.from_url(broker_url) as client:
        for fields in (
            {"event": orjson.dumps(placement)},
            {"event": b"\xff not an event"},
            {"other": "field"},
            {"event": orjson.dumps({**made(), "data": {"forename": "Sam"}})},
            {"event": orjson.dumps(made("PL-2"))},
        ):
            client.xadd("case-intake", fields)
        until(lambda: len(said(broker_url, "placement")) == 2)
        until(lambda: metric("hnb_dead_letters_total", {"service": "placements"}) == 3)
        until(lambda: metric("hnb_stream_pending", {"stream": "case-intake", "group": "placements"}) == 0)
        until(lambda: client.xlen("dead-letter") == 3)


@pytest.mark.parametrize(
    ("make", "status"), [(lambda s: None, 401), (lambda s: "Basic " + s, 401), (lambda s: "Bearer wrong", 401),
                         (lambda s: f"Bearer {s}", 202)],
)  # fmt: skip
def test_with_tokens_only_their_bearers_get_in(
    database_url: FreshDatabase, broker_url: str, make: Callable[[str], str | None], status: int
) -> None:
    digest = hashlib.sha256(b"correct").hexdigest()
    settings = PlacementsSettings(
        database_url=database_url("placements"),
        broker_url=broker_url,
        tokens=digest,
    )
    service: Service = build(settings)
    service.prepare()
    value = make("correct")
    with TestClient(service.asgi()) as door:
        headers = {"content-type": ONE} | ({"authorization": value} if value else {})
        assert door.post("/events", content=orjson.dumps(made()), headers=headers).status_code == status
        assert door.get("/health/ready").status_code == 200, "health and metrics stay open"
        assert door.get("/metrics").status_code == 200


def test_every_page_of_a_service_answers(door: TestClient) -> None:
    assert door.get("/health/live").json() == {"status": "live"}
    ready = door.get("/health/ready")
    assert ready.status_code == 200
    assert set(ready.json()["parts"].values()) == {"ok"}
    openapi = door.get("/openapi.json").json()
    events = openapi["paths"]["/events"]["post"]["requestBody"]["content"]
    assert set(events) == {ONE, MANY}
    assert len(events[ONE]["schema"]["oneOf"]) == len(CASE_EVENTS)
    for reference in events[ONE]["schema"]["oneOf"]:
        assert reference["$ref"].rpartition("/")[2] in openapi["components"]["schemas"]
    assert "cdn" not in door.get("/docs").text, "the page works where no other network is reached"
    streams = door.get("/asyncapi").json()
    assert {c["address"] for c in streams["channels"].values()} >= {"case-intake", "placement", "tribunal"}
    page = door.get("/asyncapi", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert door.get("/nowhere").headers["content-type"] == "application/problem+json"
    assert door.get("/settings?limit=0").status_code == 422


def test_an_id_with_a_slash_in_it_is_found(door: TestClient) -> None:
    post(door, made(id="2025/17"))
    assert door.get("/events/%2Fcapita-one%2Fleicester/2025%2F17").status_code == 200


def test_an_event_nobody_sent_is_not_found(door: TestClient) -> None:
    assert door.get("/events/%2Fx/none").status_code == 404
    assert door.put("/events").status_code == 405


def test_the_same_id_of_two_sources_is_two_events(door: TestClient) -> None:
    one = event("ehcp-issued", {"plan_id": "P", "child_ref": "c", "issued_on": "2025-05-01"}, id="same")
    assert post(door, one).json()["status"] == "accepted"
    assert post(door, {**one, "source": "/another"}).json()["status"] == "accepted"
    assert post(door, {**one, "source": "/third", "authority": LEICESTER}).json()["status"] == "accepted"
