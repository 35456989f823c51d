"""Statutory clocks: requests, the 20-week rate, phase transfers, tribunal orders, appeal windows."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine

from placements.api.answers import AS_CSV, Form, Report, as_asked
from placements.api.asked import After, Authority, Limit
from placements.domain import clocks as rules
from placements.reports import clocks, duties
from placements.reports.paging import Asked, cursor

Year = Annotated[int | None, Query(ge=1990, le=2099, description="a calendar year; this one when left out")]
CLOCK_COLUMNS = (
    "authority", "request_id", "received_on", "decided_on", "ordered_on", "exception", "weeks", "limit_weeks", "due_on",
    "overdue", "days_left", "decision_due_on", "no_plan_notice_due_on", "plan_due_on",
)  # fmt: skip
TIMELINESS = (
    "New plans issued in the calendar year; in time up to and on the last day of week 20 from the request. Published "
    "twice by the Department for Education: all of them, and without those an exception lifts the limit for."
)


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database; `today` is the clock's day."""
    router = APIRouter(tags=["register"], responses=AS_CSV)

    @router.get("/statutory-clocks", summary="Requests without a plan, and the limit each runs to")
    def get_clocks(form: Form, authority: Authority = "", after: After = "", limit: Limit = 1_000) -> Any:
        def rows(connection: Connection, after: str, most: int | None) -> Any:
            return clocks.running(connection, Asked(authority, after, most, today()))

        report = Report("clocks", CLOCK_COLUMNS, rows, lambda row: cursor(row["authority"], row["request_id"]))
        return as_asked(engine, form, report, after, limit)

    @router.get("/timeliness", summary="The share of plans issued within 20 weeks in a calendar year")
    def get_timeliness(form: Form, authority: Authority = "", year: Year = None) -> Any:
        """As the Department for Education computes it from SEN2, with and without exceptions; a row an authority."""
        wanted = year or today().year
        report = Report(
            "timeliness", clocks.TIMELINESS_COLUMNS, lambda connection, *_: clocks.rates(connection, authority, wanted),
            head=lambda _: {"year": wanted, "definition": TIMELINESS},
        )  # fmt: skip
        return as_asked(engine, form, report)

    _transfers(router, engine, today)
    _orders(router, engine, today)
    return router


def _transfers(router: APIRouter, engine: Engine, today: Callable[[], date]) -> None:
    @router.get("/phase-transfers", summary="Plans whose child changes phase, and by when they must say where to")
    def get_transfers(
        form: Form, authority: Authority = "", year: Year = None, after: After = "", limit: Limit = 1_000
    ) -> Any:
        """`year` is that of the September of the transfer; the one being prepared when left out."""
        wanted = year or duties.transfer_year(today())

        def rows(connection: Connection, after: str, most: int | None) -> Any:
            return duties.transfers(connection, Asked(authority, after, most, today()), wanted)

        def head(connection: Connection) -> dict[str, Any]:
            states = Counter((row["due_on"], row["state"]) for row in rows(connection, "", None))
            summary = [
                {"due_on": due_on, "state": at, "plans": plans} for (due_on, at), plans in sorted(states.items())
            ]
            return {"year": wanted, "summary": summary}

        report = Report("phase_transfers", duties.TRANSFER_COLUMNS, rows,
                        lambda row: cursor(row["authority"], row["plan_id"]), head)  # fmt: skip
        return as_asked(engine, form, report, after, limit)


def _orders(router: APIRouter, engine: Engine, today: Callable[[], date]) -> None:
    @router.get("/tribunal-deadlines", summary="What appeals against the authority ask for, by when, and whether done")
    def get_deadlines(
        form: Form,
        authority: Authority = "",
        state: Annotated[list[rules.State | None], Query(description="only these; may be given again")] = [],  # noqa: B006
        after: Annotated[int, Query(ge=0, description="how many to pass over")] = 0,
        limit: Limit = 1_000,
    ) -> Any:
        def rows(connection: Connection, after: str, most: int | None) -> Any:
            found = duties.orders(connection, Asked(authority, "", None, today()))
            wanted = [row for row in found if not state or row["state"] in state]
            ordered = sorted(wanted, key=lambda row: (row["due_on"], row["authority"], row["appeal_id"]))
            numbered = ({**row, "number": number} for number, row in enumerate(ordered, 1))
            return [row for row in numbered if row["number"] > int(after)][:most]

        report = Report("deadlines", duties.ORDER_COLUMNS, rows, lambda row: str(row["number"]))
        return as_asked(engine, form, report, str(after), limit)

    @router.get("/appeal-windows", summary="Decisions a family may still appeal, and until when")
    def get_windows(
        form: Form,
        authority: Authority = "",
        after: Annotated[int, Query(ge=0, description="how many to pass over")] = 0,
        limit: Limit = 1_000,
    ) -> Any:
        def rows(connection: Connection, after: str, most: int | None) -> Any:
            found = enumerate(duties.windows(connection, Asked(authority, "", None, today())), 1)
            return [{**row, "number": number} for number, row in found if number > int(after)][:most]

        report = Report("windows", duties.WINDOW_COLUMNS, rows, lambda row: str(row["number"]))
        return as_asked(engine, form, report, str(after), limit)
