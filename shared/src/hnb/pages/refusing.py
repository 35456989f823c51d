"""Refusals for people: where a browser asked, a page says what is wrong and what to do next, whoever refused it."""

from collections.abc import MutableMapping
from typing import Any

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hnb.events import FieldError
from hnb.http import PROBLEM, Problem
from hnb.pages import Pages, Refusal

_SAID = {
    401: ("You need to sign in", "Sign in, then open this page again."),
    403: ("You cannot see this page", "If your work needs it, ask whoever runs this system for the role it takes."),
    404: ("Page not found", "Check the address, or begin at the start page."),
    405: ("This address takes no such request", "Go back, and use the form or the link on the page."),
    409: ("This has changed meanwhile", "Load the page again to see how it stands now."),
    413: ("That is too long", "Shorten it, and send it again."),
    415: ("That could not be read", "Go back, and use the form on the page."),
    422: ("Something you asked for cannot be shown", "Correct what is named here, in the form or in the address."),
    500: ("Sorry, there is a problem", "Nothing was changed. Try again later; if it stays, give the reference below."),
    503: ("Not available for now", "Nothing is lost. Try again in a minute."),
}


class InWords:
    """Turns problem details into a page where a browser asked; other programs get them as they are."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or "text/html" not in Headers(scope=scope).get("accept", ""):
            await self._app(scope, receive, send)
            return
        held: list[MutableMapping[str, Any]] = []
        body = bytearray()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_problem(message):
                held.append(message)
            elif not held:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await self._page(Request(scope), held[0], bytes(body))(scope, receive, send)

        await self._app(scope, receive, answer)

    def _page(self, request: Request, start: MutableMapping[str, Any], body: bytes) -> ASGIApp:
        found, headers = Problem.model_validate_json(body), MutableHeaders(raw=start["headers"])
        for name in ("content-type", "content-length"):
            del headers[name]
        heading, next_step = _SAID.get(start["status"], _SAID[404 if start["status"] < 500 else 500])
        detail = found.detail
        if start["status"] >= 500:
            detail = f"Reference: {headers.get('x-correlation-id', 'none')}"
        faults = [FieldError(fault.field, fault.message) for fault in found.errors or ()]
        refusal = Refusal(heading, "" if faults else f"{detail[:1].upper()}{detail[1:]}.", next_step, faults)
        response = self._pages.refuse(request, start["status"], refusal)
        response.headers.update({name: value for name, value in headers.items() if name not in response.headers})
        return response


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith(PROBLEM)
