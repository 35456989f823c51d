"""Who gets in: bearers of a token that is good, within its scope and at its pace."""

import math
from dataclasses import dataclass

import structlog
from prometheus_client import Counter
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Call

from hnb.bearer import bearer_token, token_hash, unauthorised
from hnb.http import OPEN_PATHS, problem
from hnb.telemetry import Telemetry
from placements.domain.pace import BURST_SECONDS, Pace
from placements.domain.tokens import EVERYTHING, MEANING, Scope, Token, why_beyond
from placements.settings import PlacementsSettings
from placements.tokens.roll import Roll
from placements.tokens.store import short_id

EVENTS, REGISTER = "/events", "/register"
OPERATORS = ("/dead-letters", "/conditions/replay")  # of all councils, and of what the door refused
TRAIL = "/views"  # who saw which child's record
DESCRIPTIONS = ("/docs", "/openapi.json", "/asyncapi", "/static-offline-docs")  # hold nothing of anybody's
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who is asking: the token shown, and the roll that counts what its bearer sends."""

    token: Token
    roll: Roll
    pace: Pace | None

    def charge(self, events: int) -> None:
        """Count events against the token's pace."""
        if self.pace is not None:
            self.roll.take(self.token, self.pace, events)

    def headers(self) -> dict[str, str]:
        """The pace and what is left of it, in the words of draft-ietf-httpapi-ratelimit-headers."""
        if self.pace is None:
            return {}
        left = self.roll.left(self.token, self.pace)
        refilled = math.ceil((self.pace.burst - left.level) / self.pace.per_second)
        return {
            "RateLimit-Policy": f'"events";q={math.floor(self.pace.burst)};w={BURST_SECONDS}',
            "RateLimit": f'"events";r={max(0, math.floor(left.level))};t={refilled}',
        }


def bearer_of(request: Request) -> Bearer | None:
    """Who is asking; None where the door is open and no token was shown."""
    bearer: Bearer | None = request.scope.get("state", {}).get("bearer")
    return bearer


def scope_of(request: Request) -> Scope:
    """What whoever is asking may do."""
    bearer = bearer_of(request)
    return EVERYTHING if bearer is None else bearer.token.scope


class Door:
    """The guard of placements: knows the operators' tokens of its settings and those of its roll.

    Where tokens are not asked for, a caller without one is let in; one that shows a token is held to it all the same.
    """

    def __init__(self, settings: PlacementsSettings, roll: Roll, telemetry: Telemetry) -> None:
        self._settings, self._roll = settings, roll
        self._refused = Counter(
            "hnb_door_refusals",
            "Requests turned away at the door, by reason",
            ("service", "reason"),
            registry=telemetry.registry,
        )
        self._service = telemetry.service

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def guarded(call: Call, receive: Receive, send: Send) -> None:
            if call["type"] != "http" or call["path"].startswith(OPEN_PATHS):
                await app(call, receive, send)
                return
            shown = bearer_token(Headers(scope=call))
            if shown is None:
                free = not self._settings.guarded
                await (app if free else self._turn_away("no token", unauthorised()))(call, receive, send)
                return
            bearer = await self._identify(shown)
            if isinstance(bearer, Response):
                await bearer(call, receive, send)
                return
            await self._admit(app, bearer, call, receive, send)

        return guarded

    async def _identify(self, shown: str) -> Bearer | Response:
        hashed = token_hash(shown)
        if self._settings.admits(hashed):
            token: Token | None = Token(short_id(hashed), "HNB_TOKENS", EVERYTHING)
        else:
            token = await self._roll.find(hashed)
        if token is None:
            return self._turn_away("unknown token", unauthorised("this token is not known here"))
        structlog.contextvars.bind_contextvars(token_id=token.id)
        ended = token.why_not(self._roll.now())
        if ended is not None:
            return self._turn_away("ended token", unauthorised(ended))
        return Bearer(token, self._roll, self._roll.pace(token))

    async def _admit(self, app: ASGIApp, bearer: Bearer, call: Call, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(bearer.headers())
            await send(message)

        refusal = self._beyond(bearer, call) or self._too_fast(bearer)
        if refusal is None:
            bearer.charge(1)
            call.setdefault("state", {})["bearer"] = bearer
        await (refusal or app)(call, receive, answer)

    def _beyond(self, bearer: Bearer, call: Call) -> Response | None:
        why = _why_beyond(bearer.token.scope, call)
        return None if why is None else self._turn_away("outside scope", problem(403, why))

    def _too_fast(self, bearer: Bearer) -> Response | None:
        seconds = 0 if bearer.pace is None else self._roll.wait(bearer.token, bearer.pace)
        if not seconds:
            return None
        why = f"this token's events come too fast: try again in {seconds} s"
        return self._turn_away("too fast", problem(429, why, headers={"Retry-After": str(seconds)}))

    def _turn_away(self, reason: str, answer: Response) -> Response:
        self._refused.labels(self._service, reason).inc()
        log.info("turned away at the door", reason=reason)
        return answer


def _why_beyond(scope: Scope, call: Call) -> str | None:
    """Why a token of this scope may not make this call; the events in it are looked at one by one, later."""
    path: str = call["path"]
    asked = QueryParams(call["query_string"])  # as the routes read it: one question has one meaning
    if path.startswith(DESCRIPTIONS):
        return None
    if path.startswith(OPERATORS):
        return why_beyond(scope, "manage", []) or why_beyond(scope, "records", [])
    if path == TRAIL:
        return why_beyond(scope, "manage", asked.getlist("authority"))
    if call["method"] not in ("GET", "HEAD"):
        if path == EVENTS:
            return None if "send" in scope.rights else f"this token may not {MEANING['send']}"
        return why_beyond(scope, "manage", asked.getlist("authority"))
    if path.startswith(EVENTS + "/"):  # the event itself says whose it is
        return None if "records" in scope.rights else f"this token may not {MEANING['records']}"
    return why_beyond(scope, "records" if path in (EVENTS, REGISTER) else "read", asked.getlist("authority"))
