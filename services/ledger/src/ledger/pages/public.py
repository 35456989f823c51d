"""The public summary, open to everybody: what is published, and each edition of it."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Engine

from hnb.database import reading
from hnb.pages import TAG, Pages
from ledger import editions
from ledger.api.editions import Number, read_edition
from ledger.api.positions import OfAuthority, Year


def make_router(engine: Engine, pages: Pages) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/public", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("", summary="Every summary published")
    def get_published(request: Request) -> HTMLResponse:
        with reading(engine) as connection:
            found = editions.listed(connection)
        newest = {(one.authority, one.financial_year): one for one in reversed(found)}
        return pages.show(request, "published.html", published=sorted(newest.values(), key=lambda one: one.title))

    @router.get("/{authority}/{year}", summary="How the High Needs Block was spent in a year, for everybody")
    def get_summary(request: Request, authority: OfAuthority, year: Year, edition: Number = None) -> HTMLResponse:
        found = read_edition(engine, authority, year, edition)
        with reading(engine) as connection:
            others = editions.listed(connection, authority, year)
        return pages.show(request, "public.html", edition=found, document=found.document, editions=others)

    return router
