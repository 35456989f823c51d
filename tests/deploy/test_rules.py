"""Prometheus' rules for operators: each alert has its runbook and its unit tests, and asks for what is there."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hnb_local.stack import Stack
from tests.cases import budget, made, yearly
from tests.conftest import scratch_folder
from tests.deploy.files import DEPLOY, ROOT, dashboards, read_yaml
from tests.deploy.prometheus import PROGRAM, Prometheus
from tests.journeys.waiting import until

CONFIG = DEPLOY / "prometheus/prometheus.yml"
UNIT_TESTS = sorted((ROOT / "tests/deploy/rules").glob("*.yml"))
RUNBOOKS = ROOT / "docs/operations.md"
KINDS = ("firing", "not firing", "series missing")
# What is said of these is that there is no figure.
NO_FIGURE = {"HNBServiceDown", "HNBFiguresMissing"}
# What Prometheus itself gives a series.
OF_PROMETHEUS = {"job", "instance", "le"}
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not on PATH (Debian: apt install prometheus): rules were only read as YAML"
)


def rule_files() -> list[Path]:
    return sorted(file for name in read_yaml(CONFIG)["rule_files"] for file in CONFIG.parent.glob(name))


def rules(kind: str) -> dict[str, dict[str, Any]]:
    """Every rule of a kind (`alert` or `record`), by its name."""
    found = [rule for file in rule_files() for group in read_yaml(file)["groups"] for rule in group["rules"]]
    named = [rule for rule in found if kind in rule]
    by_name = {rule[kind]: rule for rule in named}
    assert len(by_name) == len(named), "a name is used twice"
    return by_name


ALERTS, RECORDED = rules("alert"), rules("record")
TESTS: list[dict[str, Any]] = [test for file in UNIT_TESTS for test in read_yaml(file)["tests"]]
each_alert = pytest.mark.parametrize("alert", ALERTS.values(), ids=lambda alert: alert["alert"])


def asked_for(expr: str) -> dict[str, set[str]]:
    """The metrics a query asks for, recording rules followed to what they are made of, each with its labels."""
    for name, rule in RECORDED.items():
        expr += rule["expr"] if name in expr else ""
    found: dict[str, set[str]] = {}
    for name, selector in re.findall(r"(?<![\w:])(hnb_\w+|up)(?![\w:(])(?:\{([^}]*)\})?", expr):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*=", selector))
    assert found
    return found


def test_every_rule_file_is_read_where_compose_puts_it() -> None:
    assert rule_files() == sorted((DEPLOY / "prometheus/rules").iterdir())
    assert not any(Path(name).is_absolute() for name in read_yaml(CONFIG)["rule_files"])
    mounts = read_yaml(ROOT / "compose.yaml")["services"]["prometheus"]["volumes"]
    assert "./deploy/prometheus:/etc/prometheus:ro" in mounts


@needs_promtool
@pytest.mark.parametrize("file", rule_files(), ids=lambda file: file.name)
def test_promtool_accepts_the_rules(file: Path) -> None:
    done = subprocess.run([str(PROMTOOL), "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.name)
def test_promtool_finds_the_unit_tests_hold(file: Path) -> None:
    done = subprocess.run([str(PROMTOOL), "test", "rules", str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@each_alert
def test_an_alert_says_how_bad_what_and_where_to_read_on(alert: dict[str, Any]) -> None:
    assert re.fullmatch(r"HNB([A-Z][a-z]+)+", alert["alert"])
    assert re.fullmatch(r"\d+m", alert["for"])
    assert alert["labels"] in ({"severity": "page"}, {"severity": "ticket"})
    notes = alert["annotations"]
    assert set(notes) == {"summary", "description", "runbook"}
    assert notes["description"].endswith(".")
    assert ("$value" in notes["description"]) is (alert["alert"] not in NO_FIGURE)
    assert notes["runbook"] == f"docs/operations.md#{alert['alert'].lower()}"


def test_each_alert_has_a_runbook_and_each_runbook_an_alert() -> None:
    section = RUNBOOKS.read_text().split("\n## Operator alerts\n")[1].split("\n## ")[0]
    assert re.findall(r"^### (\w+)$", section, re.MULTILINE) == list(ALERTS)


@each_alert
@pytest.mark.parametrize("kind", KINDS)
def test_an_alert_has_a_unit_test_of_each_kind(alert: dict[str, Any], kind: str) -> None:
    name = alert["alert"]
    mine = [test for test in TESTS if test["name"].startswith(f"{name}: {kind}")]
    assert mine
    for test in mine:
        expected = [each["exp_alerts"] for each in test["alert_rule_test"] if each["alertname"] == name]
        assert expected
        assert kind == "series missing" or any(expected) is (kind == "firing")
        if kind == "series missing":
            there = {each["series"].split("{")[0] for each in test["input_series"] if "stale" not in each["values"]}
            jobs = {each["series"] for each in test["input_series"] if each["series"].startswith("up{")}
            assert set(asked_for(alert["expr"])) - there or len(jobs) < 3


def test_a_missing_series_is_told_by_some_alert_unless_it_comes_with_the_first_event() -> None:
    by_first_event = {"hnb_events_total", "hnb_position_timestamp_seconds", "hnb_door_refusals_total",
                      "hnb_http_requests_total"}  # fmt: skip
    watched = set(re.findall(r"absent\((\w+)", "".join(rule["expr"] for rule in ALERTS.values())))
    asked = {name for alert in ALERTS.values() for name in asked_for(alert["expr"])}
    assert asked - by_first_event == watched


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_is_asked_for_more_than_once(name: str) -> None:
    queries = [target.get("expr", "") for b in dashboards() for p in b["panels"] for target in p.get("targets", ())]
    assert "".join([*queries, *(rule["expr"] for rule in ALERTS.values())]).count(name) > 1


def test_every_figure_asked_for_is_one_a_service_tells(stack: Stack) -> None:
    answer = httpx.post(f"{stack.urls['placements']}/events", json=made(cost=yearly(30_000)), timeout=30, headers={
        "Content-Type": "application/cloudevents+json"
    })  # fmt: skip
    assert answer.status_code == 202
    until(lambda: "hnb_position_timestamp_seconds{" in told(stack, "ledger"))
    names: set[str] = {"up"}
    labels: dict[str, set[str]] = {}
    for service in stack.urls:
        for family in text_string_to_metric_families(told(stack, service)):
            names.add(family.name + ("_total" if family.type == "counter" else ""))
            for sample in family.samples:
                names.add(sample.name)
                labels.setdefault(sample.name, set()).update(sample.labels)
    for rule in [*ALERTS.values(), *RECORDED.values()]:
        for name, of_it in asked_for(rule["expr"]).items():
            assert name in names
            assert of_it - OF_PROMETHEUS <= labels.get(name, of_it), f"{name} has no such label"


def told(stack: Stack, service: str) -> str:
    """What a service tells Prometheus now."""
    answer = httpx.get(f"{stack.urls[service]}/metrics", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.skipif(
    PROGRAM is None, reason="prometheus is not on PATH (Debian: apt install prometheus): no rule was run"
)
def test_nothing_fires_while_all_is_well(stack: Stack) -> None:
    with scratch_folder() as folder, Prometheus(folder, {name: [url] for name, url in stack.urls.items()}) as watching:
        events = [budget("special", 1_000_000), *(made(f"PL-W{n}", yearly(30_000)) for n in range(30))]
        answer = httpx.post(f"{stack.urls['placements']}/events", json=events, timeout=30, headers={
            "Content-Type": "application/cloudevents-batch+json"
        })  # fmt: skip
        assert answer.status_code == 200
        watching.wait_for_scrapes(5)
        until(lambda: len(watching.query("job:hnb_events_heard:increase15m")) == 3)
        until(lambda: not watching.query("ALERTS"))
        for name, series in (("job:up:max", 3), ("stream_group:hnb_stream_lag:max", 9)):
            assert len(watching.query(name)) == series
        groups = httpx.get(f"{watching.url}/api/v1/rules", timeout=30).json()["data"]["groups"]
        health = {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}
        assert health == dict.fromkeys([*ALERTS, *RECORDED], "ok")


def test_all_but_the_streams_is_told_while_the_broker_stands_still(stack: Stack) -> None:
    broker = stack.processes["valkey"]
    os.kill(broker, signal.SIGSTOP)
    try:
        figures = {service: told(stack, service) for service in stack.urls}
    finally:
        os.kill(broker, signal.SIGCONT)
    for service, text in figures.items():
        assert f'hnb_outbox_oldest_seconds{{service="{service}"}}' in text
        assert "hnb_stream_lag{" not in text
    assert "hnb_headroom_pounds{" in figures["ledger"]
    stack.wait_until_ready()
