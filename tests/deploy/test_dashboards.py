"""Every dashboard asks for what there is, explains each panel, doubles nothing: dashboard-linter's rules and ours."""

import re
import urllib.request
from typing import Any

import pytest

from boards.__main__ import texts
from boards.board import DATABASES
from boards.panels import BLUE, GREEN, ORANGE, PINK, RED, RED_BELOW_NOUGHT, SKY
from hnb_local.stack import Stack
from tests.deploy.files import DEPLOY, compose, dashboards, read_yaml

BOARDS = [pytest.param(board, id=board["uid"]) for board in dashboards()]
PANELS = [
    pytest.param(panel, id=f"{board['uid']}: {panel['title']}")
    for board in dashboards()
    for panel in board["panels"]
    if panel["type"] != "row"
]
PROMQL = [
    pytest.param(target["expr"], id=f"{board['uid']}: {panel['title']} ({target['refId']})")
    for board in dashboards()
    for panel in board["panels"]
    for target in panel.get("targets", ())
    if "expr" in target
]
# Every figure finance is promised on the first dashboard, as the contract names it.
WATCHED = {
    "hnb_budget_pounds", "hnb_committed_pounds", "hnb_spent_pounds", "hnb_headroom_pounds", "hnb_contingent_pounds",
    "hnb_provisional_pounds", "hnb_grant_pounds", "hnb_reserve_closing_pounds", "hnb_position_timestamp_seconds",
    "hnb_alerts_open", "hnb_forecast_outturn_pounds",
}  # fmt: skip
# And what operators are promised, on theirs.
OPERATED = {
    "hnb_events_total", "hnb_event_latency_seconds_bucket", "hnb_outbox_pending", "hnb_outbox_oldest_seconds",
    "hnb_stream_lag", "hnb_stream_pending", "hnb_dead_letters_total", "hnb_dead_letters_waiting",
    "hnb_http_requests_total", "hnb_http_request_seconds_bucket", "hnb_database_bytes",
    "hnb_database_connections_in_use", "hnb_commitments_unsettled", "hnb_events_waiting",
}  # fmt: skip
SOURCES = {"prometheus": "prometheus"} | dict.fromkeys(DATABASES, "grafana-postgresql-datasource")


def names(expression: str) -> set[str]:
    return set(re.findall(r"\bhnb_\w+", expression))


def asked_for(board: dict[str, Any]) -> set[str]:
    return names(str(board["panels"])) | names(str(board["templating"]))


@pytest.fixture(scope="module")
def exported(stack: Stack) -> set[str]:
    """Every series name the three services really offer, on a system that has heard nothing yet."""
    found: set[str] = set()
    for url in stack.urls.values():
        with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
            for name, kind in re.findall(r"^# TYPE (\w+) (\w+)$", answer.read().decode(), re.MULTILINE):
                found |= {f"{name}_{part}" for part in ("bucket", "sum", "count")} if kind == "histogram" else {name}
    return found


def test_the_files_are_what_the_code_writes() -> None:
    for file, text in texts().items():
        assert file.read_text() == text, f"{file.name}: run make dashboards"
    assert set(texts()) == set((DEPLOY / "grafana/dashboards").glob("*.json"))


@pytest.mark.parametrize("board", BOARDS)
def test_every_metric_it_asks_for_is_one_the_services_export(board: dict[str, Any], exported: set[str]) -> None:
    asked = asked_for(board)
    assert asked
    assert asked <= exported


def test_every_figure_finance_was_promised_is_on_the_first() -> None:
    (board,) = (board for board in dashboards() if board["uid"] == "hnb-position")
    assert asked_for(board) >= WATCHED


