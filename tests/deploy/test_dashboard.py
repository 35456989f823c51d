"""The finance dashboard asks only for what the services say, explains each panel, and doubles nothing."""

import re
import urllib.request
from typing import Any

import pytest

from hnb_local.stack import Stack
from tests.deploy.files import DEPLOY, compose, dashboard, read_yaml

PANELS = [panel for panel in dashboard()["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
TITLES = [panel["title"] for panel in PANELS]
# Every figure finance is promised, as the contract names it; forecast and case figures have their own dashboards.
WATCHED = {
    "hnb_budget_pounds", "hnb_committed_pounds", "hnb_spent_pounds", "hnb_headroom_pounds", "hnb_contingent_pounds",
    "hnb_provisional_pounds", "hnb_grant_pounds", "hnb_reserve_closing_pounds", "hnb_position_timestamp_seconds",
    "hnb_alerts_open",
}  # fmt: skip
RED_BELOW_NOUGHT = "#C4162A"
COLOUR_BLIND_SAFE = {"#0072B2", "#56B4E9", "#E69F00", "#CC79A7", RED_BELOW_NOUGHT}


def names(expression: str) -> set[str]:
    return set(re.findall(r"\bhnb_\w+", expression))


def colours(part: Any) -> set[str]:
    return set(re.findall(r"#[0-9A-Fa-f]{6}", str(part)))


@pytest.fixture(scope="module")
def exported(stack: Stack) -> set[str]:
    """Every series name the three services really offer, on a system that has heard nothing yet."""
    found: set[str] = set()
    for url in stack.urls.values():
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
            for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", answer.read().decode(), re.MULTILINE):
                found |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return found


def test_every_metric_it_asks_for_is_one_the_services_export(exported: set[str]) -> None:
    asked = {name for _, target in TARGETS for name in names(target["expr"])}
    asked |= {name for variable in dashboard()["templating"]["list"] for name in names(str(variable["query"]))}
    assert asked
    assert asked <= exported


def test_every_figure_finance_was_promised_is_on_it() -> None:
    assert {name for _, target in TARGETS for name in names(target["expr"])} >= WATCHED


@pytest.mark.parametrize("panel", PANELS, ids=TITLES)
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 30
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_panels_have_ids_and_places_of_their_own() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: list[tuple[int, int]] = []
    for grid in (panel["gridPos"] for panel in panels):
        assert grid["x"] + grid["w"] <= 24
        columns, lines = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        cells += [(column, line) for column in columns for line in lines]
    assert len(set(cells)) == len(cells), "two panels overlap"


def test_titles_are_told_apart() -> None:
    assert len(set(TITLES)) == len(TITLES)


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_replicas_never_double_a_figure(title: str, target: dict[str, Any]) -> None:
    """A gauge is the same from every replica, so each is taken by `max by`; only what each counts itself is summed."""
    expression = target["expr"]
    gauges = [name for name in names(expression) if not name.endswith(("_total", "_bucket"))]
    for gauge in gauges:
        asked = len(re.findall(rf"\b{gauge}\b", expression))
        taken = len(re.findall(rf"max by \([\w, ]+\) \({gauge}\b", expression))
        assert asked == taken, title
    for counter in names(expression) - set(gauges):
        assert re.search(rf"(rate|increase)\({counter}\b.*\[\$__(rate_interval|range)\]\)", expression), title


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_pounds_are_asked_for_one_authority_and_year(title: str, target: dict[str, Any]) -> None:
    for selector in re.findall(r"hnb_\w+_pounds(\S*\{[^}]*\}|)", target["expr"]):
        assert 'authority="$authority"' in selector, title
        assert 'financial_year="$financial_year"' in selector, title


@pytest.mark.parametrize(("title", "target"), TARGETS)
def test_other_funds_are_never_added_in(title: str, target: dict[str, Any]) -> None:
    for measure in ("budget", "committed", "spent", "headroom", "contingent", "provisional"):
        for selector in re.findall(rf"sum\(max by \([\w, ]+\) \(hnb_{measure}_pounds\{{([^}}]*)\}}", target["expr"]):
            assert 'fund="high-needs"' in selector, title


def test_authority_year_and_data_source_are_chosen_from_what_is_there() -> None:
    variables = {variable["name"]: variable for variable in dashboard()["templating"]["list"]}
    assert list(variables) == ["datasource", "authority", "financial_year"]
    assert variables["datasource"]["query"] == "prometheus"
    assert all(variables[name]["definition"].startswith("label_values(") for name in ("authority", "financial_year"))


def test_below_nought_is_red() -> None:
    steps = [{"color": RED_BELOW_NOUGHT, "value": None}, {"color": "#0072B2", "value": 0}]
    for title in ("Headroom in the budgets", "In-year balance", "Reserve at 31 March"):
        panel = PANELS[TITLES.index(title)]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"] == steps
    table = next(panel for panel in PANELS if panel["type"] == "table")
    headroom = next(o for o in table["fieldConfig"]["overrides"] if o["matcher"]["options"] == "Headroom")
    assert {"id": "thresholds", "value": {"mode": "absolute", "steps": steps}} in headroom["properties"]


def test_its_colours_can_be_told_apart_by_everybody() -> None:
    assert colours(dashboard()) <= COLOUR_BLIND_SAFE
    assert not re.search(r"'fixedColor': '[a-z]|'color': '(green|red|yellow|orange)", str(dashboard()))


def test_grafana_finds_it_where_it_is_mounted() -> None:
    provider = read_yaml(DEPLOY / "grafana/provisioning/dashboards/hnb.yaml")["providers"][0]
    mounted = [volume.split(":")[:2] for volume in compose()["services"]["grafana"]["volumes"]]
    assert ["./deploy/grafana/dashboards", provider["options"]["path"]] in mounted
