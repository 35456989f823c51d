"""Who gets to which page: it stands before a service's routes, and leaves what is no page to the guard of tokens."""

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter, HTTPException
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hnb.bearer import Guard
from hnb.http import read_body
from hnb.pages import TAG
from hnb.settings import is_loopback
from hnb.signin import words
from hnb.signin.cookies import SESSION_HOURS, Session, cookie, new_secret
from hnb.signin.desk import Desk, going_to
from hnb.signin.people import EVERYBODY, ON_LOOPBACK, PageRoles, Role, own_path, person_on, roles_for

MOST_FORM_BYTES = 64 * 1024
MOST_FIELDS = 100
FORM = "application/x-www-form-urlencoded"
FIELD = "csrf_token"
_READS = ("GET", "HEAD", "OPTIONS")
_FORM_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class PageGuard:
    """Puts `person`, `csrf_token` and `notice` into the state of a request to a page, or answers it itself."""

    def __init__(
        self, app: ASGIApp, desk: Desk, pages: PageRoles, tokens: Guard, programs: frozenset[str] = frozenset()
    ) -> None:
        """`programs` are addresses among the pages that answer programs: they stay behind their tokens."""
        self._app, self._desk, self._pages, self._programs = app, desk, pages, programs
        self._others = tokens(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._others(scope, receive, send)
            return
        request = Request(scope, receive)
        found = roles_for(self._pages, scope["path"])
        if scope["path"] in (words.SIGN_IN, words.DONE, words.SIGN_OUT):
            await self._signing_in(request, send)
        elif found is None or scope["path"] in self._programs:
            await self._others(scope, receive, send)
        elif found[1] is None:
            await self._app(scope, receive, send)
        elif self._desk.open:
            await self._open(request, send)
        elif self._desk.signs_in:
            await self._known(found[1], request, send)
        else:
            await self._desk.not_set_up(request)(scope, receive, send)

    async def _signing_in(self, request: Request, send: Send) -> None:
        session = self._desk.session(request) if self._desk.signs_in else None
        if session is None:
            await self._app(request.scope, request.receive, send)
            return
        self._put(request, session, EVERYBODY)
        await self._checked(request, send)

    async def _known(self, roles: frozenset[Role], request: Request, send: Send) -> None:
        """Only who is signed in, with a role that opens this page."""
        session = self._desk.session(request)
        if session is None:
            answer = self._stranger(request)
        elif not self._put(request, session, roles):
            self._put(request, session, EVERYBODY)
            has = [grant.role for grant in session.grants]
            said = words.wrong_role(session.name, has, roles, self._desk.sign_in_at(request.url.path))
            answer = self._desk.page(request, 403, said)
        else:
            await self._checked(request, send)
            return
        await answer(request.scope, request.receive, send)

    async def _open(self, request: Request, send: Send) -> None:
        """Nobody signs in: a form must show the value of a cookie, which no other site can read."""
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        if not is_loopback(host):  # a name that another site made lead here: its pages could read ours
            said = words.other_address(f"http://127.0.0.1:{self._desk.settings.port}/")
            await self._desk.page(request, 421, said)(request.scope, request.receive, send)
            return
        name = self._desk.cookie_name("form")
        kept = request.cookies.get(name, "")
        token = kept if _FORM_TOKEN.fullmatch(kept) else new_secret()
        request.scope.setdefault("state", {}).update(person=ON_LOOPBACK, csrf_token=token, notice=words.NOTICE)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and token != kept:
                line = cookie(name, token, timedelta(hours=SESSION_HOURS), https=False)
                MutableHeaders(scope=message).append("Set-Cookie", line)
            await send(message)

        await self._checked(request, answer)

    def _put(self, request: Request, session: Session, roles: frozenset[Role]) -> bool:
        person = person_on(session.subject, session.name, session.grants, roles)
        state = request.scope.setdefault("state", {})
        state.update(person=person, csrf_token=self._desk.csrf_token(session))
        return person is not None

    def _stranger(self, request: Request) -> Response:
        onward = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        reads, showed = request.method in _READS, self._desk.showed_session(request)
        if reads and not showed:
            return going_to(self._desk.sign_in_at(onward))
        if not reads:
            onward = request.headers.get("referer", "").removeprefix(self._desk.root)
        said = words.over(self._desk.sign_in_at(own_path(onward)), sent=not reads)
        answer = self._desk.page(request, 401, said)
        answer.headers.append("Set-Cookie", self._desk.end_session())
        return answer

    async def _checked(self, request: Request, send: Send) -> None:
        """On to the page; what changes something only with the token of its form."""
        if request.method in _READS:
            await self._app(request.scope, request.receive, send)
            return
        try:
            body = await read_body(request, MOST_FORM_BYTES)
        except HTTPException as error:
            await self._desk.page(request, error.status_code, words.not_taken(error.detail))(
                request.scope, request.receive, send
            )
            return
        if not self._is_ours(request, body):
            answer = self._desk.page(request, 403, words.NOT_OURS)
            await answer(request.scope, request.receive, send)
            return
        await self._app(request.scope, _replayed(body, request.receive), send)

    def _is_ours(self, request: Request, body: bytes) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != FORM or not self._desk.is_own(request):
            return False
        try:
            fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError:
            return False
        shown = fields.get(FIELD, [])
        wanted = request.scope["state"]["csrf_token"]
        return len(shown) == 1 and hmac.compare_digest(shown[0].encode(), wanted.encode())


def for_programs(pages: PageRoles, routers: Sequence[APIRouter]) -> frozenset[str]:
    """The addresses among those of pages whose routes are none; ValueError where one cannot be told from a page."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    found = {route.path for route in routes if TAG not in route.tags and roles_for(pages, route.path)}
    for path in found:
        if "{" in path:
            raise ValueError(f"{path} answers programs, and lies among the pages")
    return frozenset(found) - {route.path for route in routes if TAG in route.tags}


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body for whoever asks next: it has been read once already."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