def test_every_figure_operators_were_promised_is_on_service_health() -> None:
    (board,) = (board for board in dashboards() if board["uid"] == "hnb-health")
    assert asked_for(board) >= OPERATED


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_and_in_what_unit(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"]) > 30
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["targets"]


@pytest.mark.parametrize("panel", PANELS)
def test_its_data_source_is_chosen_above(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        source = target["datasource"]
        name = re.fullmatch(r"\$\{(\w+)\}", source["uid"])
        assert name is not None
        assert source["type"] == SOURCES[name[1]]


@pytest.mark.parametrize("board", BOARDS)
def test_panels_have_ids_places_and_titles_of_their_own(board: dict[str, Any]) -> None:
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    cells: list[tuple[int, int]] = []
    for grid in (panel["gridPos"] for panel in panels):
        assert grid["x"] + grid["w"] <= 24
        columns, lines = range(grid["x"], grid["x"] + grid["w"]), range(grid["y"], grid["y"] + grid["h"])
        cells += [(column, line) for column in columns for line in lines]
    assert len(set(cells)) == len(cells), "two panels overlap"


@pytest.mark.parametrize("expression", PROMQL)
def test_replicas_never_double_a_figure(expression: str) -> None:
    """A gauge is the same from every replica, so each is taken by `max by`; only what each counts itself is summed."""
    counters = {name for name in names(expression) if name.endswith(("_total", "_bucket", "_sum", "_count"))}
    for gauge in names(expression) - counters:
        asked = len(re.findall(rf"\b{gauge}\b", expression))
        taken = len(re.findall(rf"(?:max by \([\w, ]+\)|max) \(?{gauge}\b", expression))
        assert asked == taken
    for counter in counters - {name for name in counters if name.startswith("hnb_statutory_weeks")}:
        rated = len(re.findall(rf"(?:rate|increase)\({counter}\b[^\[]*\[\$__(?:rate_interval|range)\]\)", expression))
        assert rated == len(re.findall(rf"\b{counter}\b", expression))


@pytest.mark.parametrize("expression", PROMQL)
def test_pounds_are_asked_for_one_authority_and_year_and_other_funds_are_never_added_in(expression: str) -> None:
    for selector in re.findall(r"hnb_\w+_pounds(\S*\{[^}]*\}|)", expression):
        assert 'authority="$authority"' in selector
        assert 'financial_year="$financial_year"' in selector
    for measure in ("budget", "committed", "spent", "headroom", "contingent", "provisional"):
        for selector in re.findall(rf"sum\(max by \([\w, ]+\) \(hnb_{measure}_pounds\{{([^}}]*)\}}", expression):
            assert 'fund="high-needs"' in selector


@pytest.mark.parametrize("panel", PANELS)
def test_sql_reads_views_made_for_finance_and_quotes_what_was_chosen(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        sql = target.get("rawSql", "")
        for table in re.findall(r"\b(?:FROM|JOIN) (?!\()(\w[\w.]*)", sql):
            assert table.startswith("finance."), table
        for variable in re.findall(r"\$\{?(\w+)(:\w+)?", sql):
            assert variable[1] == ":sqlstring" or variable[0].startswith("__"), sql


@pytest.mark.parametrize("board", BOARDS)
def test_what_is_chosen_above_comes_from_what_is_there(board: dict[str, Any]) -> None:
    variables = {variable["name"]: variable for variable in board["templating"]["list"]}
    used = {name for name in re.findall(r"\$\{?(\w+)", str(board["panels"])) if not name.startswith("__")}
    assert used == set(variables) - ({"prometheus"} - used), "a variable that nothing uses, or the other way round"
    for name, variable in variables.items():
        assert variable["description"]
        if variable["type"] == "datasource":
            assert variable["query"] == SOURCES[name]
        else:
            assert variable["definition"].startswith("label_values(")
            assert variable["refresh"] == 2, "asked again when the time looked at changes"


def test_each_database_is_found_by_the_name_it_is_given() -> None:
    given = read_yaml(DEPLOY / "grafana/provisioning/datasources/hnb.yaml")["datasources"]
    assert {source["name"] for source in given} == {"Prometheus", *DATABASES.values()}
    assert all(source["user"] == "finance" for source in given if source["type"] != "prometheus")
    for board in dashboards():
        for variable in board["templating"]["list"]:
            if variable["type"] == "datasource":
                assert any(re.search(variable["regex"].strip("/"), source["name"]) for source in given)


def test_below_nought_is_red() -> None:
    (board,) = (board for board in dashboards() if board["uid"] == "hnb-position")
    panels = {panel["title"]: panel for panel in board["panels"]}
    for title in ("Headroom in the budgets", "In-year balance", "Reserve at 31 March"):
        assert panels[title]["fieldConfig"]["defaults"]["thresholds"] == RED_BELOW_NOUGHT
    table = panels["Each line against its budget"]
    headroom = next(o for o in table["fieldConfig"]["overrides"] if o["matcher"]["options"] == "Headroom")
    assert {"id": "thresholds", "value": RED_BELOW_NOUGHT} in headroom["properties"]


@pytest.mark.parametrize("board", BOARDS)
def test_its_colours_can_be_told_apart_by_everybody(board: dict[str, Any]) -> None:
    assert set(re.findall(r"#[0-9A-Fa-f]{6}", str(board))) <= {BLUE, SKY, ORANGE, PINK, GREEN, RED}
    assert not re.search(r"'fixedColor': '[a-z]|'color': '(green|red|yellow|orange)", str(board))


@pytest.mark.parametrize("board", BOARDS)
def test_it_is_changed_here_only_and_leads_to_the_others(board: dict[str, Any]) -> None:
    assert board["editable"] is False
    assert board["tags"] == ["hnb"]
    assert [link["tags"] for link in board["links"]] == [["hnb"]]


def test_grafana_finds_them_where_they_are_mounted() -> None:
    provider = read_yaml(DEPLOY / "grafana/provisioning/dashboards/hnb.yaml")["providers"][0]
    mounted = [volume.split(":")[:2] for volume in compose()["services"]["grafana"]["volumes"]]
    assert ["./deploy/grafana/dashboards", provider["options"]["path"]] in mounted
