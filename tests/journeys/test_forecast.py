"""From events at the door to a forecast that is kept, repeated to the penny, and told to an officer."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hnb_local.demo.outlook import ask_for_forecast
from hnb_local.errors import COULD_NOT, CommandFailed
from hnb_local.stack import Stack
from tests.alerts.receiver import Receiver
from tests.cases import LEICESTER, budget, reserve
from tests.conftest import scratch_folder
from tests.journeys.waiting import until
from tests.ledger.five_children import small

HNB = str(Path(sys.executable).with_name("hnb"))
# The five children cost some £43,000 in 2025-26, more than the grant, and the reserve opened at the plan for its end.
COST_PENCE = 4_000_000
EVENTS = [*small(), budget("grant", 30_000), reserve(-44_800_000)]


@pytest.fixture(scope="module")
def officer() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stack(officer: Receiver) -> Iterator[Stack]:
    """A system that has heard of five children, and tells an officer."""
    with scratch_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "HNB_ALERT_URLS", officer.url.replace("http:", "json:"))
        with Stack(folder / "data", say=print, durable=False) as running:
            batch = {"Content-Type": "application/cloudevents-batch+json"}
            sent = httpx.post(f"{running.urls['placements']}/events", json=EVENTS, headers=batch, timeout=30)
            assert sent.status_code == 200, sent.text
            asked = f"{running.urls['ledger']}/positions?authority={LEICESTER}&financial_year=2025"
            until(lambda: httpx.get(asked, timeout=30).json()["total"]["committed_pence"] > COST_PENCE, 60)
            until(lambda: "hnb_commitments_unsettled 0.0" in httpx.get(f"{running.urls['ledger']}/metrics").text, 60)
            yield running


def hnb(stack: Stack, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [HNB, "forecast", *arguments, "--ledger-url", stack.urls["ledger"]]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_forecast_is_made_listed_shown_and_the_same_again(stack: Stack, tmp_path: Path) -> None:
    made = hnb(stack, "--from-ledger", "--simulations", "60", "--seed", "4")
    assert (made.returncode, made.stderr) == (0, "")
    assert "As things go: the High Needs Block" in made.stdout
    number = made.stdout.rsplit("Run ", 1)[1].split(":")[0]
    listed = hnb(stack, "runs").stdout
    assert f"│ {number} " in listed
    assert "asked" in listed
    assert hnb(stack, "show", number).stdout == made.stdout
    assert hnb(stack, "repeat", number).stdout == f"Run {number} is the same again, to the penny.\n"


def test_its_inputs_in_a_file_give_the_same_anywhere(stack: Stack, tmp_path: Path) -> None:
    made = hnb(stack, "--from-ledger", "--simulations", "60", "--seed", "4")
    number = made.stdout.rsplit("Run ", 1)[1].split(":")[0]
    file = tmp_path / "inputs.json"
    assert hnb(stack, "inputs", "--run", number, "--out", str(file)).returncode == 0
    command = [HNB, "forecast", "--inputs", str(file), "--simulations", "60", "--seed", "4"]
    alone = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
    assert alone[: alone.rindex("from 2026-01-06")] == made.stdout[: made.stdout.rindex(f"Run {number}")]
    assert "child" not in file.read_text().replace("child_days", "").replace("children", "")


def test_what_cannot_be_forecast_is_said_by_the_ledger(stack: Stack) -> None:
    young = hnb(stack, "--from-ledger", "--authority", "E08000025")
    assert young.returncode == 2
    assert "No plan with a placement is known yet: a forecast needs a year of them." in young.stderr
    absent = hnb(stack, "repeat", "999")
    assert (absent.returncode, absent.stderr) == (1, "There is no forecast run 999.\n")


def test_a_forecast_the_ledger_refuses_ends_the_demo_as_a_failure(stack: Stack) -> None:
    """Nobody at the demo typed anything wrong, so the status is 1."""
    with pytest.raises(CommandFailed, match="could not be forecast: The ledger service refuses: No plan") as failed:
        ask_for_forecast(stack.urls["ledger"], "E08000025")
    assert failed.value.status == COULD_NOT


def test_an_officer_is_told_that_the_forecast_is_past_plan(stack: Stack, officer: Receiver) -> None:
    """The plan of March 2026 is −£44.8m, and the year costs more than its grant."""
    assert hnb(stack, "--from-ledger").returncode == 0
    alerts = f"{stack.urls['alerts']}/alerts"

    def told() -> bool:
        found = httpx.get(alerts, params={"rule": "forecast-plan"}, timeout=30).json()["alerts"]
        return any(alert["financial_year"] == 2025 and alert["severity"] == "critical" for alert in found)

    until(told, 60)
    until(lambda: any("the forecast reserve" in str(message) for message in officer.received), 60)
