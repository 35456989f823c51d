"""What is counted of the HTTP door: every answer as its caller saw it, by route, and never by an address."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from hnb.bearer import unauthorised
from hnb.http import make_app
from hnb.requests import Measured
from hnb.telemetry import Telemetry


class Note(BaseModel):
    """A body with a field."""

    number: int


def routes() -> APIRouter:
    router = APIRouter(prefix="/alerts")

    @router.get("/{alert_id}")
    async def one(alert_id: str) -> str:
        return alert_id

    @router.post("/{source:path}/note")
    def take(source: str, note: Note) -> Note:
        return note

    @router.get("/{alert_id}/fault")
    def fault(alert_id: str) -> str:
        raise RuntimeError("our fault")

    @router.get("/{alert_id}/export")
    def export(alert_id: str) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"begun"
            raise RuntimeError("in the middle of it")

        return StreamingResponse(pieces())

    return router


def closed_to_some(app: ASGIApp) -> ASGIApp:
    """A guard that turns away whoever asks for what is closed."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        closed = scope["type"] == "http" and scope["path"].startswith("/closed")
        await (unauthorised() if closed else app)(scope, receive, send)

    return guarded


async def ready() -> dict[str, str]:
    return {"database": "ok"}


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry("alerts")


def ask(telemetry: Telemetry, *requests: tuple[str, str]) -> list[int]:
    """Methods and addresses, asked one after the other; the status of each answer."""
    app = make_app("Alerts", "", telemetry, [routes()], ready, dict, lambda _: False, closed_to_some, {})

    async def all_of_them() -> list[int]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://alerts") as client:
            return [(await client.request(method, address)).status_code for method, address in requests]

    return asyncio.run(all_of_them())


def counted(telemetry: Telemetry) -> dict[tuple[str, str, str], float]:
    """Requests by method, route and status; as many were timed."""
    samples = [sample for family in telemetry.registry.collect() for sample in family.samples]
    found = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): sample.value
        for sample in samples
        if sample.name == "hnb_http_requests_total" and sample.value
    }
    timed = sum(sample.value for sample in samples if sample.name == "hnb_http_request_seconds_count")
    assert timed == sum(found.values())
    return found


def test_an_answer_is_counted_by_its_route_and_not_by_its_address(telemetry: Telemetry) -> None:
    asked = [("GET", "/alerts/A-1"), ("GET", "/alerts/A-2"), ("POST", "/alerts/capita/one/note")]
    assert ask(telemetry, *asked) == [200, 200, 422]
    assert counted(telemetry) == {
        ("GET", "/alerts/{alert_id}", "200"): 2, ("POST", "/alerts/{source}/note", "422"): 1,
    }  # fmt: skip


def test_what_fails_is_counted_as_what_the_caller_was_answered(telemetry: Telemetry) -> None:
    ask(telemetry, ("GET", "/alerts/A-1/fault"), ("GET", "/alerts/A-1/export"))
    assert counted(telemetry) == {
        ("GET", "/alerts/{alert_id}/fault", "500"): 1, ("GET", "/alerts/{alert_id}/export", "200"): 1,
    }  # fmt: skip


def test_failures_stand_at_nought_before_the_first(telemetry: Telemetry) -> None:
    def failures(route: str, status: str) -> float | None:
        labels = {"service": "alerts", "method": "GET", "route": route, "status": status}
        return telemetry.registry.get_sample_value("hnb_http_requests_total", labels)

    ask(telemetry, ("GET", "/alerts/A-1"))
    assert [failures("/alerts/{alert_id}", status) for status in ("500", "503")] == [0, 0]
    assert failures("/metrics", "500") is None


def test_what_reached_no_route_is_counted_without_its_address(telemetry: Telemetry) -> None:
    asked = [("GET", "/nothing/4711"), ("GET", "/closed/4711"), ("GET", "/alerts/%00"), ("DELETE", "/alerts/A-1")]
    assert ask(telemetry, *asked) == [404, 401, 422, 405]
    assert counted(telemetry) == {
        ("GET", "unmatched", "404"): 1, ("GET", "unmatched", "401"): 1, ("GET", "unmatched", "422"): 1,
        ("DELETE", "/alerts/{alert_id}", "405"): 1,
    }  # fmt: skip


def test_a_caller_cannot_make_up_series(telemetry: Telemetry) -> None:
    ask(telemetry, *((f"BREW{n}", "/alerts/A-1") for n in range(20)), *(("GET", f"/{n}") for n in range(20)))
    assert counted(telemetry) == {("other", "/alerts/{alert_id}", "405"): 20, ("GET", "unmatched", "404"): 20}


def test_health_and_metrics_are_not_counted(telemetry: Telemetry) -> None:
    asked = [("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/metrics"), ("GET", "/asyncapi")]
    assert ask(telemetry, *asked) == [200, 200, 200, 200]
    assert counted(telemetry) == {("GET", "/asyncapi", "200"): 1}


def test_nothing_is_counted_where_nobody_was_answered(telemetry: Telemetry) -> None:
    async def nobody(scope: Scope, receive: Receive, send: Send) -> None: ...

    asyncio.run(Measured(nobody, telemetry)({"type": "http", "method": "GET"}, None, None))  # type: ignore[arg-type]
    assert counted(telemetry) == {}
