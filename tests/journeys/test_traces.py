"""Traces through the whole system, to a real collector: from a request at the door to the message an officer gets."""

import json
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest
import redis

from hnb_local.stack import Stack
from tests.alerts.receiver import Receiver, status
from tests.cases import Json, budget, made, yearly
from tests.deploy.prometheus import PROGRAM, Prometheus
from tests.journeys.collector import Collector, Span, chain
from tests.journeys.waiting import until

ONE, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
OPEN_METRICS = {"accept": "application/openmetrics-text; version=1.0.0"}
CHILD, PLACEMENT = "pseudonym-of-a-child", "PL-of-a-child"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as opened:
        yield opened


@pytest.fixture(scope="module")
def officer() -> Iterator[Receiver]:
    """Takes messages for finance. The first time it is busy, as systems are."""
    with Receiver(status(503), status(200)) as opened:
        yield opened


@pytest.fixture(scope="module")
def stack(collector: Collector, officer: Receiver) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment, tempfile.TemporaryDirectory(prefix="hnb-test-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, under root, runs as somebody else
        environment.setenv("HNB_TRACES_URL", collector.url)
        environment.setenv("HNB_ALERT_URLS", officer.url.replace("http:", "json:"))
        environment.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        with Stack(Path(folder) / "data", say=print, durable=False) as running:
            yield running


def parent(trace: str, sampled: bool = True) -> str:
    return f"00-{trace}-{secrets.token_hex(8)}-{'01' if sampled else '00'}"


def send(stack: Stack, events: Json | list[Json], traceparent: str | None = None) -> None:
    headers = {"content-type": BATCH if isinstance(events, list) else ONE}
    headers |= {"traceparent": traceparent} if traceparent else {}
    answer = httpx.post(f"{stack.urls['placements']}/events", json=events, headers=headers, timeout=20)
    assert answer.status_code in (200, 202), answer.text


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name.startswith(name)]


def road(collector: Collector, given: str, last: str, service: str) -> list[Span]:
    """The spans from what a request was given to the first of that name of a service, once all of them have come."""
    _, trace, first, _ = given.split("-")

    def found() -> list[Span]:
        spans = collector.spans(trace)
        ends = [span for span in named(spans, last) if span.service == service and not span.failed]
        whole = chain(spans, ends[0]) if ends else []
        return whole if whole and whole[0].parent == first else []

    until(found)
    return found()


