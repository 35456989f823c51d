"""The HTTP side every service has: problem details, correlation ids, body limits, health and metrics."""

import asyncio
import re
import uuid
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi_offline import FastAPIOffline
from prometheus_client.exposition import choose_encoder
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hnb.events import FieldError
from hnb.requests import Measured, expect
from hnb.telemetry import Telemetry

PROBLEM = "application/problem+json"
OPEN_PATHS = ("/health/", "/metrics", "/assets/", "/public")
BODY_SECONDS = 30.0  # for the whole of a body: 8 MiB at 2 Mbit/s, and an end to whoever sends a byte now and then
# Traces are our own (hnb.tracing): FastAPI's, which its environment could switch on, have addresses with ids in them.
UNTRACED = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

log = structlog.get_logger(__name__)
Readiness = Callable[[], Awaitable[dict[str, str]]]


class FieldProblem(BaseModel):
    """One thing wrong with a request: the field, as a dotted path, and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = Field(None, description="each field at fault, where fields are")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "Refused, with the reason",
        "content": {PROBLEM: {"schema": Problem.model_json_schema()}},
    },
    "5XX": {
        "description": "Failed, or not ready",
        "content": {PROBLEM: {"schema": Problem.model_json_schema()}},
    },
}


def problem(
    status: int, detail: str, errors: Sequence[FieldError] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem-details answer."""
    listed = [FieldProblem(field=e.field, message=e.message) for e in errors] or None
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=listed)
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, media_type=PROBLEM)


def _written_out(value: object) -> object:
    try:
        float(value)  # type: ignore[arg-type]  # a TypeError where it is neither
    except (TypeError, ValueError, OverflowError):
        return value
    raise PydanticCustomError("moment", "a moment is written like 2025-09-30T17:00:00Z")


# A number would be seconds since 1970: `known_at=20250930` would be answered, and wrongly.
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]


class Unavailable(Exception):
    """Something this answer needs is away for now; the caller should try again after some seconds."""


def make_app(
    title: str,
    description: str,
    telemetry: Telemetry,
    routers: Sequence[APIRouter],
    readiness: Readiness,
    asyncapi: Callable[[], dict[str, Any]],
    is_passing: Callable[[BaseException], bool],
    guard: Callable[[ASGIApp], ASGIApp],
    schemas: dict[str, Any],
    **options: Any,
) -> FastAPI:
    """The application: the service's own routers and the pages every service has, behind its guard."""
    app = FastAPIOffline(
        title=title, description=description, version="1", redoc_url=None, telemetry=UNTRACED, **options
    )
    for router in routers:
        app.include_router(router, responses=PROBLEMS)
    app.include_router(_own_pages(telemetry, readiness, title, asyncapi))
    document = app.openapi()  # FastAPI keeps the document it made
    document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)

    @app.exception_handler(AnyHTTPException)  # FastAPI's own refusals too: a body that is no text, a wrong method
    async def _refused(_: Request, error: AnyHTTPException) -> Response:
        return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        faults = [FieldError(".".join(str(p) for p in e["loc"][1:]) or "body", e["msg"]) for e in error.errors()]
        return problem(422, "; ".join(f"{f.field}: {f.message}" for f in faults), faults)

    app.add_middleware(_Outermost, guard=guard, is_passing=is_passing)
    expect(telemetry, app.openapi()["paths"])
    app.add_middleware(Measured, telemetry=telemetry)  # the last one added is outside the others
    return app


