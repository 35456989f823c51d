"""Finance's board: a year's position against its budgets, where the reserve is going, what moved, what to look at."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Connection, Engine, text

from hnb.calendar import year_label
from hnb.charts import Point
from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.provisions import Fund, fund_of
from hnb.signin import audit, person_of, within
from hnb.words import title
from ledger import positions, store
from ledger.api.positions import OfAuthority, Year
from ledger.domain.exceptions import Kind
from ledger.pages.asked import AsAt, Form, end_of
from ledger.pages.files import as_file, sheet
from ledger.positions import Position, line_figures
from ledger.reports import moved, waiting
from ledger.reports.exceptions import Counting
from ledger.runs.store import LastYear, last_years

MILLION = 100_000_000  # pence
WEEK = timedelta(days=7)
MOVERS = 10
MOST_WAITING = 100
KINDS = {
    Kind.OVER_PAID: "Paid more than the whole year costs", Kind.NO_COMMITMENT: "Paid, and what it is for is not known",
    Kind.UNPAID: "Due long ago and not paid", Kind.APART: "Paid and cost apart, with the year over",
}  # fmt: skip
COLUMNS = [
    ("Line", "text"), ("Fund", "text"), ("Budget", "pence"), ("Committed", "pence"), ("Spent", "pence"),
    ("Headroom", "pence"), ("Provisional", "pence"), ("Contingent", "pence"), ("Full-year effect", "pence"),
]  # fmt: skip
LOOKED_AT = [
    ("What", "text"), ("Commitment", "text"), ("Line", "text"), ("By", "pence"), ("Due", "pence"), ("Paid", "pence"),
]  # fmt: skip
_YEARS = text("""
    SELECT DISTINCT authority, financial_year FROM balances WHERE line = :total ORDER BY authority, financial_year DESC
""")
_UNPRICED = text("""
    SELECT count(*) FROM conditions WHERE authority = :authority AND condition = 'placement-unpriced' AND active
""")


def make_router(engine: Engine, pages: Pages, counting: Counting) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/board", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("", summary="The years whose books are open here")
    def get_years(request: Request) -> Response:
        with reading(engine) as connection:
            rows = connection.execute(_YEARS, {"total": store.TOTAL}).all()
        years: dict[str, list[int]] = {}
        for row in rows:
            if person_of(request).may_see(row.authority):
                years.setdefault(row.authority, []).append(row.financial_year)
        return pages.show(request, "years.html", years=years)

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
            movers = moved.most(connection, authority, year, since, position.known_at, MOVERS)
            values = {
                "position": position,
                "effect": position.full_year_effect.get(store.TOTAL, 0),
                "reserve": _reserve(position, last_years(connection, authority)),
                "lines": moved.by_line(connection, authority, year, since, position.known_at),
                "movers": movers,
                "since": since,
                "waiting": len(waiting.read(connection, waiting.Asked(authority, None, None, MOST_WAITING))),
                "most_waiting": MOST_WAITING,
                "unpriced": connection.execute(_UNPRICED, {"authority": authority}).scalar_one(),
                "exceptions": {kind: counting.found.get(authority, {}).get((year, kind)) for kind in Kind},
                "kinds": KINDS,
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
                (KINDS[kind], one.commitment_id, one.provision, one.amount_pence, one.due_pence, one.paid_pence)
                for kind, ones in found.items() if ones for one in ones.largest
            ]  # fmt: skip
            return as_file(form, f"exceptions-{authority}-{year}", [sheet("Exceptions", LOOKED_AT, rows)])
        return pages.show(
            request, "exceptions.html", authority=authority, year=year, found=found, kinds=KINDS, events=events
        )

    return router


def known(connection: Connection, authority: str, year: int, known_at: datetime | None) -> Position:
    """The position; 404 where nothing at all is known of the year."""
    position = positions.read(connection, authority, year, known_at)
    if not position.lines and not position.reserve.grant_pence and not position.reserve.opening_pence:
        when = "" if known_at is None else f" at {known_at:%d %B %Y}"
        raise HTTPException(404, f"nothing is known{when} of {authority} in {year_label(year)}")
    return position


def _reserve(position: Position, forecast: Sequence[LastYear]) -> list[Point]:
    """From where the year opened, through its close, to where the last forecast sees it."""
    close = position.reserve.closing_pence / MILLION
    points = [
        Point(year_label(position.year - 1), position.reserve.opening_pence / MILLION),
        Point(year_label(position.year), close, close, close),
    ]
    for one in forecast:
        if one.financial_year > position.year:
            spread = one.reserve
            points.append(
                Point(year_label(one.financial_year), spread.p50 / MILLION, spread.p10 / MILLION, spread.p90 / MILLION)
            )
    return points


def _as_sheet(position: Position) -> dict[str, Any]:
    effect = position.full_year_effect
    rows = [
        (title(line), str(fund_of(line)), *line_figures(found, effect.get(line, 0)).values())
        for line, found in position.lines.items()
    ]
    total = ("Total", str(Fund.HIGH_NEEDS), *line_figures(position.total, effect.get(store.TOTAL, 0)).values())
    return sheet("Position", COLUMNS, [*rows, total])