def logs(stack: Stack, service: str) -> list[dict[str, Any]]:
    lines = (stack.folder.path / "logs" / f"{service}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def position(stack: Stack, authority: str) -> Json:
    query: Json = {"authority": authority, "financial_year": 2025}
    answer: Json = httpx.get(f"{stack.urls['ledger']}/positions", params=query, timeout=20).json()
    return answer


def test_one_trace_leads_from_the_request_to_the_delivered_alert(stack: Stack, collector: Collector) -> None:
    authority, trace = "E06000016", secrets.token_hex(16)
    send(stack, [budget("grant", 8_000_000, authority=authority), budget("special", 30_000, authority=authority)])
    until(lambda: position(stack, authority).get("grant_pence") == 800_000_000)
    given = parent(trace)
    over = made(PLACEMENT, yearly(66_500), start="2025-11-03", child=CHILD, authority=authority)
    send(stack, over, given)
    whole = road(collector, given, "deliver json", "alerts")
    assert [(span.service, span.name) for span in whole[:-1]] == [
        ("placements", "POST /events"),
        ("ledger", "take hnb.placement-made.v1"),
        ("ledger", "say position"),
        ("alerts", "take hnb.position-changed.v1"),
        ("alerts", "judge"),
    ]
    # Whoever sent it began the trace: every span of it hangs, through others, on what the request was given.
    spans = collector.spans(trace)
    assert {chain(spans, span)[0].parent for span in spans} == {given.split("-")[2]}
    until(lambda: any(one.failed for one in named(collector.spans(trace), "deliver json")))  # and was turned away once
    for span in whole[:2]:
        assert span.attributes["cloudevents.event_id"] == over["id"]
        assert span.attributes["cloudevents.event_type"] == "hnb.placement-made.v1"
        assert span.attributes["hnb.authority"] == authority
    # A batch is a trace of its own, linked to those of its events.
    assert [span for span in named(collector.spans(), "hear placement") if span.links == (trace,)]


def test_the_latencies_name_the_trace_as_an_example(stack: Stack, collector: Collector) -> None:
    authority, trace = "E06200001", secrets.token_hex(16)
    send(stack, [budget("grant", 8_000_000, authority=authority), budget("special", 30_000, authority=authority)])
    until(lambda: position(stack, authority).get("grant_pence") == 800_000_000)
    send(stack, made("PL-1", yearly(66_500), start="2025-11-03", authority=authority), parent(trace))
    until(lambda: named(collector.spans(trace), "deliver json"))

    def examples(service: str, histogram: str) -> list[str]:
        answer = httpx.get(f"{stack.urls[service]}/metrics", headers=OPEN_METRICS, timeout=20)
        assert answer.headers["content-type"].startswith("application/openmetrics-text")
        return [line for line in answer.text.splitlines() if line.startswith(f"{histogram}_bucket") and trace in line]

    until(lambda: examples("alerts", "hnb_alert_delivery_seconds"))
    assert f'# {{trace_id="{trace}"}}' in examples("ledger", "hnb_event_latency_seconds")[0]
    assert examples("alerts", "hnb_event_latency_seconds")
    (request,) = examples("placements", "hnb_http_request_seconds")
    assert 'route="/events"' in request
    plain = httpx.get(f"{stack.urls['ledger']}/metrics", timeout=20)
    assert plain.headers["content-type"].startswith("text/plain")
    assert trace not in plain.text


@pytest.mark.skipif(PROGRAM is None, reason="no prometheus on PATH")
def test_a_real_prometheus_keeps_the_examples(stack: Stack, tmp_path: Path) -> None:
    trace = secrets.token_hex(16)
    with Prometheus(tmp_path, {service: [url] for service, url in stack.urls.items()}) as prometheus:
        send(stack, budget("special", 10, authority="E06200008"), parent(trace))

        def kept() -> str:
            now = time.time()
            asked: Json = {"query": "hnb_event_latency_seconds_bucket", "start": now - 600, "end": now + 60}
            return httpx.get(f"{prometheus.url}/api/v1/query_exemplars", params=asked, timeout=20).text

        until(lambda: trace in kept())


def test_log_lines_name_the_trace(stack: Stack, collector: Collector) -> None:
    authority, trace = "E06200002", secrets.token_hex(16)
    send(stack, [budget("grant", 8_000_000, authority=authority), budget("special", 30_000, authority=authority)])
    until(lambda: position(stack, authority).get("grant_pence") == 800_000_000)
    send(stack, made("PL-1", yearly(66_500), start="2025-11-03", authority=authority), parent(trace))
    until(lambda: named(collector.spans(trace), "deliver json"))
    until(lambda: [line for line in logs(stack, "alerts") if line.get("trace_id") == trace and "delivery" in line])


def test_without_a_parent_a_request_begins_a_trace(stack: Stack, collector: Collector) -> None:
    event = budget("special", 10, authority="E06200003")
    send(stack, event)

    def of_event(name: str) -> list[Span]:
        return [s for s in named(collector.spans(), name) if s.attributes.get("cloudevents.event_id") == event["id"]]

    until(lambda: of_event("take hnb.budget") and of_event("POST /events"))
    (heard,), (request,) = of_event("take hnb.budget"), of_event("POST /events")
    assert (request.parent, heard.parent, heard.trace) == ("", request.id, request.trace)


def test_events_of_a_batch_go_on_in_the_traces_their_envelopes_name(stack: Stack, collector: Collector) -> None:
    given = [parent(secrets.token_hex(16)) for _ in range(2)]
    events = [budget("special", 10, authority="E06200004") | {"traceparent": one} for one in given]
    send(stack, [*events, budget("independent", 10, authority="E06200004")])
    for one in given:
        accepted, heard = road(collector, one, "take hnb.budget", "ledger")
        assert (accepted.service, accepted.name, heard.service) == ("placements", "accept", "ledger")
        (request,) = [span for span in named(collector.spans(), "POST /events") if span.trace == accepted.links[0]]
        assert request.attributes["hnb.events"] == "3"


def test_one_event_whose_envelope_names_a_parent_needs_no_header(stack: Stack, collector: Collector) -> None:
    given = parent(secrets.token_hex(16))
    send(stack, budget("special", 10, authority="E06200005") | {"traceparent": given})
    names = [span.name for span in road(collector, given, "take hnb.budget", "ledger")]
    assert names == ["POST /events", "take hnb.budget-set.v1"]


def test_what_another_system_writes_to_the_stream_is_carried_on_too(stack: Stack, collector: Collector) -> None:
    given = parent(secrets.token_hex(16))
    event = orjson.dumps(budget("special", 10, authority="E06200006"))
    with redis.Redis.from_url(stack.broker_url) as client:
        client.xadd("case-intake", {"event": event, "traceparent": given})
        client.xadd("case-intake", {"event": orjson.dumps(budget("special", 11)), "traceparent": b"\xff nothing"})
    services = [span.service for span in road(collector, given, "take hnb.budget", "ledger")]
    assert services == ["placements", "ledger"]
    with redis.Redis.from_url(stack.broker_url) as client:
        until(lambda: client.xpending("case-intake", "placements")["pending"] == 0)


def test_what_is_not_sampled_where_it_began_is_not_here(stack: Stack, collector: Collector) -> None:
    trace, authority = secrets.token_hex(16), "E06200007"
    event = budget("special", 10, authority=authority)
    send(stack, event, parent(trace, sampled=False))
    until(lambda: position(stack, authority)["lines"])
    after = secrets.token_hex(16)
    send(stack, budget("special", 11, authority=authority), parent(after))
    until(lambda: named(collector.spans(after), "take"))
    assert not collector.spans(trace)
    assert event["id"] not in "".join(span.whole for span in collector.spans())


def test_no_trace_is_left_behind_in_the_ledger(stack: Stack) -> None:
    def kept() -> int:
        with psycopg.connect(stack.database_urls["ledger"]) as connection:
            row = connection.execute("SELECT count(*) FROM traces").fetchone()
            assert row is not None
            return int(row[0])

    until(lambda: kept() == 0)


def test_no_span_says_anything_of_a_child(stack: Stack, collector: Collector) -> None:
    """Of what came in all the tests above, whose every placement has a child and an id."""
    spans = collector.spans()
    assert {span.service for span in spans} == {"placements", "ledger", "alerts"}
    for span in spans:
        assert not {"child", "plan_id", PLACEMENT, CHILD, "7f3a9c", "PL-1", "SET-1"} & set(
            span.whole.replace('"', " ").split()
        )
        assert CHILD not in span.whole
        assert PLACEMENT not in span.whole
        assert set(span.attributes) <= {
            "cloudevents.event_id", "cloudevents.event_source", "cloudevents.event_type", "hnb.authority", "hnb.line",
            "hnb.financial_year", "hnb.events", "hnb.channel", "hnb.attempt", "http.request.method", "http.route",
            "messaging.system", "messaging.destination.name", "messaging.batch.message_count",
        }  # fmt: skip
