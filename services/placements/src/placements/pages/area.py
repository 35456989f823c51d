"""Placements out of area, each beside the local alternative and what that would cost."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from sqlalchemy import Engine

from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.pages.paging import page_of
from hnb.provisions import Provision
from hnb.signin import audit, within
from placements.domain.alternatives import BASES, MEANING
from placements.domain.phases import PHASES
from placements.pages.asked import Asked, OfAuthority, as_at, csv_link
from placements.pages.files import OF_PAGES, as_csv
from placements.reports import area
from placements.reports.paging import Asked as Register

Row = dict[str, Any]


class Filters(Asked):
    """Which placements."""

    provision: Provision | Literal[""] = Field("", description="of this")
    phase: Literal["", *PHASES] = Field("", description="of children in this phase")  # type: ignore[valid-type]
    alternative: Literal["", "yes", "no"] = Field("", description="with a local place free that would do, or without")

    def hold(self, row: Row) -> bool:
        """Whether a placement is among those asked for."""
        has = "no" if row["alternative_setting_id"] is None else "yes"
        return (
            self.provision in ("", row["provision"]) and self.phase in ("", row["phase"])
            and self.alternative in ("", has)
        )  # fmt: skip


def make_router(engine: Engine, pages: Pages, now: Callable[[], datetime]) -> APIRouter:
    """The route, over the given database; `now` is the clock."""
    router = APIRouter(prefix="/places", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("/{authority}/out-of-area", summary="Placements out of area and local alternatives", responses=OF_PAGES)
    def get_out_of_area(request: Request, authority: OfAuthority, asked: Annotated[Filters, Query()]) -> Response:
        person = within(request, authority)
        with reading(engine) as connection:
            of = as_at(connection, authority, asked.on, now())
            register = Register(authority, "", None, of.day)
            every, not_registered = area.compared(connection, register), area.not_registered(connection, register)
        rows = [row for row in every.rows if asked.hold(row)]
        shown = page_of(request, sorted(rows, key=_dearest_first), asked.page)
        seen = rows if asked.format == "csv" else shown.rows
        audit.viewed(engine, person, "placement", authority, [row["placement_id"] for row in seen])
        if asked.format == "csv":
            return as_csv(engine, "out-of-area", of, area.COLUMNS, rows)
        return pages.show(
            request, "out-of-area.html", of=of, asked=asked, shown=shown, total=every.total, bases=BASES,
            phases=PHASES, meaning=MEANING, not_registered=not_registered, csv=csv_link(request),
            provisions=sorted({row["provision"] for row in every.rows} | {asked.provision} - {""}),
        )  # fmt: skip

    return router


def _dearest_first(row: Row) -> tuple[int, str]:
    return -(row["cost_a_year_pence"] or 0), row["placement_id"]
