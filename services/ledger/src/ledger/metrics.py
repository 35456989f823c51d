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
