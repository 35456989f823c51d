"""Alerts: what is open, who has taken it on and how fast, and whether the messages arrive."""

from boards import thresholds
from boards.board import Board
from boards.panels import (
    BLUE,
    ORANGE,
    PINK,
    RED,
    SKY,
    bars,
    coloured,
    columns,
    course,
    lines,
    named,
    now,
    rows,
    stat,
    steps,
    table,
)

_HERE = "authority = ${authority:sqlstring}"
_TOLD_HERE = f"({_HERE} OR ${{authority:sqlstring}} = ANY (digest_of)) AND $__timeFilter(queued_at)"
_OPEN = f"{_HERE} AND state IN ('open', 'acknowledged')"
_SINCE_OPENED = "date_part('epoch', now() - opened_at)"
_YEAR = "financial_year || '-' || right((financial_year + 1)::text, 2)"
_DAY = "date_trunc('day', {} AT TIME ZONE 'Europe/London')"
_SEVERITIES = {"critical": RED, "warning": ORANGE, "notice": SKY}
_BY_SEVERITY = ", ".join(f"""count(*) FILTER (WHERE severity = '{name}') AS "{name}\"""" for name in _SEVERITIES)
_DELIVERED = "sum by (le) (rate(hnb_alert_delivery_seconds_bucket[$__rate_interval]))"
_WAITED = thresholds.unanswered()


def _count(condition: str) -> str:
    return f"SELECT count(*) FROM finance.alerts WHERE {_HERE} AND {condition}"


NOW = [
    stat(
        "Critical, and nobody has taken it on",
        "Open alerts of the gravest kind that nobody has acknowledged yet, for the authority chosen above. Red from "
        "the first.",
        rows("alerts", _count("state = 'open' AND severity = 'critical'")), unit="short", colours=steps(BLUE, (1, RED)),
    ),
    stat(
        "Open, and nobody has taken it on",
        "All open alerts, of any severity, that nobody has acknowledged yet.",
        rows("alerts", _count("state = 'open'")), unit="short", colours=steps(BLUE, (1, ORANGE)),
    ),
    stat(
        "Acknowledged, and not over",
        "Alerts that somebody has taken on by name, while the measure behind them has not come back yet.",
        rows("alerts", _count("state = 'acknowledged'")), unit="short",
    ),
    stat(
        "Longest wait for somebody",
        "How long the oldest open alert has waited to be acknowledged; nought where none waits. Orange from the time "
        "at which the first of the rules tells somebody else as well, red from the last.",
        rows("alerts", f"""
            SELECT coalesce(max({_SINCE_OPENED}), 0) FROM finance.alerts WHERE {_HERE} AND state = 'open'"""),
        unit="s", colours=_WAITED,
    ),
    stat(
        "Time to acknowledge, half of them",
        "Of the alerts acknowledged in the time looked at, half were taken on within so long of opening.",
        rows("alerts", f"""
            SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_acknowledge)
            FROM finance.alerts WHERE {_HERE} AND $__timeFilter(acknowledged_at)"""),
        unit="s", colours=_WAITED,
    ),
    stat(
        "Silences in force",
        "How many silences hold messages back just now, for this authority or for all. What is silenced is still "
        "opened and shown here; whoever silenced it, and why, is on the alerts service's /silences.",
        rows("alerts", f"""
            SELECT count(*) FROM finance.silences
            WHERE ({_HERE} OR authority IS NULL) AND begins_at <= now() AND ends_at > now()"""),
        unit="short", colours=steps(BLUE, (1, ORANGE)),
    ),
    columns(
        "What is open, by rule",
        "Open and acknowledged alerts by the rule that opened them, stacked by severity.",
        rows("alerts", f"""
            SELECT rule AS "Rule", {_BY_SEVERITY} FROM finance.alerts
            WHERE {_OPEN} GROUP BY rule ORDER BY count(*) DESC"""),
        unit="short", x="Rule", colours=_SEVERITIES, stacked=True, width=10, height=11,
    ),
    table(
        "The alerts that are open",
        "The gravest first, and of those the oldest: the rule, what it is about (a line, or a case system's own "
        "reference), and how long it has been open. The figures behind each are in its message and on its page.",
        rows("alerts", f"""
            SELECT severity AS "Severity", rule AS "Rule", scope AS "About", {_YEAR} AS "Year", state AS "State",
                opened_at AS "Opened", {_SINCE_OPENED} AS "Open for",
                seconds_to_acknowledge AS "Acknowledged after", escalated_at AS "Escalated"
            FROM finance.alerts WHERE {_OPEN}
            ORDER BY array_position(ARRAY['critical', 'warning', 'notice'], severity), opened_at LIMIT 200"""),
        width=14, height=11,
        overrides=[named("Opened", unit="dateTimeAsLocal"), named("Escalated", unit="dateTimeAsLocal"),
                   coloured("Open for", _WAITED, unit="s"), named("Acknowledged after", unit="s")],
    ),
]  # fmt: skip

