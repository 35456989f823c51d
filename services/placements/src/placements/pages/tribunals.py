"""The tribunal review: how many appeals, how they ended, why, what mediation goes with and what it all cost."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from hnb.calendar import Span
from hnb.charts import Bar
from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.signin import within
from placements.api.tribunals import TIDY
from placements.domain.appeals import UNRELIABLE
from placements.pages.asked import OfAuthority, On, as_at, csv_link
from placements.pages.files import OF_PAGES, as_csv
from placements.reports import tribunals

SINCE = date(2020, 4, 1)  # from where the review's own figures begin
NAMES = {
    "upheld": "Upheld", "part-upheld": "Upheld in part", "dismissed": "Dismissed", "conceded": "Conceded",
    "withdrawn": "Withdrawn", "mediated": "Settled by mediation", "not-said": "Not said",
    "refusal-to-assess": "Refusal to assess", "refusal-to-issue": "Refusal to issue a plan",
    "contents": "Contents of the plan", "cease-to-maintain": "Ceasing the plan",
    "officer": "Officers' time", "legal": "Legal advice", "consultant": "Consultants",
    "expert-witness": "Expert witnesses", "other": "Other",
    "resolved": "Resolved", "part-resolved": "Resolved in part", "unresolved": "Not resolved",
    "with": "With a hearing", "without": "Without a hearing",
    "before": "Mediated before", "none": "Not mediated",
}  # fmt: skip


class Filters(BaseModel):
    """Which span."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: On = Field(None, alias="from", description="the first day; 1 April 2020 when left out")
    to: On = Field(None, description="the last day; today when left out")
    format: Literal["html", "csv"] = Field("html", description="a page, or the whole review as a file")


def make_router(engine: Engine, pages: Pages, now: Callable[[], datetime]) -> APIRouter:
    """The route, over the given database; `now` is the clock."""
    router = APIRouter(prefix="/tribunals", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("/{authority}", summary="Appeals: volumes, outcomes, causes, mediation, cost", responses=OF_PAGES)
    def get_review(request: Request, authority: OfAuthority, asked: Annotated[Filters, Query()]) -> Response:
        within(request, authority)
        with reading(engine) as connection:
            of = as_at(connection, authority, asked.to, now())
            span = Span(asked.since or SINCE, of.day)
            if span.days == 0:
                raise HTTPException(422, f"from: {span.first} is after the last day, {span.last}; give an earlier one")
            review = tribunals.review(connection, authority, span)
        if asked.format == "csv":
            return as_csv(engine, "tribunals", of, TIDY, tribunals.tidy(review))
        return pages.show(
            request, "tribunals.html", of=of, span=span, review=review, total=review["total"], names=NAMES,
            unreliable=UNRELIABLE, csv=csv_link(request),
            lodged=[Bar(row["financial_year"], row["lodged"], str(row["lodged"])) for row in review["years"]],
        )  # fmt: skip

    return router
