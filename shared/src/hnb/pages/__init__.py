"""The pages people look at: one look for all services, made on the server, no JavaScript, nothing from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader

from hnb import charts, words
from hnb.events import FieldError

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # a form's sender is checked by it; no address leaves for elsewhere
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
}
TAG = "pages"  # of every route that answers people: what is refused there is refused with a page
_TEMPLATES = "pages/templates"
_KEPT = "public, max-age=31536000, immutable"  # assets have their content in their address
_ASSETS = {"hnb.css": ("static/hnb.css", "text/css"), "icon.svg": ("icon.svg", "image/svg+xml")}


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a service's navigation."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a page that refuses says: what is wrong, and what to do next."""

    heading: str
    detail: str
    next_step: str
    faults: Sequence[FieldError] = ()


class Pages:
    """Shows the templates of one service, in the look all share."""

    def __init__(self, service: str, name: str, home: str, navigation: Sequence[Link] = ()) -> None:
        """`service` is the package whose `pages/templates` are shown; `home` is where its name leads."""
        every = {"hnb": PackageLoader("hnb.pages"), "govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}
        own = [PackageLoader(service, _TEMPLATES)] if files(service).joinpath(_TEMPLATES).is_dir() else []
        self._frame = {"service_name": name, "home": home, "navigation": navigation}
        self._templates = Environment(
            loader=ChoiceLoader([PrefixLoader(every), *own]),
            autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._templates.filters |= words.FILTERS
        self._templates.globals |= {
            "asset": _address,
            "bars": charts.bars,
            "fan": charts.fan,
            "in_millions": in_millions,
        }

    def show(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """The answer: a template of the service, or of `hnb/`, with these values."""
        of_request = {name: getattr(request.state, name, None) for name in ("person", "notice", "csrf_token")}
        made = self.render(template, **self._frame, **of_request, path=request.url.path, **values)
        return HTMLResponse(made, status, HEADERS)

    def render(self, template: str, **values: Any) -> str:
        """A template with these values and nothing else."""
        return self._templates.get_template(template).render(**values)

    def refuse(self, request: Request, status: int, refusal: Refusal) -> HTMLResponse:
        """A page that says what is wrong and what to do next."""
        return self.show(request, "hnb/refusal.html", status, refusal=refusal)

    def start(self) -> APIRouter:
        """The address without a path, which leads to where the service's name does."""
        router = APIRouter(tags=[TAG], include_in_schema=False)

        @router.get("/")
        def get_start() -> RedirectResponse:
            return RedirectResponse(str(self._frame["home"]), 303)

        return router


def style() -> str:
    """The style sheet, for a file that brings its own."""
    return (_asset("hnb.css") or b"").decode()


def assets() -> APIRouter:
    """The route of what pages are dressed with: built with the environment, the same for every service."""
    router = APIRouter(tags=[TAG], include_in_schema=False)

    @router.get("/assets/{name}")
    def get_asset(name: str) -> Response:
        if name not in _ASSETS or (content := _asset(name)) is None:
            return Response(status_code=404)
        headers = {"Cache-Control": _KEPT, "X-Content-Type-Options": "nosniff"}
        return Response(content, headers=headers, media_type=_ASSETS[name][1])

    return router


@cache
def _asset(name: str) -> bytes | None:
    try:
        return files(__name__).joinpath(_ASSETS[name][0]).read_bytes()
    except FileNotFoundError:
        return None


def in_millions(value: float) -> str:
    """The words at a chart's axis of millions of pounds."""
    return f"{'−' if value < 0 else ''}£{abs(value):,.1f}m"


def _address(name: str) -> str:
    return f"/assets/{name}?{sha256(_asset(name) or b'').hexdigest()[:12]}"
