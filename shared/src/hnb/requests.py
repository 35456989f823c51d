"""Counts what the HTTP door was asked and how long it took, by route: never by an address, which may hold an id."""

import time
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hnb.telemetry import Telemetry

# Asked every few seconds by machines, whatever people and case systems do: they would hide how those fare.
_UNCOUNTED = frozenset({"/health/live", "/health/ready", "/metrics"})
# A caller may write any word for a method, and each would be a series of its own for ever.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"


def expect(telemetry: Telemetry, paths: Mapping[str, Mapping[str, Any]]) -> None:
    """Have the failures of each route of an OpenAPI document at nought, so that the first of them is a rise."""
    for path, methods in paths.items():
        for method in methods:
            if path not in _UNCOUNTED:
                telemetry.may_fail(method.upper(), path)


class Measured:
    """Around everything else, so that what is turned away and what fails is counted as the caller saw it."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app, self._telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None  # none where the caller went before there was an answer

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, answer)
        finally:
            route = _route(scope)
            if status is not None and route not in _UNCOUNTED:
                method = scope["method"] if scope["method"] in _METHODS else "other"
                # Where its handler began a trace, or went on with one.
                traceparent = scope.get("state", {}).get("traceparent")
                self._telemetry.answered(method, route, status, time.perf_counter() - began, traceparent)


def _route(scope: Mapping[str, Any]) -> str:
    """The template the router found, as `/alerts/{alert_id}`; `unmatched` where the request reached no route."""
    return getattr(scope.get("route"), "path_format", UNMATCHED)
