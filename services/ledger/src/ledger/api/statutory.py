"""The statutory returns over HTTP: sheets as JSON, in integer pence, for whoever writes them to a file."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Engine

from hnb.calendar import financial_year as year_of
from hnb.calendar import year_label
from hnb.database import reading
from ledger.api.positions import Authority, FinancialYear, KnownAt
from ledger.domain.statutory import Sheet
from ledger.handlers import Ledger
from ledger.reports import statutory
from ledger.reports.statutory import Return

Read = Callable[[Connection, Ledger, str, int, datetime | None], Return | None]


class SheetColumn(BaseModel):
    """A column of a sheet: `pence` and `count` are whole numbers."""

    title: str
    unit: Literal["text", "count", "pence"]


class StatutorySheet(BaseModel):
    """One table of a return; every row has a value, or null, a column."""

    name: str
    columns: list[SheetColumn]
    rows: list[list[str | int | None]]


class StatutoryAnswer(BaseModel):
    """A statutory return of one authority's financial year, tied to its position."""

    statutory_return: Literal["s251", "dsg-plan"]
    authority: str
    financial_year: int
    known_at: datetime = Field(description="the moment of knowledge all its figures are of")
    sheets: list[StatutorySheet]


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/statutory", tags=["statutory returns"])

    def answer(
        name: Literal["s251", "dsg-plan"], read: Read, authority: str, year: int | None, known_at: datetime | None
    ) -> StatutoryAnswer:
        year = year_of(ledger.today()) if year is None else year
        with reading(engine) as connection:
            found = read(connection, ledger, authority, year, known_at)
        if found is None:
            raise HTTPException(404, f"nothing is known of {authority} in {year_label(year)}")
        return StatutoryAnswer(
            statutory_return=name,
            authority=authority,
            financial_year=year,
            known_at=found.known_at.astimezone(UTC),
            sheets=[_sheet(sheet) for sheet in found.sheets],
        )

    @router.get("/s251", summary="The Section 251 return: one row a line, gross, income and net")
    def get_s251(
        authority: Authority, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> StatutoryAnswer:
        return answer("s251", statutory.read_s251, authority, financial_year, known_at)

    @router.get("/dsg-plan", summary="The DSG management plan: seven placement sheets and a summary")
    def get_dsg_plan(
        authority: Authority, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> StatutoryAnswer:
        return answer("dsg-plan", statutory.read_dsg_plan, authority, financial_year, known_at)

    return router


def _sheet(sheet: Sheet) -> StatutorySheet:
    columns = [SheetColumn(title=column.title, unit=column.unit) for column in sheet.columns]
    return StatutorySheet(name=sheet.name, columns=columns, rows=[list(row) for row in sheet.rows])
