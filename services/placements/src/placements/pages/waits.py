"""Waits: plans in force without a placement, for how long, by phase, need and provision. References only."""

from collections.abc import Callable
from datetime import datetime
from statistics import median_low
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from sqlalchemy import Engine

from hnb.charts import Bar
from hnb.database import reading
from hnb.events.fields import Need
from hnb.needs import NEEDS
from hnb.pages import TAG, Pages
from hnb.pages.paging import page_of
from hnb.provisions import Provision
from hnb.signin import audit, within
from placements.domain.phases import NOT_KNOWN, PHASES
from placements.pages.asked import Asked, OfAuthority, as_at, csv_link
from placements.pages.files import OF_PAGES, as_csv
from placements.reports import waits
from placements.reports.paging import Asked as Register

Row = dict[str, Any]
_NEEDS = (*get_args(Need), NOT_KNOWN)


class Filters(Asked):
    """Which waits."""

    phase: Literal["", *PHASES] = Field("", description="of children in this phase")  # type: ignore[valid-type]
    need: Literal["", *_NEEDS] = Field("", description="of this primary need")  # type: ignore[valid-type]
    provision: Provision | Literal["", "not-known"] = Field("", description="seeking this")
    only: Literal["all", "without-place", "to-come"] = Field(
        "all", description="with no placement to come, with one that starts later, or both"
    )

    def hold(self, row: Row) -> bool:
        """Whether a wait is among those asked for."""
        place = "without-place" if row["place_from"] is None else "to-come"
        return (
            self.phase in ("", row["phase"]) and self.need in ("", row["primary_need"] or NOT_KNOWN)
            and self.provision in ("", row["provision_sought"] or NOT_KNOWN) and self.only in ("all", place)
        )  # fmt: skip


def make_router(engine: Engine, pages: Pages, now: Callable[[], datetime]) -> APIRouter:
    """The route, over the given database; `now` is the clock."""
    router = APIRouter(prefix="/waits", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("/{authority}", summary="Who waits for a placement, and how long", responses=OF_PAGES)
    def get_waits(request: Request, authority: OfAuthority, asked: Annotated[Filters, Query()]) -> Response:
        person = within(request, authority)
        with reading(engine) as connection:
            of = as_at(connection, authority, asked.on, now())
            every = list(waits.waits(connection, Register(authority, "", None, of.day), "all"))
            plans = waits.plans_in_force(connection, authority, of.day).get(authority, 0)
        rows = sorted((row for row in every if asked.hold(row)), key=_longest_first)
        shown = page_of(request, rows, asked.page)
        seen = rows if asked.format == "csv" else shown.rows
        audit.viewed(engine, person, "plan", authority, [row["plan_id"] for row in seen])
        if asked.format == "csv":
            return as_csv(engine, "waits", of, waits.COLUMNS, rows)
        days = [row["days_waiting"] for row in rows]
        return pages.show(
            request, "waits.html", of=of, asked=asked, shown=shown, plans=plans, phases=PHASES, needs=NEEDS,
            without_place=sum(row["place_from"] is None for row in rows), longest=max(days, default=None),
            median=median_low(days) if days else None, summary=waits.summary(rows), csv=csv_link(request),
            lengths=[Bar(words, count, str(count)) for words, count in waits.lengths(rows)],
        )  # fmt: skip

    return router


def _longest_first(row: Row) -> tuple[int, str]:
    return -row["days_waiting"], row["plan_id"]
