"""The page of an alert that a link in a message opens: what it is about, and a form to take it on. No JavaScript."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from alerts import markup
from alerts.api import Acknowledge, AlertDetail, AlertId, read_detail
from alerts.domain.episodes import AlreadyResolved, State
from alerts.handlers import Alerts
from alerts.links import BadLink, Links
from hnb.bearer import KnownTokens
from hnb.database import reading, transaction
from hnb.http import PROBLEMS, read_body
from hnb.settings import ServiceSettings

MAX_FORM_BYTES = 32 * 1024
HEADERS = {
    "Content-Security-Policy": markup.POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
}
FORM = "application/x-www-form-urlencoded"
NO_FORM = "This service makes no signed links, so nothing can be changed on this page."
_REFUSED_ON_A_PAGE: dict[int | str, dict[str, Any]] = {
    "4XX": {**PROBLEMS["4XX"], "content": {**PROBLEMS["4XX"]["content"], "text/html": {"schema": {"type": "string"}}}}
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {FORM: {"schema": {"type": "object", "required": ["by"],
                                      "properties": {"by": {"type": "string"}, "note": {"type": "string"}}}}},
    }
}  # fmt: skip
_PAGE = re.compile(r"/alerts/[^/]+/page")

Token = Annotated[str, Query(description="from the link in the message")]


@dataclass(frozen=True, slots=True)
class Door:
    """The guard of alerts: a bearer token, but on the page, whose key is its link. With no signed links, there too."""

    settings: ServiceSettings
    links: Links

    def __call__(self, app: ASGIApp) -> ASGIApp:
        guarded = KnownTokens(app, self.settings)

        async def enter(scope: Scope, receive: Receive, send: Send) -> None:
            is_page = scope["type"] == "http" and _PAGE.fullmatch(scope["path"]) is not None
            await (app if is_page and self.links.secret else guarded)(scope, receive, send)

        return enter


def make_pages(
    engine: Engine, alerts: Alerts, links: Links, now: Callable[[], datetime], after_commit: Callable[[], None]
) -> APIRouter:
    """The routes of the page, over the given database."""
    router = APIRouter(
        prefix="/alerts", tags=["pages"], default_response_class=HTMLResponse, responses=_REFUSED_ON_A_PAGE
    )

    def check(alert_id: str, token: str) -> None:
        if links.secret:
            links.recipient_of(token, alert_id, now())

    @router.get("/{alert_id}/page", summary="The page of one alert, for whoever has a link to it")
    def show(alert_id: AlertId, token: Token = "") -> Response:
        """Shows, and changes nothing however often it is fetched: what scans links in mail acknowledges nothing."""
        try:
            check(alert_id, token)
        except BadLink as error:
            return _bad_link(error)
        return _shown(engine, alert_id, token, can_answer=bool(links.secret))

    @router.post("/{alert_id}/page", summary="Take an alert on, by name, from its page", openapi_extra=_BODY)
    async def answer(request: Request, alert_id: AlertId, token: Token = "") -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise HTTPException(415, f"a form is sent as {FORM}")
        form = _fields(await read_body(request, MAX_FORM_BYTES))
        return await run_in_threadpool(take_on, alert_id, token, form)

    def take_on(alert_id: str, token: str, form: Mapping[str, str]) -> Response:
        try:
            check(alert_id, token)
        except BadLink as error:
            return _bad_link(error)
        if not links.secret:
            return _page(403, markup.notice("This alert cannot be acknowledged here", NO_FORM))
        try:
            given = Acknowledge(by=form.get("by", ""), note=form.get("note") or None)
        except ValidationError as error:
            faults = {str(e["loc"][0]): _words(str(e["loc"][0])) for e in error.errors()}
            return _shown(engine, alert_id, token, can_answer=True, status=422, form=form, faults=faults)
        try:
            with transaction(engine) as connection:
                if not alerts.acknowledge(connection, alert_id, given.by, given.note):
                    return _unknown()
        except AlreadyResolved:
            return _shown(engine, alert_id, token, can_answer=True, status=409)
        after_commit()
        # Shown by a GET of its own: to load the page again must not send the form again.
        return RedirectResponse(f"page?token={quote(token)}", 303, HEADERS)

    return router


def _shown(
    engine: Engine,
    alert_id: str,
    token: str,
    *,
    can_answer: bool,
    status: int = 200,
    form: Mapping[str, str] | None = None,
    faults: Mapping[str, str] | None = None,
) -> Response:
    try:
        with reading(engine) as connection:
            alert: AlertDetail = read_detail(connection, alert_id)
    except HTTPException:
        return _unknown()
    answerable = can_answer and alert.state is not State.RESOLVED
    return _page(status, markup.alert_page(alert, token if answerable else None, form or {}, faults or {}))


def _fields(body: bytes) -> dict[str, str]:
    """The first value of each field of a form, its line ends as everywhere else."""
    try:
        read = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise HTTPException(400, "the body is no form in UTF-8") from None
    return {name: values[0].replace("\r\n", "\n") for name, values in read.items()}


def _words(field: str) -> str:
    return {
        "by": "Enter your name, of at most 200 characters",
        "note": "Write a shorter note, without control characters",
    }.get(field, f"Check {field}")


def _bad_link(error: BadLink) -> Response:
    return _page(403, markup.notice("This link cannot be used", str(error)))


def _unknown() -> Response:
    return _page(404, markup.notice("No such alert", "There is no alert under this address."))


def _page(status: int, made: str) -> Response:
    return HTMLResponse(made, status, HEADERS)
