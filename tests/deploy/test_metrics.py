"""What the services tell Prometheus follows its conventions, and no label holds what an event is about."""

import re
import shutil
import subprocess

import httpx
import pytest

from hnb_local.stack import Stack
from tests import cases
from tests.cases import Json, yearly
from tests.journeys.waiting import until

PROMTOOL = shutil.which("promtool")
SERVICES = ("placements", "ledger", "alerts")
# Names that are promised to others (the contract) and stay. promtool takes pounds for a weight, and these are sterling;
# the limits of a statutory clock are counted in weeks by law, and the buckets' edges are those limits.
PROMISED = re.compile(
    r'hnb_\w+_pounds use base unit "grams" instead of "pounds"'
    r'|hnb_statutory_weeks use base unit "seconds" instead of "weeks"'
)
CHILD, PLAN, REQUEST, PLACEMENT, APPEAL = "child-4711", "EH-4711", "RQ-4711", "PL-4711", "AP-4711"
PRICED, SETTING, NOT_THERE = "PL-4712", "SET-4711", "PL-4713"


def said() -> list[Json]:
    """A little of everything that has a figure of its own."""
    return [
        cases.budget("grant", 1_000_000), cases.budget("special", 10_000), cases.reserve(-5_000),
        cases.registered(SETTING), cases.requested(REQUEST, "2025-01-06", CHILD),
        cases.decided(REQUEST, "2025-02-10"), cases.issued(PLAN, CHILD, request_id=REQUEST),
        cases.made(PLACEMENT, child=CHILD, setting=SETTING),
        cases.made(PRICED, yearly(66_500), child=CHILD, setting=SETTING, end="2026-03-31"),
        cases.appealed(APPEAL, "2025-10-01", CHILD), cases.incurred(APPEAL, 500), cases.paid(NOT_THERE, 100),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def told(stack: Stack) -> dict[str, str]:
    """`/metrics` of each service, once the events are in effect and every kind of page was asked for."""
    urls = stack.urls
    answer = httpx.post(
        f"{urls['placements']}/events", json=said(), timeout=30,
        headers={"Content-Type": "application/cloudevents-batch+json"},
    )  # fmt: skip
    assert {one["status"] for one in answer.json()} == {"accepted"}, answer.text
    until(lambda: httpx.get(f"{urls['alerts']}/alerts", timeout=30).json()["alerts"], 60)
    alert = httpx.get(f"{urls['alerts']}/alerts", timeout=30).json()["alerts"][0]["id"]
    asked = {
        f"{urls['ledger']}/commitments/{PRICED}": 200, f"{urls['ledger']}/commitments/{REQUEST}": 404,
        f"{urls['alerts']}/alerts/{alert}": 200, f"{urls['placements']}/plans/{PLAN}": 404,
    }  # fmt: skip
    for url, status in asked.items():
        assert httpx.get(url, params={"authority": cases.LEICESTER}, timeout=30).status_code == status, url
    return {name: httpx.get(f"{url}/metrics", timeout=30).text for name, url in urls.items()}


def families(text: str) -> dict[str, str]:
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))


def complete(text: str) -> str:
    """With a sample for each family that has none yet: promtool says nothing of one that is empty."""
    added = []
    for name, kind in families(text).items():
        if re.search(rf"^{name}(_bucket)?[ {{]", text, re.MULTILINE):
            continue
        parts = ('_bucket{le="+Inf"}', "_sum", "_count") if kind == "histogram" else ("",)
        added.append("".join(f"{name}{part} 0\n" for part in parts))
        text = text.replace(f"# TYPE {name} {kind}\n", f"# TYPE {name} {kind}\n{added[-1]}")
    return text


def complaints(text: str) -> list[str]:
    """What promtool has to say of an answer of `/metrics`, other than of what is promised."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    found = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert (done.returncode == 0) == (not found), done
    return [line for line in found if not PROMISED.fullmatch(line)]


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on PATH (Debian: apt install prometheus): not linted")
@pytest.mark.parametrize("service", SERVICES)
def test_promtool_finds_nothing_wrong_but_with_names_that_are_promised(told: dict[str, str], service: str) -> None:
    assert complaints(complete(told[service])) == []


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not on PATH (Debian: apt install prometheus): not linted")
def test_promtool_would_have_found_it(told: dict[str, str]) -> None:
    """Of families without a sample too, and of every name but those promised."""
    for wrong in ("hnb_waits_milliseconds gauge", "hnb_waits counter", "hnb_wait_weeks gauge"):
        assert complaints(complete(f"{told['ledger']}# HELP {wrong.split()[0]} Waits\n# TYPE {wrong}\n"))


@pytest.mark.parametrize("service", SERVICES)
def test_no_label_holds_a_child_or_what_an_event_is_about(told: dict[str, str], service: str) -> None:
    assert told[service].count("\n") > 50
    for id in (CHILD, PLAN, REQUEST, PLACEMENT, APPEAL, PRICED, NOT_THERE):
        assert id not in told[service]


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_tells_of_its_door_and_its_database(told: dict[str, str], service: str) -> None:
    text = told[service]
    route = {"placements": "/events", "ledger": "/commitments/{commitment_id}", "alerts": "/alerts/{alert_id}"}[service]
    method = "POST" if service == "placements" else "GET"
    labels = f'method="{method}",route="{route}",service="{service}"'
    assert f'hnb_http_requests_total{{{labels},status="200"}} 1.0' in text
    assert f"hnb_http_request_seconds_count{{{labels}}}" in text
    assert 'route="/metrics"' not in text
    size = re.search(rf'^hnb_database_bytes{{service="{service}"}} (\S+)$', text, re.MULTILINE)
    assert size is not None
    assert float(size[1]) > 1_000_000
    assert re.search(rf'^hnb_database_connections_in_use{{service="{service}"}} \d+\.0$', text, re.MULTILINE)


def test_what_may_fail_stands_at_nought_before_it_does(told: dict[str, str]) -> None:
    """Prometheus takes no notice of a series that begins at one: a first failure would be none."""
    failed = 'hnb_http_requests_total{method="POST",route="/events",service="placements",status="500"} 0.0'
    assert failed in told["placements"]
    assert 'hnb_alert_deliveries_total{outcome="failed"} 0.0' in told["alerts"]
