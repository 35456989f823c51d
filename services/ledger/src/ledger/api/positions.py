"""The money as JSON: positions, and what moved between two of them."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel
from sqlalchemy import Engine

from hnb.calendar import financial_year as year_of
from hnb.database import reading
from hnb.http import Moment
from hnb.provisions import fund_of
from ledger import positions, store
from ledger.handlers import Ledger
from ledger.positions import line_figures, reserve_figures
from ledger.reports import changes

LISTED_AT_ONCE = 10_000
Authority = Annotated[str, Query(pattern=r"^E\d{8}$", description="an ONS code, such as E06000016")]
KnownAt = Annotated[Moment | None, Query(description="as known at this moment; now when left out")]
OfAuthority = Annotated[str, Path(pattern=r"^E\d{8}$", description="an ONS code, such as E06000016")]
Year = Annotated[int, Path(ge=1990, le=2099, description="2025 is 2025-26")]
FinancialYear = Annotated[int | None, Query(ge=1990, le=2099, description="2025 is 2025-26; this year when left out")]


class LineFigures(BaseModel):
    """One line's figures, in pence."""

    budget_pence: int
    committed_pence: int
    spent_pence: int
    headroom_pence: int
    provisional_pence: int
    contingent_pence: int
    full_year_effect_pence: int


class PositionLine(LineFigures):
    """One provision line of a position."""

    provision: str
    fund: str


class PositionAnswer(BaseModel):
    """The position of one authority's financial year. The total holds the High Needs Block alone."""

    authority: str
    financial_year: int
    known_at: datetime
    lines: list[PositionLine]
    total: LineFigures
    grant_pence: int
    in_year_balance_pence: int
    reserve_opening_pence: int
    reserve_closing_pence: int


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter()

    @router.get("/positions", tags=["positions"], summary="The position of a financial year, line by line")
    def get_position(
        authority: Authority, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> PositionAnswer:
        year = year_of(ledger.today()) if financial_year is None else financial_year
        with reading(engine) as connection:
            position = positions.read(connection, authority, year, known_at)
        effect = position.full_year_effect
        return PositionAnswer(
            authority=authority,
            financial_year=year,
            known_at=position.known_at.astimezone(UTC),
            lines=[
                PositionLine(provision=line, fund=fund_of(line), **line_figures(of_line, effect.get(line, 0)))
                for line, of_line in position.lines.items()
            ],
            total=LineFigures(**line_figures(position.total, effect.get(store.TOTAL, 0))),
            **reserve_figures(position.reserve),
        )

    @router.get("/positions/changes", tags=["positions"], summary="What moved between two moments of knowledge")
    def get_changes(
        authority: Authority,
        since: Annotated[Moment, Query(alias="from")],
        until: Annotated[Moment, Query(alias="to")],
        financial_year: FinancialYear = None,
        most: Annotated[
            int, Query(ge=1, le=LISTED_AT_ONCE, description="the largest parts listed of each line")
        ] = 1_000,
    ) -> dict[str, Any]:
        """The parts of a line sum to its movement, and the lines of the High Needs Block to the total, to the penny.

        Of a line with more parts than `most` the largest are listed, and a remainder that sums with them.
        """
        year = year_of(ledger.today()) if financial_year is None else financial_year
        if until < since:
            raise HTTPException(422, "to: is before from")
        with reading(engine) as connection:
            lines = changes.read(connection, authority, year, since, until)
        found = changes.as_json(lines, most)
        return {"authority": authority, "financial_year": year, "from": since, "to": until, **found}

    return router
