"""Where alerts become orange and red, so that dashboards go by the same rules: read from the rules themselves."""

from functools import cache
from importlib import resources
from typing import Any

import yaml

from boards.panels import BLUE, ORANGE, RED, SKY, Json, steps
from placements.domain.clocks import DECISION_WEEKS
from placements.domain.conditions import OCCUPANCY_LOW_PERCENT

# Just past a share that is itself still well: Grafana's steps begin at their value, these rules say "over".
PAST = 1e-6


@cache
def rules() -> dict[str, dict[str, Any]]:
    """The rules shipped with alerts, by id."""
    pack = yaml.safe_load(resources.files("alerts").joinpath("rules.yaml").read_text())
    return {rule["id"]: rule for rule in pack["rules"]}


def line_budget() -> Json:
    """Of a share of a line's budget, 1 being all of it."""
    rule = rules()["line-budget"]
    return steps(BLUE, (rule["warning_percent"] / 100, ORANGE), (rule["critical_percent"] / 100, RED))


def unanswered() -> Json:
    """Of seconds an alert waits for somebody: from the first rule that then tells somebody else, and from the last."""
    waits = [rule["escalate"]["after_hours"] * 3_600 for rule in rules().values() if "escalate" in rule]
    return steps(BLUE, (min(waits), ORANGE), (max(waits), RED))


def reserve_plan() -> list[tuple[str, int, int]]:
    """Authority, financial year and the pence it is planned to close with."""
    return [
        (plan["authority"], plan["financial_year"], plan["closing_reserve_pence"])
        for plan in rules()["reserve-plan"]["plans"]
    ]


def occupancy(of_all: float) -> Json:
    """Of a setting's places, `of_all` being all of them: empty, well, fuller than officers want, over-full."""
    high = rules()["occupancy-high"]["levels"]["warning"]["over"]
    low, high, full = (of_all * percent / 100 for percent in (OCCUPANCY_LOW_PERCENT, high, 100))
    return steps(SKY, (low, BLUE), (high + PAST, ORANGE), (full + PAST, RED))


def days_left() -> Json:
    """Of the days a request has left until it must be decided: the alert rises at whole weeks run of the limit."""
    levels = rules()["clock-decision"]["levels"]
    warning, critical = (7 * (DECISION_WEEKS - levels[level]["over"] - 1) for level in ("warning", "critical"))
    return steps(RED, (critical + 1, ORANGE), (warning + 1, BLUE))
