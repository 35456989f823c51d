"""Where alerts become orange and red, so that dashboards go by the same rules: read from the rules themselves."""

from functools import cache
from importlib import resources
from typing import Any

import yaml

from boards.panels import BLUE, ORANGE, RED, Json, steps

OCCUPANCY_UNIT = 1_000  # the condition's value is per mille


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
