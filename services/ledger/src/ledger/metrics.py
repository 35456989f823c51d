"""The figures finance watches, in pounds, read off the balances at each scrape. Every replica reads the same ones."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Engine, text

from hnb.database import reading
from hnb.provisions import fund_of
from ledger import positions
from ledger.domain.positions import Reserve, figures
from ledger.domain.schedules import Kind
from ledger.reports import waiting
from ledger.reports.exceptions import Counting
from ledger.runs import store as runs
from ledger.store import TOTAL

LINE_LABELS = ["authority", "financial_year", "provision", "fund"]
LINE_GAUGES = {
    "budget": "Budget set for the line, in pounds",
    "committed": "Still to be paid, in pounds",
    "spent": "Paid, in pounds",
    "headroom": "Budget less committed and spent, in pounds; below zero is the overspend",
    "contingent": "Possible cost of open appeals, in pounds; never part of committed",
    "provisional": "Committed at a mean price because the price is not known yet, in pounds",
}
_UNSETTLED = text("SELECT count(*) FROM stale")


def read(engine: Engine) -> Iterable[Metric]:
    """A gauge per figure of a line, and per authority and year the grant and the closing reserve."""
    with reading(engine) as connection:
        rows = list(positions.all_now(connection))
        unsettled = connection.scalar(_UNSETTLED) or 0
    lines = {
        name: GaugeMetricFamily(f"hnb_{name}_pounds", text, labels=LINE_LABELS) for name, text in LINE_GAUGES.items()
    }
    year_labels = LINE_LABELS[:2]
    grant = GaugeMetricFamily("hnb_grant_pounds", "The year's High Needs Block, in pounds", labels=year_labels)
    closing = GaugeMetricFamily(
        "hnb_reserve_closing_pounds", "The reserve at 31 March as known; a deficit is below zero", labels=year_labels
    )
    moved: dict[str, float] = {}
    for authority, year, line, recorded_at, sums in rows:
        moved[authority] = max(moved.get(authority, 0.0), recorded_at.timestamp())
        of_line = figures(sums)
        if line == TOTAL:
            reserve = Reserve(sums[Kind.GRANT], sums[Kind.RESERVE], of_line.cost_pence)
            if not reserve.grant_pence:
                continue  # a year nobody has funded yet has no reserve path, only commitments
            grant.add_metric([authority, str(year)], reserve.grant_pence / 100)
            closing.add_metric([authority, str(year)], reserve.closing_pence / 100)
            continue
        for name, family in lines.items():
            family.add_metric([authority, str(year), line, fund_of(line)], getattr(of_line, f"{name}_pence") / 100)
    yield from lines.values()
    yield grant
    yield closing
    timestamp = GaugeMetricFamily(
        "hnb_position_timestamp_seconds", "When the position last moved, as a Unix time", labels=["authority"]
    )
    for authority, seconds in sorted(moved.items()):
        timestamp.add_metric([authority], seconds)
    yield timestamp
    waiting = GaugeMetricFamily("hnb_commitments_unsettled", "Commitments waiting to be decided again")
    waiting.add_metric([], unsettled)
    yield waiting


def forecast(engine: Engine) -> Iterable[Metric]:
    """What each coming year is expected to come to, by the last run of an authority and its first scenario."""
    outturn = GaugeMetricFamily(
        "hnb_forecast_outturn_pounds",
        "Forecast outturn of the High Needs Block, in pounds: of ten futures one is below 0.1, nine are below 0.9",
        labels=["authority", "financial_year", "quantile"],
    )
    made = GaugeMetricFamily(
        "hnb_forecast_timestamp_seconds", "When the last forecast was made, as a Unix time", labels=["authority"]
    )
    with reading(engine) as connection:
        years = runs.last_years(connection)
    for year in years:
        for quantile, pence in (("0.1", year.outturn.p10), ("0.5", year.outturn.p50), ("0.9", year.outturn.p90)):
            outturn.add_metric([year.authority, str(year.financial_year), quantile], pence / 100)
    for authority, made_at in sorted({(year.authority, year.made_at) for year in years}):
        made.add_metric([authority], made_at.timestamp())
    yield from (outturn, made)


def waiting_events(engine: Engine) -> Iterable[Metric]:
    """How many events wait for what they are about, and how long the oldest has, per authority."""
    waits = GaugeMetricFamily(
        "hnb_events_waiting", "Events about something not known yet", labels=["authority", "type"]
    )
    age = GaugeMetricFamily(
        "hnb_events_waiting_oldest_seconds", "How long the oldest waiting event has waited", labels=["authority"]
    )
    with reading(engine) as connection:
        counts, now = waiting.count(connection), waiting.clock(connection)
    oldest: dict[str, float] = {}
    for count in counts:
        waits.add_metric([count.authority, count.type], count.events)
        seconds = (now - count.oldest).total_seconds()
        oldest[count.authority] = max(oldest.get(count.authority, 0.0), seconds)
    for authority, seconds in oldest.items():
        age.add_metric([authority], seconds)
    yield from (waits, age)


def exceptional(counting: Counting) -> Iterable[Metric]:
    """How many exceptions of each kind there were when they were last counted."""
    family = GaugeMetricFamily(
        "hnb_exceptions",
        "Payments and commitments for finance to look at",
        labels=["authority", "financial_year", "kind"],
    )
    for authority, found in sorted(counting.found.items()):
        for (year, kind), one in sorted(found.items()):
            family.add_metric([authority, str(year), str(kind)], one.count)
    yield family
