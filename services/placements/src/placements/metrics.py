"""The forms in which the case side's figures are told to Prometheus; `figures` counts them."""

from collections import defaultdict
from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

WEEK_BUCKETS = (6, 16, 20, 26, 39, 52)


def gauge(name: str, help_text: str, labels: list[str], values: Iterable[tuple[Iterable[str], float]]) -> Metric:
    """A gauge with a figure for each set of labels."""
    family = GaugeMetricFamily(name, help_text, labels=labels)
    for of, value in values:
        family.add_metric(list(of), value)
    return family


def histogram_of_weeks(values: Iterable[tuple[str, float, int]]) -> Metric:
    """Weeks from a request to its final plan, of (authority, weeks, plans)."""
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
