"""What officers and operators watch of alerts, read off the database at each scrape. Every replica reads the same."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from sqlalchemy import Engine, text

from alerts.domain.pack import RulePack
from alerts.domain.severity import Severity
from hnb.database import reading

_OPEN = text("""
    SELECT rule, severity, count(*) AS alerts FROM alerts WHERE state IN ('open', 'acknowledged')
    GROUP BY rule, severity
""")
# What is queued may only wait for its hour; what has an error was tried, and not taken.
_WAITING = text("""
    SELECT state, count(*) AS messages, count(*) FILTER (WHERE state = 'queued' AND last_error IS NOT NULL) AS retrying
    FROM deliveries WHERE state <> 'sent' GROUP BY state
""")


def read(engine: Engine, rules: RulePack) -> Iterable[Metric]:
    """Open alerts by rule and severity, nought included so that an end is seen; messages not yet, or never, sent."""
    with reading(engine) as connection:
        found = {(row.rule, row.severity): row.alerts for row in connection.execute(_OPEN)}
        unsent = connection.execute(_WAITING).all()
    alerts = GaugeMetricFamily("hnb_alerts_open", "Alerts not resolved", labels=["rule", "severity"])
    none = {(rule.id, str(severity)): 0 for rule in rules.rules for severity in Severity}
    for labels, count in sorted((none | found).items()):
        alerts.add_metric(labels, count)
    yield alerts
    messages = GaugeMetricFamily("hnb_alert_messages_unsent", "Messages not sent, by state", labels=["state"])
    waiting = {row.state: row.messages for row in unsent}
    for state in ("queued", "failed"):
        messages.add_metric([state], waiting.get(state, 0))
    yield messages
    retrying = GaugeMetricFamily(
        "hnb_alert_messages_retrying", "Messages queued that a channel did not take when tried"
    )
    retrying.add_metric([], sum(row.retrying for row in unsent))
    yield retrying
