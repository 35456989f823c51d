"""Early support: what was granted in a year, for whom, and the plans that came later."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Engine

from hnb.calendar import financial_year as year_of
from placements.api.answers import AS_CSV, Form, Report, as_asked
from placements.api.asked import FinancialYear, OneAuthority
from placements.reports import support
from placements.reports.support import Year


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database; `today` is the clock's day."""
    router = APIRouter(tags=["register"], responses=AS_CSV)

    @router.get("/early-support", summary="Element 3, Inclusion Fund and early-intervention grants of a year")
    def get_early_support(form: Form, authority: OneAuthority, financial_year: FinancialYear = None) -> Any:
        year = year_of(today()) if financial_year is None else financial_year
        asked = Year(authority, year, today())

        def rows(connection: Connection, after: str, most: int | None) -> Any:
            return support.rows(connection, asked)

        return as_asked(engine, form, Report("settings", support.COLUMNS, rows, head=lambda c: support.head(c, asked)))

    return router
