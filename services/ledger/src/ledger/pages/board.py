"""Finance's board: a year's position against its budgets, where the reserve is going, what moved, what to look at."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection, Engine

from hnb.calendar import year_label
from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.provisions import Fund, fund_of
from hnb.signin import audit, person_of, within
from hnb.words import title
from ledger import positions, store
from ledger.api.positions import OfAuthority, Year
from ledger.domain.exceptions import TITLES, Kind
from ledger.domain.reserve import reserve_points
from ledger.pages.asked import AsAt, Form, end_of
from ledger.pages.files import as_file, sheet
from ledger.positions import Position, line_figures
from ledger.reports import moved, waiting
from ledger.reports.exceptions import Counting
from ledger.runs.store import last_years

WEEK = timedelta(days=7)
MOVERS = 10
MOST_WAITING = 100
COLUMNS = [
    ("Line", "text"), ("Fund", "text"), ("Budget", "pence"), ("Committed", "pence"), ("Spent", "pence"),
    ("Headroom", "pence"), ("Provisional", "pence"), ("Contingent", "pence"), ("Full-year effect", "pence"),
]  # fmt: skip
LOOKED_AT = [
    ("What", "text"), ("Commitment", "text"), ("Line", "text"), ("By", "pence"), ("Due", "pence"), ("Paid", "pence"),
]  # fmt: skip


def make_router(engine: Engine, pages: Pages, counting: Counting) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/board", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("", summary="The years whose books are open here")
    def get_years(request: Request) -> Response:
        with reading(engine) as connection:
            years = positions.years(connection)
        may_see = person_of(request).may_see
        return pages.show(request, "years.html", years={whose: of for whose, of in years.items() if may_see(whose)})

    @router.get("/{authority}/{year}", summary="The position of a year, for finance")
    def get_board(
        request: Request, authority: OfAuthority, year: Year, as_at: AsAt = None, form: Form = "html"
    ) -> Response:
        person = within(request, authority)
        with reading(engine) as connection:
            position = known(connection, authority, year, end_of(as_at))
            if form != "html":
                return as_file(form, f"position-{authority}-{year}", [_as_sheet(position)])
            since = position.known_at - WEEK
            forecast = {one.financial_year: one.reserve for one in last_years(connection, authority)}
            movers = moved.most(connection, authority, year, since, position.known_at, MOVERS)
            values: dict[str, Any] = {
                "position": position,
                "effect": position.full_year_effect.get(store.TOTAL, 0),
                "reserve": reserve_points({year: position.reserve}, forecast),
                "lines": moved.by_line(connection, authority, year, since, position.known_at),
                "movers": movers,
                "since": since,
                "waiting": len(waiting.read(connection, waiting.Asked(authority, None, None, MOST_WAITING))),
                "most_waiting": MOST_WAITING,
                "unpriced": waiting.unpriced(connection, authority),
                "exceptions": {kind: counting.found.get(authority, {}).get((year, kind)) for kind in Kind},
                "kinds": TITLES,
                "as_at": as_at,
            }
        audit.viewed(engine, person, "board", authority, [mover.commitment_id for mover in movers])
        return pages.show(request, "board.html", **values)

    @router.get("/{authority}/{year}/exceptions", summary="What finance has to look at, the largest of each kind")
    def get_exceptions(request: Request, authority: OfAuthority, year: Year, form: Form = "html") -> Response:
        person = within(request, authority)
        found = {kind: counting.found.get(authority, {}).get((year, kind)) for kind in Kind}
        with reading(engine) as connection:
            known(connection, authority, year, None)
            events = waiting.read(connection, waiting.Asked(authority, None, None, MOST_WAITING))
        seen = [one.commitment_id for ones in found.values() if ones for one in ones.largest]
        audit.viewed(engine, person, "exceptions", authority, seen)
        if form != "html":
            rows = [
                (TITLES[kind], one.commitment_id, one.provision, one.amount_pence, one.due_pence, one.paid_pence)
                for kind, ones in found.items() if ones for one in ones.largest
            ]  # fmt: skip
            return as_file(form, f"exceptions-{authority}-{year}", [sheet("Exceptions", LOOKED_AT, rows)])
        return pages.show(
            request, "exceptions.html", authority=authority, year=year, found=found, kinds=TITLES, events=events
        )

    return router


def known(connection: Connection, authority: str, year: int, known_at: datetime | None) -> Position:
    """The position; 404 where nothing at all is known of the year."""
    position = positions.read(connection, authority, year, known_at)
    if not position.lines and not position.reserve.grant_pence and not position.reserve.opening_pence:
        when = "" if known_at is None else f" at {known_at:%d %B %Y}"
        raise HTTPException(404, f"nothing is known{when} of {authority} in {year_label(year)}")
    return position


def _as_sheet(position: Position) -> dict[str, Any]:
    effect = position.full_year_effect
    rows = [
        (title(line), str(fund_of(line)), *line_figures(found, effect.get(line, 0)).values())
        for line, found in position.lines.items()
    ]
    total = ("Total", str(Fund.HIGH_NEEDS), *line_figures(position.total, effect.get(store.TOTAL, 0)).values())
    return sheet("Position", COLUMNS, [*rows, total])
