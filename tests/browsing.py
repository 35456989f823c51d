"""A service's pages and routes without the service: asked as a browser asks them, refused as it would refuse."""

import re
from functools import partial
from html import unescape
from http.cookies import SimpleCookie

from fastapi import APIRouter
from fastapi.testclient import TestClient
from starlette.routing import Route

from hnb.http import OPEN_PATHS, make_app
from hnb.pages import TAG, Pages, assets
from hnb.pages.refusing import InWords
from hnb.settings import ServiceSettings
from hnb.signin import EVERYBODY
from hnb.signin.desk import Desk, utc_now
from hnb.signin.guard import PageGuard, for_programs
from hnb.signin.people import grants_of
from hnb.telemetry import Telemetry

SERVERS = {"database_url": "postgresql://a@h/d", "broker_url": "redis://h"}
SIGNING_IN = {
    "oidc_issuer": "http://127.0.0.1:1", "oidc_client_id": "hnb", "oidc_client_secret": "shh",
    "session_secret": "thirty-two characters or more of it", "public_url": "http://127.0.0.1", "tokens": "ab" * 32,
}  # fmt: skip
_TAG = re.compile(r"<(?:(style|title)\b.*?</\1|[^>]*)>", re.DOTALL)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def _ready() -> dict[str, str]:
    return {}


def browse(pages: Pages, *routers: APIRouter, roles: str = "") -> TestClient:
    """A client of these routes; `headers=BROWSER` makes it a person's.

    Open on loopback; or, with roles such as `officer:E06000016`, Ann Okafor's, who has signed in.
    """
    settings = ServiceSettings.model_validate(SERVERS | (SIGNING_IN if roles else {}))
    shown = [route for router in routers for route in router.routes if isinstance(route, Route)]
    guarded = [
        route.path for route in shown if TAG in getattr(route, "tags", []) and not route.path.startswith(OPEN_PATHS)
    ]
    table = {f"/{path.split('/')[1]}": EVERYBODY for path in guarded}
    desk, programs = Desk("pages", settings, pages, utc_now), for_programs(table, routers)
    guard = partial(PageGuard, desk=desk, pages=table, tokens=lambda app: app, programs=programs)
    app = make_app("Pages", "", Telemetry("pages"), [*routers, assets()], _ready, dict, lambda _: False, guard, {})
    app.add_middleware(InWords, pages=pages)
    client = TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)
    if roles:
        line = SimpleCookie(desk.begin_session("ann", "Ann Okafor", grants_of(roles)))
        client.cookies.update({name: morsel.value for name, morsel in line.items()})
    return client


def words_of(page: str) -> str:
    """The words of a page, one space between them."""
    return " ".join(unescape(_TAG.sub(" ", page)).split())


def csrf_token_in(page: str) -> str:
    """The token of the first form that changes something; empty where there is none."""
    found = _TOKEN.search(page)
    return found[1] if found else ""
