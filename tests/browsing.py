"""A service's pages and routes without the service: asked as a browser asks them, refused as it would refuse."""

from functools import partial

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
from hnb.telemetry import Telemetry

BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def _ready() -> dict[str, str]:
    return {}


def browse(pages: Pages, *routers: APIRouter) -> TestClient:
    """A client of these routes, open on loopback; `headers=BROWSER` makes it a person's."""
    settings = ServiceSettings.model_validate({"database_url": "postgresql://a@h/d", "broker_url": "redis://h"})
    shown = [route for router in routers for route in router.routes if isinstance(route, Route)]
    guarded = [
        route.path for route in shown if TAG in getattr(route, "tags", []) and not route.path.startswith(OPEN_PATHS)
    ]
    table = {f"/{path.split('/')[1]}": EVERYBODY for path in guarded}
    desk, programs = Desk("pages", settings, pages, utc_now), for_programs(table, routers)
    guard = partial(PageGuard, desk=desk, pages=table, tokens=lambda app: app, programs=programs)
    app = make_app("Pages", "", Telemetry("pages"), [*routers, assets()], _ready, dict, lambda _: False, guard, {})
    app.add_middleware(InWords, pages=pages)
    return TestClient(app, "http://127.0.0.1", raise_server_exceptions=False)
