"""The case side's figures for Prometheus, read off the register at each scrape."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Engine

from hnb.database import reading
from placements import store
from placements.store import Page

WEEK_BUCKETS = (6, 16, 20, 26, 39, 52)
MOST = 1_000_000


def read(engine: Engine, today: Callable[[], date]) -> Iterable[Metric]:
    """Plans, waits, places, open appeals and weeks to a plan, per authority."""
    page = Page("", "", MOST, today())
    with reading(engine) as connection:
        plans = store.plans_in_force(connection, page.today)
        waiting = store.waiting(connection, page)
        settings = store.settings(connection, page)
        appeals = store.appeals_open(connection)
        weeks = store.weeks_to_plan(connection)
    yield _gauge("hnb_plans", "Education, Health and Care Plans in force", plans)
    counted: dict[str, int] = defaultdict(int)
    for row in waiting:
        counted[row["authority"]] += 1
    yield _gauge("hnb_plans_waiting", "Plans in force whose child has no placement", counted.items())
    yield _gauge("hnb_appeals_open", "Appeals lodged and not concluded", appeals)
    places = GaugeMetricFamily(
        "hnb_places", "Places at settings whose capacity is known", labels=["authority", "provision", "state"]
    )
    totals: dict[tuple[str, str, str], int] = defaultdict(int)
    for row in settings:
        if row["data"].get("capacity") is not None:
            totals[row["authority"], row["data"]["provision"], "capacity"] += row["data"]["capacity"]
            totals[row["authority"], row["data"]["provision"], "filled"] += row["filled"]
    for labels, value in sorted(totals.items()):
        places.add_metric(labels, value)
    yield places
    yield _weeks(weeks)


def _gauge(name: str, help_text: str, values: Iterable[tuple[str, int]]) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=["authority"])
    for authority, value in values:
        family.add_metric([authority], value)
    return family


def _weeks(values: Iterable[tuple[str, float]]) -> Metric:
    family = HistogramMetricFamily(
        "hnb_statutory_weeks",
        "Weeks from a request to its final plan (20 is the limit)",
        labels=["authority"],
    )
    by_authority: dict[str, list[float]] = defaultdict(list)
    for authority, weeks in values:
        by_authority[authority].append(weeks)
    for authority, all_weeks in sorted(by_authority.items()):
        buckets = [(f"{edge}.0", float(sum(weeks <= edge for weeks in all_weeks))) for edge in WEEK_BUCKETS]
        family.add_metric([authority], [*buckets, ("+Inf", float(len(all_weeks)))], sum(all_weeks))
    return family
