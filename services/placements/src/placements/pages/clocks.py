"""Statutory clocks: the limits about to run out and those that have, the nearest first."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from sqlalchemy import Engine

from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.pages.paging import link, page_of
from hnb.signin import audit, within
from placements.domain.limits import WITHIN_DAYS, Limit, nearest_first
from placements.pages.asked import Asked, OfAuthority, as_at, csv_link
from placements.pages.files import OF_PAGES, as_csv
from placements.reports import limits
from placements.reports.paging import Asked as Register

FIRST_OF_EACH = 25
RECORDS = {"request": "request", "order": "appeal", "transfer": "plan"}


class Filters(Asked):
    """Which limits."""

    kind: Literal["", "request", "order", "transfer"] = Field("", description="of this kind")
    state: Literal["", "running-out", "overdue"] = Field("", description="about to run out, or overdue")
    within: int = Field(WITHIN_DAYS, ge=1, le=365, description="how many days ahead still counts as about to run out")


def make_router(engine: Engine, pages: Pages, now: Callable[[], datetime]) -> APIRouter:
    """The route, over the given database; `now` is the clock."""
    router = APIRouter(prefix="/clocks", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("/{authority}", summary="Statutory limits about to run out or overdue", responses=OF_PAGES)
    def get_clocks(request: Request, authority: OfAuthority, asked: Annotated[Filters, Query()]) -> Response:
        person = within(request, authority)
        with reading(engine) as connection:
            of = as_at(connection, authority, asked.on, now())
            every = list(limits.limits(connection, Register(authority, "", None, of.day)))
        found = nearest_first((one for one in every if asked.kind in ("", one.kind)), asked.within)
        lists = {"running-out": found.running_out, "overdue": found.overdue}
        wanted = [one for state, ones in lists.items() if asked.state in ("", state) for one in ones]
        # Both lists begin on the first page; one of them alone is shown page by page.
        shown = page_of(request, lists[asked.state], asked.page) if asked.state else None
        parts = {asked.state: shown.rows} if shown else {state: ones[:FIRST_OF_EACH] for state, ones in lists.items()}
        seen = wanted if asked.format == "csv" else [one for ones in parts.values() for one in ones]
        for kind, record in RECORDS.items():
            audit.viewed(engine, person, record, authority, [one.reference for one in seen if one.kind == kind])
        if asked.format == "csv":
            return as_csv(engine, "clocks", of, limits.COLUMNS, map(_as_row, wanted))
        return pages.show(
            request, "clocks.html", of=of, asked=asked, found=found, parts=parts, shown=shown, kinds=limits.KINDS,
            whole={state: link(request, state=state, page="") for state in lists}, csv=csv_link(request),
        )  # fmt: skip

    return router


def _as_row(one: Limit) -> dict[str, Any]:
    return {**asdict(one), "overdue": one.overdue}
