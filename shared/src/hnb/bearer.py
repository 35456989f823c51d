"""Bearer tokens at an HTTP door: how one is read and refused, and the door that knows its tokens by their hashes."""

import hashlib
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from hnb.http import OPEN_PATHS, problem
from hnb.settings import ServiceSettings


class Guard(Protocol):
    """What stands in front of a service's routes: ASGI in, ASGI out."""

    def __call__(self, app: ASGIApp) -> ASGIApp: ...


def bearer_token(headers: Headers) -> str | None:
    """The token of `Authorization: Bearer …`; None without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def token_hash(token: str) -> bytes:
    """What is kept of a token, and what it is found by: its SHA-256.

    Looking it up takes as long as it takes, and tells nothing: whoever times it learns about a hash they cannot choose.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def unauthorised(why: str | None = None) -> Response:
    """401, as RFC 6750 wants it: `why` the token shown is not good, or none was shown."""
    if why is None:
        return problem(401, "a bearer token is needed", headers={"WWW-Authenticate": "Bearer"})
    return problem(401, why, headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{why}"'})


class KnownTokens:
    """Lets in only whom the settings know, where they know any; without any, the door is open (on loopback only)."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if not self._settings.tokens or scope["path"].startswith(OPEN_PATHS):
            return None
        token = bearer_token(Headers(scope=scope))
        if token is None:
            return unauthorised()
        return None if self._settings.admits(token_hash(token)) else unauthorised("this token is not known here")
