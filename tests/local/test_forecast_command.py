"""`hnb forecast`: figures that can be drawn again byte for byte, as JSON, CSV and tables, or one clear sentence."""

import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.forecast_files import COSTS, HEADER, POPULATION, ROWS, Files

HNB = str(Path(sys.executable).with_name("hnb"))
WRONG_USE = 2
ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "forecasting.md").read_text()
SHOWN = re.findall(r"^    \$ hnb forecast (.*)\n((?:    .+\n)+)", DOCUMENT, re.MULTILINE)


def hnb(
    *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    command = [HNB, "forecast", *arguments]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, cwd=cwd, env=environment
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return Files().write(tmp_path_factory.mktemp("forecast"))


@pytest.fixture(scope="module")
def printed(files: list[str]) -> str:
    found = hnb(*files, "--years", "3", "--simulations", "80", "--seed", "7", "--json")
    assert (found.returncode, found.stderr) == (0, "")
    return found.stdout


@pytest.fixture(scope="module")
def answer(printed: str) -> Any:
    return json.loads(printed)


def test_every_january_has_its_children_and_pounds_in_all_and_by_setting(answer: Any) -> None:
    assert [year["year"] for year in answer["years"]] == [2026, 2027, 2028]
    assert answer["from"] == {"year": 2025, "count": 2, "cost": 43_200.01}
    for year in answer["years"]:
        assert set(year["settings"]) == {"mainstream", "special", "unit"}
        for figure in (year["count"], year["cost"], *(line["cost"] for line in year["settings"].values())):
            assert list(figure) == ["mean", "p2_5", "p50", "p97_5"]
            assert 0 <= figure["p2_5"] <= figure["p50"] <= figure["p97_5"]
        parts = sum(line["count"]["mean"] for line in year["settings"].values())
        assert year["count"]["mean"] == pytest.approx(parts, abs=0.02)
        parts = sum(line["cost"]["mean"] for line in year["settings"].values())
        assert year["cost"]["mean"] == pytest.approx(parts, abs=0.02)


def test_it_says_what_is_needed_to_draw_it_again_and_the_same_bytes_follow(
    answer: Any, printed: str, files: list[str], tmp_path: Path
) -> None:
    assert (answer["model"], answer["seed"], answer["simulations"]) == (2, 7, 80)
    assert answer["inputs"]["costs"] == {"sha256": hashlib.sha256(COSTS.encode()).hexdigest()}
    elsewhere = Files().write(tmp_path)
    again = hnb(*elsewhere, "--years", "3", "--simulations", "80", "--seed", "7", "--json")
    assert again.stdout == printed
    other = hnb(*files, "--years", "3", "--simulations", "80", "--seed", "8", "--json")
    assert json.loads(other.stdout)["years"] != answer["years"]


def test_the_csv_file_has_the_figures_of_the_json(files: list[str], answer: Any, tmp_path: Path) -> None:
    out = tmp_path / "forecast.csv"
    found = hnb(*files, "--years", "3", "--simulations", "80", "--seed", "7", "--out", str(out))
    assert found.returncode == 0
    rows = list(csv.DictReader(out.open(newline="")))
    by_key = {(int(row["year"]), row["setting"], row["measure"]): row for row in rows}
    assert len(by_key) == len(rows) == 3 * (5 + 3 * 2)
    for year in answer["years"]:
        for name, value in year["cost"].items():
            assert float(by_key[year["year"], "", "cost"][name]) == value
        for name, value in year["settings"]["special"]["count"].items():
            assert float(by_key[year["year"], "special", "count"][name]) == value


def test_the_table_says_what_to_know_of_the_history(files: list[str]) -> None:
    found = hnb(*files, "--years", "1", "--simulations", "50")
    assert "Children in January, from 2 in 2025" in found.stdout
    assert "2 years of transitions are too few to tell a trend" in found.stdout
    assert "The rows of 2023 end with 4 children in January 2024" in found.stdout
    assert "Seed 2025, 50 simulations, model 2." in found.stdout


@pytest.mark.parametrize(("arguments", "lines"), SHOWN, ids=["outlook", "wrong", "forecast", "backtest"])
def test_the_document_shows_what_the_command_prints(arguments: str, lines: str) -> None:
    found = hnb(*arguments.split(), cwd=ROOT / "docs" / "examples" / "forecast")
    printed = found.stdout or found.stderr
    assert [line.rstrip() for line in printed.splitlines()] == [line[4:].rstrip() for line in lines.splitlines()]


def test_a_back_test_of_two_years_says_that_it_cannot_know(files: list[str]) -> None:
    found = hnb("backtest", *files[:-2], "--simulations", "60", "--json")
    assert found.returncode == 0
    answer = json.loads(found.stdout)
    (trial,) = answer["trials"]
    assert (trial["known_until"], trial["year"], trial["actual"]) == (2024, 2025, 2)
    assert (trial["carry_level"], trial["carry_growth"]) == (4, 5)
    assert answer["mean_absolute_error"]["carry_level"] == 2.0
    assert "cannot be known from 2 years" in answer["verdict"]
    assert "cannot be known from 2 years" in hnb("backtest", *files[:-2], "--simulations", "60").stdout


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (Files(costs=COSTS.replace("ASD,unit,17000\n", "")), "no cost for need ASD in setting unit"),
        (Files(transitions=HEADER + ROWS.replace(",4,", ",14,")), "transitions.csv, line 3: "),
        (Files(population=POPULATION.replace("2023,5,105", "2023,5,-1")), "population.csv, line 8: population -1 is"),
    ],
)
def test_bad_input_ends_with_its_file_and_line_and_status_2(files: Files, said: str, tmp_path: Path) -> None:
    found = hnb(*files.write(tmp_path), "--years", "2", "--json")
    assert (found.returncode, found.stdout) == (WRONG_USE, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_what_is_asked_wrongly_ends_with_a_sentence_and_status_2(files: list[str], tmp_path: Path) -> None:
    missing = hnb(*files[:-2])
    assert (missing.returncode, missing.stderr) == (WRONG_USE, "Missing option '--costs'.\n")
    absent = hnb(*files[:-1], str(tmp_path / "none.csv"))
    assert absent.returncode == WRONG_USE
    assert absent.stderr.endswith("none.csv cannot be read: No such file or directory.\n")
    assert hnb(*files, "--years", "0").returncode == WRONG_USE
    assert "Example: hnb forecast backtest" in " ".join(hnb("backtest", "--help").stdout.split())
