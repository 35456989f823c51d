"""The recovery plan for those who answer for it: measures, planned against measured, reviews, decisions due."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Engine

from hnb.database import reading
from hnb.pages import TAG, Pages
from ledger.api.recovery import find_report
from ledger.domain.recovery import telling
from ledger.handlers import Ledger
from ledger.pages.asked import AsAt, OfAuthority, end_of
from ledger.recovery import store
from ledger.recovery.lines import Years

Year = Annotated[int | None, Query(ge=1990, le=2099, description="2025 is 2025-26; this year when left out")]


def make_router(engine: Engine, ledger: Ledger, pages: Pages) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/recovery-plan", tags=[TAG], default_response_class=HTMLResponse)
    years = Years(ledger)

    @router.get("/{authority}", summary="The recovery plan: planned against measured, reviews, decisions")
    def get_plan(
        request: Request, authority: OfAuthority, financial_year: Year = None, as_at: AsAt = None
    ) -> HTMLResponse:
        with reading(engine) as connection:
            found = find_report(connection, ledger, years, authority, financial_year, end_of(as_at))
            changes = store.versions(connection, authority, end_of(as_at))[-1].changes
        sections = [telling.measures(found, public=False), telling.reviews(found), telling.risks(found)]
        return pages.show(request, "recovery.html", report=found, sections=sections, changes=changes, as_at=as_at)

    return router
