"""The page that a signed link in a message opens: what the alert is about, and a form to take it on."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from alerts.api import Acknowledge, AlertId, read_detail, unknown
from alerts.domain import records
from alerts.domain.episodes import OVER, AlreadyResolved
from alerts.handlers import Alerts
from alerts.links import BadLink, Links, in_inbox
from alerts.pages.forms import REFUSED_ON_A_PAGE, Wrong, body_of, read_form, taken
from alerts.pages.showing import in_words, write_down
from hnb.bearer import KnownTokens
from hnb.database import reading, transaction
from hnb.pages import HEADERS, TAG, Pages, Refusal
from hnb.settings import ServiceSettings
from hnb.signin import Person

_PAGE = re.compile(r"/alerts/[^/]+/page")

Token = Annotated[str, Query(description="from the link in the message")]


class Door:
    """The guard of alerts where links are signed: a bearer token, but on the page, whose key is its link."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app, self._guarded = app, KnownTokens(app, settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_page = scope["type"] == "http" and _PAGE.fullmatch(scope["path"]) is not None
        await (self._app if is_page else self._guarded)(scope, receive, send)


def make_router(
    engine: Engine, alerts: Alerts, links: Links, pages: Pages, now: Callable[[], datetime], wake: Callable[[], None]
) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/alerts", tags=[TAG], default_response_class=HTMLResponse, responses=REFUSED_ON_A_PAGE)

    def shown(
        request: Request, alert_id: str, recipient: str, status: int = 200, form: Mapping[str, str] | None = None,
        faults: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        with reading(engine) as connection:
            alert = read_detail(connection, alert_id)
        # Nobody signs in, so the trail says to whom the link was sent; whoever that forwarded it to is not known.
        holder = Person(f"link/{recipient}", recipient, frozenset(), frozenset())
        write_down(engine, holder, "alert", [(alert.authority, records.of_evidence(alert.scope, alert.evidence))])
        return pages.show(
            request, "linked.html", status, alert=alert, said=in_words(alert), form=form or {}, faults=faults or {},
            over=alert.state in OVER,
        )  # fmt: skip

    def refused(request: Request, alert_id: str, error: BadLink) -> Response:
        open_it = f"Open {links.root}{in_inbox(alert_id)} instead, which asks you to sign in."
        return pages.refuse(request, 403, Refusal("This link cannot be used", str(error), open_it))

    @router.get("/{alert_id}/page", summary="The page of one alert, for whoever has a link to it")
    def show(request: Request, alert_id: AlertId, token: Token = "") -> Response:
        """Shows, and changes nothing however often it is fetched: what scans links in mail acknowledges nothing."""
        try:
            recipient = links.recipient_of(token, alert_id, now())
        except BadLink as error:
            return refused(request, alert_id, error)
        return shown(request, alert_id, recipient)

    @router.post(
        "/{alert_id}/page", summary="Take an alert on, by name, from its page",
        openapi_extra=body_of("by", "note"),
    )  # fmt: skip
    async def answer(request: Request, alert_id: AlertId, token: Token = "") -> Response:
        return await run_in_threadpool(take_on, request, alert_id, token, await read_form(request))

    def take_on(request: Request, alert_id: str, token: str, form: Mapping[str, str]) -> Response:
        try:
            recipient = links.recipient_of(token, alert_id, now())
        except BadLink as error:
            return refused(request, alert_id, error)
        try:
            given = taken(Acknowledge, form)
            with transaction(engine) as connection:
                if not alerts.acknowledge(connection, alert_id, given.by, given.note):
                    raise unknown(alert_id)
        except Wrong as wrong:
            return shown(request, alert_id, recipient, 422, form, wrong.faults)
        except AlreadyResolved:
            return shown(request, alert_id, recipient, 409)
        wake()
        # Shown by a GET of its own: to load the page again must not send the form again.
        return RedirectResponse(f"page?token={quote(token)}", 303, HEADERS)

    return router
