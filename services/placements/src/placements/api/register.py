"""Settings and who waits for a place."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Engine

from hnb.database import reading
from placements import store
from placements.api.asked import Authority, Limit
from placements.store import Page


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database; `today` is the clock's day."""
    router = APIRouter(tags=["register"])

    @router.get("/settings", summary="Settings, their capacity and the places filled today")
    def get_settings(authority: Authority = "", after: str = "", limit: Limit = 1_000) -> dict[str, Any]:
        with reading(engine) as connection:
            rows = store.settings(connection, Page(authority, after, limit, today()))
        return {
            "settings": [{"authority": r["authority"], **r["data"], "filled": r["filled"]} for r in rows],
            "next": rows[-1]["data"]["setting_id"] if len(rows) == limit else None,
        }

    @router.get("/waiting", summary="Plans in force without a placement, and for how long")
    def get_waiting(authority: Authority = "", after: str = "", limit: Limit = 1_000) -> dict[str, Any]:
        with reading(engine) as connection:
            rows = store.waiting(connection, Page(authority, after, limit, today()))
        kept = ("plan_id", "issued_on", "primary_need", "year_group")
        return {
            "waiting": [
                {"authority": r["authority"], **{k: r["data"].get(k) for k in kept}, "days": r["days"]} for r in rows
            ],
            "next": rows[-1]["data"]["plan_id"] if len(rows) == limit else None,
        }

    return router
