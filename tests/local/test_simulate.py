"""`hnb simulate` as a person has it, and what the one who posts does with a door that is away or in trouble."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.simulator.command import simulate
from hnb_local.simulator.sending import Door, in_batches

HNB = str(Path(sys.executable).with_name("hnb"))


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HNB, "simulate", *options], capture_output=True, text=True, timeout=60, check=False)


def test_it_writes_one_event_a_line_to_a_file(tmp_path: Path) -> None:
    assert run("--out", str(tmp_path / "year.jsonl")).returncode == 0
    lines = (tmp_path / "year.jsonl").read_text().splitlines()
    assert 15_000 < len(lines) < 25_000
    assert json.loads(lines[0])["specversion"] == "1.0"


def test_a_dry_run_says_what_would_be_sent_and_what_it_comes_to() -> None:
    said = run("--dry-run").stdout
    assert "£111,200,000.00  total" in said
    assert "hnb.ehcp-issued.v1" in said


def test_a_wrong_option_is_one_sentence_and_status_2() -> None:
    done = run("--batch", "0")
    assert (done.returncode, done.stderr.strip()) == (2, "--batch is from 1 to 1000.")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"batch": 1001}, "--batch is from 1 to 1000."),
        ({"to": "somewhere"}, "somewhere is not of the form http://host:port."),
        ({"to": "http://127.0.0.1:1", "out": Path("year.jsonl")}, "Give --out or --to, not both."),
        ({"out": Path("/nowhere/year.jsonl")}, "/nowhere/year.jsonl cannot be written: No such file or directory."),
    ],
)
def test_every_wrong_option_has_its_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandFailed) as failure:
        simulate(**options)
    assert (str(failure.value), failure.value.status) == (sentence, WRONG_USE)


class _FlakyDoor(BaseHTTPRequestHandler):
    """A real server that has no room for the first request, and takes every later one."""

    asked = 0

    def do_POST(self) -> None:
        type(self).asked += 1
        events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps([{"id": event["id"], "status": "accepted"} for event in events]).encode()
        self.send_response(503 if self.asked == 1 else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not on the tests' screen."""


@pytest.fixture
def flaky_url() -> Iterator[str]:
    _FlakyDoor.asked = 0
    with HTTPServer(("127.0.0.1", 0), _FlakyDoor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_what_a_busy_door_did_not_take_is_sent_again(flaky_url: str) -> None:
    with Door(flaky_url, pause=lambda _: None) as door:
        for batch in in_batches([{"id": "a"}, {"id": "b"}, {"id": "c"}], 2):
            door.post(batch)
    assert door.results == {"accepted": 3}
    assert _FlakyDoor.asked == 3


def test_a_door_that_never_answers_is_said_in_a_sentence() -> None:
    with Door("http://127.0.0.1:1", pause=lambda _: None) as door, pytest.raises(CommandFailed, match="does not take"):
        door.post([{"id": "a"}])
