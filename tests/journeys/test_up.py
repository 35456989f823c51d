"""`hnb up` as a person has it: a real process that brings everything up, heals it, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from hnb_local.processes import die_with_parent
from tests.conftest import Servers, scratch_folder

HNB = str(Path(sys.executable).with_name("hnb"))
PATIENCE_SECONDS = 90
LEICESTER = "E06000016"
COST_PENCE = 27_146_58  # £66,500 a year, 149 days of 365


class Up:
    """A running `hnb up`, and what a person can see of it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        command = [HNB, "up", "--data-dir", str(folder), *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # a test run that is killed leaves nothing behind either
        )  # fmt: skip
        until("the addresses are written", lambda: self._died() or (folder / "addresses.json").exists())
        self.urls: dict[str, str] = json.loads((folder / "addresses.json").read_text())

    def _died(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        return False

    def pids(self) -> dict[str, int]:
        started = json.loads((self.folder / "processes.json").read_text())
        return {name: pid for name, (pid, _) in started.items()}

    def ready(self) -> bool:
        try:
            return all(httpx.get(f"{url}/health/ready").status_code == 200 for url in self.urls.values())
        except httpx.TransportError:
            return False

    def committed_pence(self) -> int:
        answer = httpx.get(f"{self.urls['ledger']}/positions?authority={LEICESTER}&financial_year=2025")
        total: int = answer.json()["total"]["committed_pence"]
        return total

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=PATIENCE_SECONDS)[0]
        assert self.process.returncode == 0, said
        return said


@contextmanager
def hnb_up(folder: Path, *options: str) -> Iterator[Up]:
    up = Up(folder, *options)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.stop()


def until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"in {PATIENCE_SECONDS} s it did not come about that {what}"
        time.sleep(0.1)


def make_placement(up: Up) -> None:
    event = {
        "specversion": "1.0", "id": "1", "source": "/capita-one/leicester", "type": "hnb.placement-made.v1",
        "time": "2025-11-03T09:00:00Z", "authority": LEICESTER, "subject": "PL-1042",
        "data": {
            "placement_id": "PL-1042", "child_ref": "c-7", "setting_id": "S-1", "provision": "independent",
            "start_date": "2025-11-03", "end_date": None, "cost": {"amount_pence": 6_650_000, "per": "year"},
        },
    }  # fmt: skip
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = httpx.post(f"{up.urls['placements']}/events", json=event, headers=headers)
    assert answer.status_code == 202, answer.text
    until("the placement is committed", lambda: up.committed_pence() == COST_PENCE)


def gone(pids: dict[str, int]) -> bool:
    return not any(psutil.pid_exists(pid) for pid in pids.values())


@pytest.fixture(scope="module")
def up() -> Iterator[Up]:
    with scratch_folder() as folder, hnb_up(folder / "data") as running:
        make_placement(running)
        yield running


@pytest.mark.parametrize("name", ["placements", "ledger", "alerts", "valkey", "postgres"])
def test_killing_any_one_process_changes_no_figure(up: Up, name: str) -> None:
    before = up.pids()[name]
    os.kill(before, signal.SIGKILL)
    until(f"{name} runs again", lambda: up.pids()[name] != before and up.ready())
    assert up.committed_pence() == COST_PENCE


def test_a_second_up_on_the_same_folder_is_refused(up: Up) -> None:
    second = subprocess.run([HNB, "up", "--data-dir", str(up.folder)], capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert second.stderr.splitlines() == [
        f"The data folder {up.folder} is in use by another hnb (process {up.process.pid})."
    ]
    until("the first is as ready as before", up.ready)


def test_the_position_and_its_explanation_are_there_to_read(up: Up) -> None:
    for command, words in (
        (["position", "--financial-year", "2025"], "£27,146.58"),
        (["explain", "PL-1042"], "149 of"),
    ):
        shown = subprocess.run(
            [HNB, *command, "--data-dir", str(up.folder)], capture_output=True, text=True, check=False
        )
        assert shown.returncode == 0, shown.stderr
        assert words in shown.stdout


def test_a_stopped_system_leaves_no_process_and_the_next_one_finds_the_figures() -> None:
    with scratch_folder() as folder:
        with hnb_up(folder) as first:
            make_placement(first)
            pids = first.pids()
            first.stop()
            assert gone(pids)
            assert not (folder / "addresses.json").exists()
        with hnb_up(folder) as second:
            assert second.committed_pence() == COST_PENCE


def test_a_killed_supervisor_holds_up_nobody() -> None:
    with scratch_folder() as folder:
        with hnb_up(folder) as first:
            make_placement(first)
            pids = first.pids()
            first.process.kill()
            first.process.communicate()
            (folder / "addresses.json").unlink()
        with hnb_up(folder) as second:
            assert gone(pids)
            assert second.committed_pence() == COST_PENCE


def test_given_servers_are_used_and_left_running(servers: Servers, broker_url: str) -> None:
    with scratch_folder() as folder:
        given = ("--broker-url", broker_url, "--database-url", servers.database.admin_url)
        with hnb_up(folder, *given) as up:
            assert set(up.pids()) == {"placements", "ledger", "alerts"}
            make_placement(up)
        assert servers.broker.child is not None
        assert servers.broker.child.exit_status() is None


@pytest.mark.parametrize(
    ("options", "environment", "sentence"),
    [
        (["--port-base", "70000"], {}, "--port-base"),
        (["--broker-url", "postgres"], {}, "--broker-url"),
        (["--database-url", "mysql://root@localhost/"], {}, "--database-url"),
        (["--no-such-option"], {}, "--no-such-option"),
        ([], {"HNB_TOKENS": "a token, not its hash"}, "HNB_TOKENS"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_status_2(
    options: list[str], environment: dict[str, str], sentence: str
) -> None:
    with scratch_folder() as folder:
        command = [HNB, "up", "--data-dir", str(folder), *options]
        wrong = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2, wrong.stdout
    assert len(wrong.stderr.splitlines()) == 1, wrong.stderr
    assert sentence in wrong.stderr
