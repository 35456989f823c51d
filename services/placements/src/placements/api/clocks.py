"""Statutory clocks."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Engine

from hnb.database import reading
from placements import store
from placements.api.asked import Authority, Limit
from placements.domain.clocks import clock
from placements.store import Page


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database; `today` is the clock's day."""
    router = APIRouter(tags=["register"])

    @router.get("/statutory-clocks", summary="Requests without a plan, and the limit each runs to")
    def get_clocks(authority: Authority = "", after: str = "", limit: Limit = 1_000) -> dict[str, Any]:
        with reading(engine) as connection:
            rows = store.open_requests(connection, Page(authority, after, limit, today()))
        clocks = []
        for row in rows:
            at = clock(row["received_on"], row["decided_on"], today())
            clocks.append({**row, "weeks": at.weeks, "limit_weeks": at.limit_weeks, "due_on": at.due_on,
                           "overdue": at.overdue})  # fmt: skip
        return {"clocks": clocks, "next": rows[-1]["request_id"] if len(rows) == limit else None}

    return router
