"""The demo's year behind a real system, and a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hnb_local.stack import Stack
from tests.conftest import scratch_folder
from tests.pages.browser import CHROMIUM, chromium

HNB = str(Path(sys.executable).with_name("hnb"))
PATIENCE_SECONDS = 400


@pytest.fixture(scope="session")
def demo() -> Iterator[Stack]:
    """The system as `hnb demo --data-dir` leaves it, started again."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: chromium), so no page was looked at in a browser")
    with scratch_folder() as folder:
        played = subprocess.run(
            [HNB, "demo", "--data-dir", str(folder)], capture_output=True, text=True, timeout=PATIENCE_SECONDS,
            check=False, stdin=subprocess.DEVNULL, env=os.environ | {"COLUMNS": "200"},
        )  # fmt: skip
        assert played.returncode == 0, played.stdout[-2_000:] + played.stderr
        with Stack(folder, say=print, durable=False) as running:
            yield running


# Of a module: while it is open Playwright runs an event loop on this thread, where no other test could run its own.
@pytest.fixture(scope="module")
def browser(demo: Stack) -> Iterator[Browser]:  # the demo first: where there is no Chromium, it says so
    with chromium() as running:
        yield running
