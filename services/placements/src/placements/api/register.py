"""What the register says of a day: settings and places, who waits, who is out of area, and what does not fit."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from sqlalchemy import Connection, Engine

from placements.api.answers import AS_CSV, Form, Report, as_asked
from placements.api.asked import After, Authority, Limit, On, OneAuthority
from placements.reports import area, mismatches, places, waits
from placements.reports.paging import Asked, cursor

Settings = Annotated[Literal["all", "over-full", "vacant"], Query(description="which settings")]
Waits = Annotated[
    Literal["without-place", "to-come", "all"],
    Query(description="waits with no placement to come, with one that starts later, or both"),
]
Kind = Annotated[
    Literal["plan-without-placement", "placement-without-plan", "placement-after-plan-ceased", "overlap"] | None,
    Query(description="one kind; every kind when left out"),
]


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database; `today` is the clock's day."""
    router = APIRouter(tags=["register"], responses=AS_CSV)

    @router.get("/settings", summary="Settings and their places on a day: capacity, filled, vacant, over-full")
    def get_settings(
        form: Form, authority: Authority = "", on: On = None, only: Settings = "all", after: After = "",
        limit: Limit = 1_000,
    ) -> Any:  # fmt: skip
        return as_asked(engine, form, _settings(authority, on or today(), only), after, limit)

    @router.get("/waiting", summary="Plans in force without a placement, and for how long")
    def get_waiting(
        form: Form, authority: Authority = "", on: On = None, only: Waits = "without-place", after: After = "",
        limit: Limit = 1_000,
    ) -> Any:  # fmt: skip
        return as_asked(engine, form, _waiting(authority, on or today(), only), after, limit)

    @router.get("/waiting/summary", summary="Who waits, counted by phase, need and provision sought")
    def get_waiting_summary(form: Form, authority: Authority = "", on: On = None) -> Any:
        return as_asked(engine, form, _waiting_summary(authority, on or today()))

    @router.get("/out-of-area", summary="Placements out of area, and what local places of the same provision cost")
    def get_out_of_area(
        form: Form, authority: OneAuthority, on: On = None, after: After = "", limit: Limit = 1_000
    ) -> Any:
        return as_asked(engine, form, _out_of_area(authority, on or today()), after, limit)

    @router.get("/mismatches", summary="Plans without placements, placements without plans, overlaps")
    def get_mismatches(
        form: Form, authority: Authority = "", kind: Kind = None, on: On = None, after: After = "",
        limit: Limit = 1_000,
    ) -> Any:  # fmt: skip
        if after and after.partition(" ")[0] not in ((kind,) if kind else mismatches.KINDS):
            raise HTTPException(422, "after: not what `next` of a page said")
        return as_asked(engine, form, _mismatches(authority, on or today(), kind), after, limit)

    return router


def _settings(authority: str, day: date, only: str) -> Report:
    def rows(connection: Connection, after: str, most: int | None) -> Any:
        return places.settings(connection, Asked(authority, after, most, day), only)

    return Report("settings", places.COLUMNS, rows, lambda row: cursor(row["authority"], row["setting_id"]))


def _waiting(authority: str, day: date, only: str) -> Report:
    def rows(connection: Connection, after: str, most: int | None) -> Any:
        return waits.waits(connection, Asked(authority, after, most, day), only)

    return Report("waiting", waits.COLUMNS, rows, lambda row: cursor(row["authority"], row["plan_id"]))


def _waiting_summary(authority: str, day: date) -> Report:
    def rows(connection: Connection, after: str, most: int | None) -> Any:
        return waits.summary(waits.waits(connection, Asked(authority, "", None, day), "all"))

    def head(connection: Connection) -> dict[str, Any]:
        plans = waits.plans_in_force(connection, authority, day)
        return {"authority": authority or None, "on": day, "plans": sum(plans.values())}

    return Report("waiting", waits.SUMMARY_COLUMNS, rows, head=head)


def _out_of_area(authority: str, day: date) -> Report:
    def rows(connection: Connection, after: str, most: int | None) -> Any:
        return area.out_of_area(connection, Asked(authority, after, most, day))

    def head(connection: Connection) -> dict[str, Any]:
        return area.head(connection, Asked(authority, "", None, day))

    return Report("placements", area.COLUMNS, rows, lambda row: cursor(row["authority"], row["placement_id"]), head)


def _mismatches(authority: str, day: date, kind: str | None) -> Report:
    def rows(connection: Connection, after: str, most: int | None) -> Any:
        kinds = mismatches.KINDS if kind is None else (kind,)
        return mismatches.listed(connection, Asked(authority, after, most, day), kinds)

    return Report("mismatches", mismatches.COLUMNS, rows, mismatches.cursor)