COURSE = [
    lines(
        "How many have been open, by severity",
        "Alerts not resolved at each moment, acknowledged or not, over every authority and year this system holds.",
        course("sum by (severity) (max by (rule, severity) (hnb_alerts_open))", "{{severity}}"),
        unit="short", low=0, stepped=True, colours=_SEVERITIES,
    ),
    columns(
        "Opened and ended, day by day",
        "How many alerts opened, were resolved (the figures came back) and were retracted (later news showed that they "
        "were never true) on each day of the time looked at.",
        rows("alerts", f"""
            SELECT to_char(day, 'DD Mon') AS "Day", count(*) FILTER (WHERE what = 'opened') AS "Opened",
                count(*) FILTER (WHERE what = 'resolved') AS "Resolved",
                count(*) FILTER (WHERE what = 'retracted') AS "Retracted"
            FROM (
                SELECT {_DAY.format("opened_at")} AS day, 'opened' AS what
                FROM finance.alerts WHERE {_HERE} AND $__timeFilter(opened_at)
                UNION ALL
                SELECT {_DAY.format("resolved_at")}, state
                FROM finance.alerts WHERE {_HERE} AND $__timeFilter(resolved_at)
            ) AS changes GROUP BY day ORDER BY day"""),
        unit="short", x="Day", colours={"Opened": ORANGE, "Resolved": BLUE, "Retracted": PINK},
    ),
    table(
        "Which rules speak most, and how fast they are answered",
        "Per rule, the alerts opened in the time looked at: how many of them were acknowledged, within what time half "
        "of those were, the longest, and how many turned out untrue. A rule that is rarely acknowledged is noise.",
        rows("alerts", f"""
            SELECT rule AS "Rule", count(*) AS "Opened", count(acknowledged_at) AS "Acknowledged",
                percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_acknowledge) AS "Half within",
                max(seconds_to_acknowledge) AS "Longest", count(*) FILTER (WHERE state = 'resolved') AS "Resolved",
                count(*) FILTER (WHERE state = 'retracted') AS "Retracted"
            FROM finance.alerts WHERE {_HERE} AND $__timeFilter(opened_at) GROUP BY rule ORDER BY count(*) DESC"""),
        overrides=[named("Half within", unit="s"), coloured("Longest", _WAITED, unit="s")],
    ),
]  # fmt: skip

DELIVERY = [
    stat(
        "Messages that wait",
        "Messages queued and not sent yet: to be tried again, or put off to the end of quiet hours. Over every "
        "authority.",
        now('max by (state) (hnb_alert_messages_unsent{state="queued"})'), unit="short", width=3,
    ),
    stat(
        "Messages given up",
        "Messages that no try has brought to their recipient, since this system began. The fallback, where there is "
        "one, was sent them instead.",
        now('max by (state) (hnb_alert_messages_unsent{state="failed"})'), unit="short",
        colours=steps(BLUE, (1, RED)), width=3,
    ),
    lines(
        "Tries to deliver a message, by what came of them",
        "A minute, over every recipient: sent, to be tried again (retried), or given up after the last try (failed).",
        course("sum by (outcome) (60 * rate(hnb_alert_deliveries_total[$__rate_interval]))", "{{outcome}}"),
        unit="short", decimals=1, low=0, colours={"sent": BLUE, "retried": ORANGE, "failed": RED}, width=9,
    ),
    lines(
        "Time until a message is delivered",
        "Of 100 messages, 50 and 95 took no longer than this from the change of the alert to being accepted for the "
        "recipient. What was put off to the end of quiet hours counts with its whole wait.",
        *(
            course(f"histogram_quantile({share}, {_DELIVERED}) >= 0", name)
            for share, name in ((0.5, "50 of 100"), (0.95, "95 of 100"))
        ),
        unit="s", low=0, colours={"50 of 100": BLUE, "95 of 100": ORANGE}, width=9,
    ),
    table(
        "Who was reached",
        "Per recipient, the messages of the time looked at about the authority chosen, digests among them: sent, still "
        "waiting, given up; how many tries they took; how long half of those sent took.",
        rows("alerts", f"""
            SELECT channel AS "Recipient", count(*) FILTER (WHERE state = 'sent') AS "Sent",
                count(*) FILTER (WHERE state = 'queued') AS "Waiting",
                count(*) FILTER (WHERE state = 'failed') AS "Given up", sum(attempts) AS "Tries",
                count(*) FILTER (WHERE is_digest) AS "Of these, digests",
                percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds_to_deliver) AS "Half within",
                max(sent_at) AS "Last sent"
            FROM finance.deliveries WHERE {_TOLD_HERE} GROUP BY channel ORDER BY channel"""),
        width=14, height=9,
        overrides=[coloured("Given up", steps(BLUE, (1, RED))), named("Half within", unit="s", decimals=1),
                   named("Last sent", unit="dateTimeAsLocal")],
    ),
    bars(
        "Messages, by the rule they are about",
        "Messages queued in the time looked at for the authority chosen, whatever became of them. Digests are about "
        "many alerts, and are in no bar.",
        rows("alerts", f"""
            SELECT rule AS "Rule", count(*) AS "Messages" FROM finance.deliveries
            WHERE {_HERE} AND $__timeFilter(queued_at) GROUP BY rule ORDER BY count(*) DESC"""),
        unit="short", width=10, height=9,
    ),
]  # fmt: skip

ALERTS = Board(
    "hnb-alerts",
    "Alerts",
    "What is open, has somebody taken it on and how fast, how have alerts come and gone, and did the messages arrive?",
    [
        ("What is open, and has somebody taken it on?", NOW),
        ("How have they come and gone?", COURSE),
        ("Did the messages arrive?", DELIVERY),
    ],
    of=["alerts"],
    of_a_year=False,
)
