"""Fixtures of the fault tests: chances that can be drawn again, and figures at the end of a long run."""

import random
import subprocess
from pathlib import Path

import pytest

from tests.faults.run import FIGURES, LONG, SEED, Figures


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """A test's own chances: of the run's seed and the test's name, so that it can be run alone."""
    print(f"HNB_FAULTS_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def figures() -> Figures:
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures, with what it takes to see them again."""
    if not LONG or not FIGURES.found:
        return
    commit = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    terminalreporter.section(f"faults, seed {SEED}, commit {commit.stdout.strip() or 'unknown'}")
    width = max(len(figure.of) for figure in FIGURES.found)
    for figure in FIGURES.found:
        wanted = f"   (wanted: {figure.wanted})" if figure.wanted else ""
        terminalreporter.write_line(f"{figure.of:<{width}}  {figure.value}{wanted}")
