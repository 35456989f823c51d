"""The case side's figures for Prometheus, read off the register at each scrape."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Engine

from hnb.database import reading
from placements import store, tariff

WEEK_BUCKETS = (6, 16, 20, 26, 39, 52)


def read(engine: Engine, today: Callable[[], date]) -> Iterable[Metric]:
    """Open appeals and weeks to a plan, per authority."""
    with reading(engine) as connection:
        appeals = store.appeals_open(connection)
        weeks = store.weeks_to_plan(connection)
        unsettled = tariff.unsettled(connection)
    yield gauge(
        "hnb_appeals_open", "Appeals lodged and not concluded", ["authority"], (((of,), count) for of, count in appeals)
    )
    yield _weeks(weeks)
    yield GaugeMetricFamily("hnb_tariff_unsettled", "Placements still to be priced by their tariff", unsettled)


def gauge(name: str, help_text: str, labels: list[str], values: Iterable[tuple[Iterable[str], float]]) -> Metric:
    """A gauge with a figure for each set of labels."""
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for of, value in values:
        family.add_metric(list(of), value)
    return family


def _weeks(values: Iterable[tuple[str, float, int]]) -> Metric:
    family = HistogramMetricFamily(
        "hnb_statutory_weeks",
        "Weeks from a request to its final plan (20 is the limit)",
        labels=["authority"],
    )
    by_authority: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for authority, weeks, plans in values:
        by_authority[authority].append((weeks, plans))
    for authority, took in sorted(by_authority.items()):
        buckets = [(f"{edge}.0", float(sum(plans for weeks, plans in took if weeks <= edge))) for edge in WEEK_BUCKETS]
        every = float(sum(plans for _, plans in took))
        family.add_metric([authority], [*buckets, ("+Inf", every)], sum(weeks * plans for weeks, plans in took))
    return family
