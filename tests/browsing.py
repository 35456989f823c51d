"""A service's pages and routes without the service: asked as a browser asks them, refused as it would refuse."""

from fastapi import APIRouter
from fastapi.testclient import TestClient

from hnb.http import make_app
from hnb.pages import Pages, assets
from hnb.pages.refusing import InWords
from hnb.telemetry import Telemetry

BROWSER = {"accept": "text/html,application/xhtml+xml"}


async def _ready() -> dict[str, str]:
    return {}


def browse(pages: Pages, *routers: APIRouter) -> TestClient:
    """A client of these routes; `headers=BROWSER` makes it a person's."""
    app = make_app(
        "Pages", "", Telemetry("pages"), [*routers, assets()], _ready, dict, lambda _: False, lambda app: app, {}
    )  # fmt: skip
    app.add_middleware(InWords, pages=pages)
    return TestClient(app, raise_server_exceptions=False)
