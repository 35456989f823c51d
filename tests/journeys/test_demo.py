"""`hnb demo` as a person has it: a real process, the whole system, and the review's own figures at its end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import scratch_folder

HNB = str(Path(sys.executable).with_name("hnb"))
PATIENCE_SECONDS = 300


@pytest.fixture
def temporary_folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the demo makes its temporary folder, so that what it leaves behind can be seen."""
    with scratch_folder() as folder:
        monkeypatch.setenv("TMPDIR", str(folder))
        yield folder


def test_the_demo_ends_on_the_reviews_figures_and_leaves_nothing_behind(temporary_folder: Path) -> None:
    done = subprocess.run(
        [HNB, "demo"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        env=os.environ | {"HNB_ALERT_URLS": "mailto://127.0.0.1:1?from=a@example.org&to=officer@example.org"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Committed and spent together: £111,200,000\n" in done.stdout
    assert "In-year balance: −£22,600,000\n" in done.stdout
    assert "Reserve: −£22,200,000 → −£44,800,000\n" in done.stdout
    total = re.search(r"^Total\s.*$", done.stdout, re.MULTILINE)
    assert total is not None
    assert {"4,175", "£88,600,000", "£111,200,000", "−£22,600,000"} <= set(total[0].split())
    assert re.search(
        r"knew (\d+) of them again and refused (\d+) malformed ones \([\d,]+, \1 and \2 were sent\)", done.stdout
    )
    assert "Every event is synthetic" in done.stdout
    assert "Where this is going: 1,000 futures from the ledger's own journal" in done.stdout
    years = {line[:7]: line.split() for line in done.stdout.splitlines() if re.match(r"20\d\d-\d\d +£", line)}
    assert list(years) == ["2025-26", "2026-27", "2027-28", "2028-29", "2029-30"]
    assert years["2025-26"] == ["2025-26", "£111.20m", "–", "−£44.80m", "–", "−£44.80m", "−£44.80m", "−£4.48m"]
    assert years["2027-28"][-3] == "−£78.00m"
    assert years["2027-28"][-1] == "−£37.68m"
    pages = done.stdout.partition("Where each page is")[2]
    assert re.search(r"Finance's board +http://127\.0\.0\.1:\d+/board/E06000016/2025\n", pages)
    assert re.search(r"for everybody +http://127\.0\.0\.1:\d+/public/E06000016/2025\n", pages)
    assert "\x1b" not in done.stdout
    assert list(temporary_folder.glob("hnb-demo-*")) == []


def test_the_demo_stops_when_asked_and_leaves_nothing_behind(temporary_folder: Path) -> None:
    process = subprocess.Popen([HNB, "demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    while "Playing" not in (line := process.stdout.readline()):
        assert line, "it ended before it played anything"
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=PATIENCE_SECONDS)[0]
    assert process.returncode == 1, said
    assert "Stopped before the year was played out." in said
    assert list(temporary_folder.glob("hnb-demo-*")) == []
