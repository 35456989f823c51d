"""What is said and counted of statutory limits: conditions for officers, and figures for Prometheus."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from prometheus_client.metrics_core import Metric
from sqlalchemy import Connection

from hnb.calendar import ONE_DAY, financial_year
from hnb.conditions.rules import Condition, morning
from placements.domain.clocks import clock, stage, weeks_after
from placements.metrics import gauge
from placements.reports import clocks, duties, tribunals
from placements.reports.paging import Asked

TRIBUNAL_YEARS = 3  # financial years told of appeals: this one and two before
Counts = Iterable[tuple[tuple[str, ...], float]]


def clocks_running_out(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """Requests at weeks 5 and 6 without a decision, and at 16, 18 and 20 without a plan; the value is the week."""
    today = at.date()
    for row in clocks.running(connection, Asked(authority, "", None, today)):
        weeks = stage(clock(row["received_on"], row["decided_on"], today, row["ordered_on"]))
        if weeks is not None:
            name = "clock-decision" if row["decided_on"] is None else "clock-plan"
            since = morning(weeks_after(row["received_on"], weeks))
            yield Condition(row["authority"], name, f"request/{row['request_id']}", weeks, "weeks", since)


def orders_overdue(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """Appeals with something the tribunal ordered still to be done after its last day, since the day after."""
    due: dict[str, date] = {}
    for row in duties.orders(connection, Asked(authority, "", None, at.date())):
        if row["state"] == "overdue":
            appeal_id = row["appeal_id"]
            due[appeal_id] = min(due.get(appeal_id, row["due_on"]), row["due_on"])
    for appeal_id, due_on in due.items():
        since = morning(due_on + ONE_DAY)
        yield Condition(authority, "tribunal-order-overdue", f"appeal/{appeal_id}", since=since)


def count(connection: Connection, today: date) -> Iterator[Metric]:
    """Clocks, the 20-week rate, phase transfers, orders and appeals, per authority."""
    yield gauge(
        "hnb_statutory_clocks", "Requests running to a limit, by its weeks and whether it has passed",
        ["authority", "limit_weeks", "state"],
        Counter(
            (row["authority"], str(row["limit_weeks"]), "overdue" if row["overdue"] else "running")
            for row in clocks.running(connection, _all(today))
        ).items(),
    )  # fmt: skip
    yield gauge(
        "hnb_plans_issued", "New plans issued in a calendar year, with and without those an exception is made for",
        ["authority", "year", "exceptions", "within_20_weeks"], _plans_issued(connection, today),
    )  # fmt: skip
    yield gauge(
        "hnb_phase_transfers", "Plans whose child changes phase, by the day they must say where to",
        ["authority", "due_on", "state"],
        Counter(
            (row["authority"], str(row["due_on"]), row["state"])
            for row in duties.transfers(connection, _all(today), duties.transfer_year(today))
        ).items(),
    )  # fmt: skip
    yield gauge(
        "hnb_tribunal_deadlines", "Things to be done after appeals against the authority", ["authority", "state"],
        Counter((row["authority"], row["state"]) for row in duties.orders(connection, _all(today))).items(),
    )  # fmt: skip
    yield from _tribunals(connection, today)


def _plans_issued(connection: Connection, today: date) -> Iterator[tuple[tuple[str, ...], float]]:
    for year in (today.year - 1, today.year):
        for row in clocks.rates(connection, "", year):
            for exceptions, ending in (("included", ""), ("excluded", "_excluding_exceptions")):
                within = row[f"within_20_weeks{ending}"]
                labels = (row["authority"], str(year), exceptions)
                yield (*labels, "yes"), within
                yield (*labels, "no"), row[f"plans_issued{ending}"] - within


def _tribunals(connection: Connection, today: date) -> Iterator[Metric]:
    counted: dict[str, list[tuple[tuple[str, ...], float]]] = {what: [] for what in _TRIBUNALS}
    for what, authority, year, of, amount in tribunals.counts(connection, financial_year(today) - TRIBUNAL_YEARS + 1):
        counted[what].append(((authority, year, of), amount / 100 if what == "cost" else amount))
    for what, (name, help_text, label) in _TRIBUNALS.items():
        yield gauge(name, help_text, ["authority", "financial_year", label], counted[what])


_TRIBUNALS = {
    "lodged": ("hnb_tribunal_lodged", "Appeals lodged in a financial year", "appeal_type"),
    "concluded": ("hnb_tribunal_concluded", "Appeals concluded in a financial year", "outcome"),
    "cost": ("hnb_tribunal_cost_pounds", "What appeals cost in a financial year, from the general fund", "kind"),
    "mediation": ("hnb_tribunal_mediations", "Mediations held in a financial year", "outcome"),
}


def _all(today: date) -> Asked:
    return Asked("", "", None, today)
