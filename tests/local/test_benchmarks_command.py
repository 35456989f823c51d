"""`hnb import benchmarks` and `hnb report benchmarks`, as a person runs them, over the whole running system."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hnb_local.stack import Stack
from tests.ledger.published_files import DERBY, LEICESTER, NAMES, near, people, plans, zipped

HNB = str(Path(sys.executable).with_name("hnb"))
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(stack: Stack) -> Run:
    """The command, told where the ledger is."""

    def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
        asked = [HNB, *map(str, words), "--ledger-url", stack.urls["ledger"]]
        return subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)

    return command


@pytest.fixture
def download(tmp_path: Path) -> Path:
    path = tmp_path / "ehc-plans.zip"
    nottingham = next(code for code, name in NAMES.items() if name == "Nottingham")
    path.write_bytes(zipped(
        data__plans_csv=plans(("2025", LEICESTER, "4057"), ("2025", DERBY, "2900"), ("2025", nottingham, "c")),
        people_csv=people(("2024", LEICESTER, "137000"), ("2024", DERBY, "90000"), ("2024", nottingham, "100000")),
        near_csv=near((LEICESTER, DERBY, "1"), (LEICESTER, nottingham, "2")),
        weather_csv="day,rain\n1,2\n",
    ))  # fmt: skip
    return path


def test_a_download_is_looked_at_imported_and_then_shown(run: Run, download: Path) -> None:
    tried = run("import", "benchmarks", download)
    assert tried.returncode == 0, tried.stderr
    assert "3 figures would be new" in tried.stdout
    assert "Passed over: ehc-plans.zip/weather.csv" in tried.stdout
    assert "Nothing was imported. Add --yes" in tried.stdout
    assert "no published file names" in run("report", "benchmarks").stderr.lower()

    done = run("import", "benchmarks", download, "--yes", "--json")
    assert [one["imported"] for one in json.loads(done.stdout)["files"]] == [True, True, True]
    again = run("import", "benchmarks", download, "--yes")
    assert again.stdout.count("Imported before") == 3

    shown = run("report", "benchmarks")
    assert "Leicester beside 2 comparators (statistical neighbours)" in shown.stdout
    assert "2.96%" in shown.stdout
    assert "withheld, so that nobody can be told from it" in shown.stdout
    answer = json.loads(run("report", "benchmarks", "--comparator", "Derby", "--json").stdout)
    assert answer["rates"][0]["rank"] == 2
    wrong = run("report", "benchmarks", "--comparator", "Atlantis")
    assert wrong.returncode == 2
    assert "no published file names 'Atlantis'" in wrong.stderr


def test_one_wrong_file_keeps_all_of_them_out(run: Run, download: Path, tmp_path: Path) -> None:
    other = tmp_path / "later.csv"
    other.write_text(plans(("2026", LEICESTER, "4175"), ("2026", DERBY, "some")))
    missing = tmp_path / "missing.csv"
    good = tmp_path / "good.csv"
    good.write_text(plans(("2026", LEICESTER, "4176")))
    for wrong, says in ((other, "later.csv, line 3, column ehc_plans"), (missing, "missing.csv cannot be read")):
        done = run("import", "benchmarks", good, wrong, "--yes")
        assert done.returncode == 2
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert "1 figure would be new" in run("import", "benchmarks", good).stdout


def test_a_download_that_never_comes_to_the_ledger_says_so(download: Path) -> None:
    command = [HNB, "import", "benchmarks", str(download), "--ledger-url", "http://127.0.0.1:9"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "does not answer" in done.stderr


def test_made_up_files_say_that_they_are(tmp_path: Path) -> None:
    done = subprocess.run(
        [HNB, "simulate", "published", "--out", str(tmp_path / "p")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.count("invented figures") == 6
    assert all(path.name.startswith("invented-") for path in (tmp_path / "p").iterdir())


@pytest.mark.parametrize("words", [("import", "benchmarks"), ("report", "benchmarks"), ("simulate", "published")])
def test_each_command_has_help_with_an_example(words: tuple[str, str]) -> None:
    done = subprocess.run([HNB, *words, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert f"Example: hnb {' '.join(words)}" in " ".join(done.stdout.split())
