"""The formal review of tribunals."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Connection, Engine

from hnb.calendar import Span, financial_year, year_start
from hnb.database import reading
from hnb.events import Day
from placements.api.answers import AS_CSV, Form, Report, as_asked
from placements.api.asked import OneAuthority
from placements.reports import tribunals

From = Annotated[
    Day | None, Query(alias="from", description="the first day; of the financial year `to` is in when left out")
]
To = Annotated[Day | None, Query(description="the last day; today when left out")]
Part = Annotated[
    Literal[
        "months", "years", "appeal_types", "sections", "outcomes", "costs_by_kind", "costs_by_hearing", "root_causes",
        "mediations", "mediation_effect", "caseload_by_month", "caseload_by_officer", "suppliers",
    ] | None,
    Query(description="one table of the review; all of it when left out"),
]  # fmt: skip
TIDY = ("part", "row", "measure", "value")


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database; `today` is the clock's day."""
    router = APIRouter(tags=["register"], responses=AS_CSV)

    @router.get("/tribunals", summary="The formal review: appeals, outcomes, costs, causes, mediation, caseload")
    def get_tribunals(form: Form, authority: OneAuthority, since: From = None, to: To = None, part: Part = None) -> Any:
        """As CSV all of it is one table of part, row, measure and value; with `part`, a table with its own columns."""
        last = to or today()
        span = Span(since or year_start(financial_year(last)), last)
        if span.days == 0:
            raise HTTPException(422, "from: is after to")
        if form == "json":
            with reading(engine) as connection:
                answer = tribunals.review(connection, authority, span)
            return answer if part is None else {key: answer[key] for key in (*_HEAD, part)}
        if part is None:
            return as_asked(engine, form, Report("tribunals", TIDY, lambda c, *_: _tidy(c, authority, span)))
        with reading(engine) as connection:
            rows = tribunals.review(connection, authority, span)[part]
        return as_asked(engine, form, Report(part, tribunals.COLUMNS[part], lambda *_: rows))

    return router


_HEAD = ("authority", "from", "to", "recorded", "reliable_from", "notes")


def _tidy(connection: Connection, authority: str, span: Span) -> Any:
    return tribunals.tidy(tribunals.review(connection, authority, span))