def _own_pages(
    telemetry: Telemetry, readiness: Readiness, title: str, asyncapi: Callable[[], dict[str, Any]]
) -> APIRouter:
    router = APIRouter()

    @router.get("/health/live", tags=["operations"], summary="Whether the process runs")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @router.get("/health/ready", tags=["operations"], summary="Whether the service can do its work, part by part")
    async def ready() -> JSONResponse:
        parts = await readiness()
        well = all(state == "ok" for state in parts.values())
        return JSONResponse({"status": "ready" if well else "not ready", "parts": parts}, 200 if well else 503)

    @router.get("/metrics", tags=["operations"], summary="Figures for Prometheus", response_class=PlainTextResponse)
    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(telemetry.registry), headers={"Content-Type": content_type})

    @router.get("/asyncapi", tags=["operations"], summary="What is heard and said on streams (AsyncAPI 3)")
    def streams(request: Request) -> Response:
        if "text/html" in request.headers.get("accept", ""):
            return HTMLResponse(asyncapi_page(title, asyncapi()))
        return JSONResponse(asyncapi())

    return router


def asyncapi_page(title: str, document: dict[str, Any]) -> str:
    """The AsyncAPI document for a person: one heading a channel, one disclosure a message. No scripts, no CDN."""
    from html import escape
    from json import dumps

    parts = []
    for name, channel in document["channels"].items():
        messages = "".join(
            f"<details><summary>{escape(key)}</summary><pre>{escape(dumps(message, indent=2))}</pre></details>"
            for key, message in channel.get("messages", {}).items()
        )
        parts.append(
            f"<h2>{escape(channel.get('address', name))}</h2><p>{escape(channel.get('description', ''))}</p>{messages}"
        )
    schemas = escape(dumps(document["components"], indent=2))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}: streams</title>'
        "<style>body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "pre{overflow:auto;background:#f3f2f1;padding:1rem}</style>"
        f"<h1>{escape(title)}: streams</h1><p>{escape(document['info'].get('description', ''))}</p>{''.join(parts)}"
        f"<h2>Components</h2><details><summary>Schemas</summary><pre>{schemas}</pre></details></html>"
    )


async def read_body(request: Request, limit: int) -> bytes:
    """The body, refused with 413 as soon as it passes the limit, before the rest is read.

    One that is compressed is refused with 415, one that does not arrive in time with 408, one that breaks off with 400.
    """
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if packed != "identity":  # unpacked, a small body may be a very large one
        raise HTTPException(415, f"send the body as it is, without the content encoding {packed:.20}",
                            {"Accept-Encoding": "identity"})  # fmt: skip
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise HTTPException(413, f"the body is larger than {limit} bytes")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise HTTPException(413, f"the body is larger than {limit} bytes")
    except TimeoutError:
        raise HTTPException(408, f"the body did not arrive within {BODY_SECONDS:g} seconds",
                            {"Connection": "close"}) from None  # fmt: skip
    except ClientDisconnect:  # nobody is there to read the answer, and nothing of the body counts
        raise HTTPException(400, "the body broke off") from None
    return bytes(body)


class _Outermost:
    """Gives every request a correlation id and every failure an answer, the guard's own too."""

    def __init__(
        self, app: ASGIApp, guard: Callable[[ASGIApp], ASGIApp], is_passing: Callable[[BaseException], bool]
    ) -> None:
        self.app, self.is_passing = guard(app), is_passing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-correlation-id", "")
        correlation = given if _CORRELATION_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation)

        started = False

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["X-Correlation-Id"] = correlation
            await send(message)

        try:
            await (_zero_byte(scope) or self.app)(scope, receive, answer)
        except Exception as error:
            if started:
                raise
            await self._failed(error)(scope, receive, answer)

    def _failed(self, error: Exception) -> Response:
        if isinstance(error, Unavailable | TimeoutError) or self.is_passing(error):
            log.warning("not available for now", error=str(error)[:500])
            return problem(503, "not available for now; try again", headers={"Retry-After": "2"})
        log.exception("a request failed")
        return problem(500, "this is our fault, and it is logged under the correlation id")


def _zero_byte(scope: Scope) -> Response | None:
    """422 where the address holds a zero byte: no id has one, and PostgreSQL takes no text with one."""
    if "\x00" in scope["path"] or b"%00" in scope["query_string"] or b"\x00" in scope["query_string"]:
        return problem(422, "the address holds a zero byte, which nothing here is named with")
    return None
