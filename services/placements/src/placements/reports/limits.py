"""Statutory limits of one authority that run or have passed: of requests, of tribunal orders, of phase transfers."""

from collections.abc import Iterator

from sqlalchemy import Connection

from placements.domain.clocks import DECISION_WEEKS, ORDERED_PLAN_WEEKS, PLAN_WEEKS
from placements.domain.limits import Limit
from placements.reports import clocks, duties
from placements.reports.paging import Asked

COLUMNS = ("kind", "reference", "what", "weeks", "limit_weeks", "due_on", "days_left", "overdue")
KINDS = {
    "request": "Request for an assessment",
    "order": "After an appeal",
    "transfer": "Change of phase",
}
_WHAT = {
    DECISION_WEEKS: "decide whether to assess", PLAN_WEEKS: "issue the final plan",
    ORDERED_PLAN_WEEKS: "issue the final plan after an order to assess",
}  # fmt: skip


def limits(connection: Connection, asked: Asked) -> Iterator[Limit]:
    """All of them on `asked.today`; what is done, or no event would show as done, is not among them."""
    yield from _requests(connection, asked)
    yield from _orders(connection, asked)
    for row in duties.transfers(connection, asked, duties.transfer_year(asked.today)):
        if row["met_on"] is None:
            what = f"say where the child goes ({row['transfer'].replace('-', ' ')})"
            yield Limit("transfer", row["plan_id"], what, None, None, row["due_on"], row["days_left"])


def _requests(connection: Connection, asked: Asked) -> Iterator[Limit]:
    for row in clocks.running(connection, asked):
        weeks = row["limit_weeks"]
        run = (asked.today - row["ordered_on"]).days // 7 if weeks == ORDERED_PLAN_WEEKS else row["weeks"]
        yield Limit("request", row["request_id"], _WHAT[weeks], run, weeks, row["due_on"], row["days_left"])


def _orders(connection: Connection, asked: Asked) -> Iterator[Limit]:
    for row in duties.orders(connection, asked):
        if row["state"] in ("running", "overdue"):
            days_left = (row["due_on"] - asked.today).days
            run = (7 * row["weeks"] - days_left) // 7
            yield Limit("order", row["appeal_id"], row["duty"], run, row["weeks"], row["due_on"], days_left)
