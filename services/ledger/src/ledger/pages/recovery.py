"""The recovery plan for those who answer for it: measures, planned against measured, reviews, decisions due."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.signin import within
from ledger.api.positions import FinancialYear, OfAuthority
from ledger.api.recovery import find_report
from ledger.domain.recovery import telling
from ledger.pages.asked import AsAt, end_of
from ledger.recovery import store
from ledger.recovery.ready import Ready


def make_router(ready: Ready, pages: Pages) -> APIRouter:
    """The routes, over the plans measured in the background."""
    router = APIRouter(prefix="/recovery-plan", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("/{authority}", summary="The recovery plan: planned against measured, reviews, decisions")
    def get_plan(
        request: Request, authority: OfAuthority, financial_year: FinancialYear = None, as_at: AsAt = None
    ) -> HTMLResponse:
        within(request, authority)
        with reading(ready.engine) as connection:
            found = find_report(
                connection, ready.ledger, ready.years, authority, financial_year, end_of(as_at),
                ready.known_at.get(authority),
            )  # fmt: skip
            changes = store.versions(connection, authority, end_of(as_at))[-1].changes
        sections = [telling.measures(found, public=False), telling.reviews(found), telling.risks(found)]
        return pages.show(request, "recovery.html", report=found, sections=sections, changes=changes, as_at=as_at)

    return router
