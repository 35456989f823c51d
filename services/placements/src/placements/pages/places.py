"""Places: each setting's capacity and occupancy on a day, and what that comes to by provision."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import Field
from sqlalchemy import Engine, text

from hnb.charts import Bar
from hnb.database import reading
from hnb.money import divide_half_up
from hnb.pages import TAG, Pages
from hnb.pages.paging import page_of
from hnb.provisions import Provision
from hnb.signin import person_of, within
from hnb.words import title
from placements.domain.places import fullness
from placements.pages.asked import Asked, OfAuthority, as_at, csv_link, one_of
from placements.pages.files import OF_PAGES, as_csv
from placements.reports import area, places
from placements.reports.paging import Asked as Register

_AUTHORITIES = text("""
    WITH RECURSIVE known AS (
        (SELECT authority FROM facts ORDER BY authority LIMIT 1)
        UNION ALL
        SELECT following.authority FROM known k CROSS JOIN LATERAL (
            SELECT authority FROM facts f WHERE f.authority > k.authority ORDER BY authority LIMIT 1) AS following
    )
    SELECT authority FROM known ORDER BY authority
""")  # stepped through in the index: never every fact
Row = dict[str, Any]


class Filters(Asked):
    """Which settings."""

    provision: Provision | Literal[""] = Field("", description="offering this")
    phase: str = Field("", max_length=500, description="of this phase, as they are registered")
    area: Literal["", "in", "out"] = Field("", description="in the area, or out of it")
    occupancy: Literal["", "high", "low", "not-counted"] = Field(
        "", description="over 95 per cent full, under 80 per cent, or of unknown capacity"
    )

    def hold(self, row: Row) -> bool:
        """Whether a setting is among those asked for."""
        full = "not-counted" if row["capacity"] is None else fullness(row["capacity"], row["filled"])
        return (
            self.provision in ("", row["provision"]) and self.phase in ("", row["phase"])
            and self.area in ("", "in" if row["in_area"] else "out") and self.occupancy in ("", full)
        )  # fmt: skip


def make_router(engine: Engine, pages: Pages, now: Callable[[], datetime]) -> APIRouter:
    """The routes, over the given database; `now` is the clock."""
    router = APIRouter(prefix="/places", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("", summary="The councils whose places, waits, clocks and appeals are known here")
    def get_authorities(request: Request) -> Response:
        person = person_of(request)
        with reading(engine) as connection:
            found = [one for one in connection.scalars(_AUTHORITIES) if person.may_see(one)]
        return pages.show(request, "authorities.html", authorities=found)

    @router.get("/{authority}", summary="Settings and their places on a day", responses=OF_PAGES)
    def get_places(request: Request, authority: OfAuthority, asked: Annotated[Filters, Query()]) -> Response:
        within(request, authority)
        with reading(engine) as connection:
            of = as_at(connection, authority, asked.on, now())
            every = list(places.settings(connection, Register(authority, "", None, of.day)))
            one_of("phase", asked.phase, (row["phase"] for row in every if row["phase"]))
            rows = [row for row in every if asked.hold(row)]
            away = area.cost(connection, Register(authority, "", None, of.day))
        if asked.format == "csv":
            return as_csv(engine, "places", of, places.COLUMNS, rows)
        found = places.by_provision(rows)
        return pages.show(
            request, "places.html", of=of, asked=asked, shown=page_of(request, rows, asked.page),
            phases=sorted({row["phase"] for row in every if row["phase"]}),
            provisions=sorted({row["provision"] for row in every} | {asked.provision} - {""}),
            summary=places.summary(rows), by_provision=found, occupancy=_bars(found), marked=marked, away=away,
            csv=csv_link(request),
        )  # fmt: skip

    return router


def marked(row: Row) -> tuple[str, str] | None:
    """What a setting's occupancy is called and in which colour of tag; None where there is nothing to call."""
    if row["capacity"] is None:
        return "Capacity not known", "grey"
    if row["over"]:
        return f"Over 95%: {row['over']} more than its places", "red"
    match fullness(row["capacity"], row["filled"]):
        case "high":
            return "Over 95%", "red"
        case "low":
            return "Under 80%", "blue"
        case None:
            return None


def _bars(by_provision: dict[str, dict[str, int]]) -> list[Bar]:
    return [
        Bar(title(provision), (percent := divide_half_up(100 * of["filled"], of["capacity"])), f"{percent}%")
        for provision, of in by_provision.items()
        if of["capacity"]
    ]
