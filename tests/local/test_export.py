"""`hnb export` as a person has it: the files hold what the ledger answers, to the penny, and never a formula."""

import csv
import subprocess
import sys
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from hnb.sheets import Sheet, workbook, write_csv
from hnb_local.stack import Stack
from tests.cases import LEICESTER, commissioned, contributed, issued, made, yearly
from tests.journeys.waiting import until

HNB = str(Path(sys.executable).with_name("hnb"))
BATCH = {"content-type": "application/cloudevents-batch+json"}
FORMULAS = ["=1+1", "+44 20", "-2", "@SUM(A1)", "\tcmd", '=HYPERLINK("http://127.0.0.1")']


def hnb(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HNB, "export", *options], capture_output=True, text=True, timeout=60, check=False)


def sheet(name: str, *texts: str) -> Sheet:
    columns = [{"title": "Words", "unit": "text"}, {"title": "Cost", "unit": "pence"}, {"title": "N", "unit": "count"}]
    return {
        "name": name,
        "columns": columns,
        "rows": [[text, -9_007_199_254_740_99 - i, i] for i, text in enumerate(texts)],
    }


def from_xlsx(content: bytes) -> dict[str, list[list[Any]]]:
    """Each worksheet's rows below the heading, money back in pence."""
    found: dict[str, list[list[Any]]] = {}
    for page in load_workbook(BytesIO(content)).worksheets:
        heading, *rows = page.iter_rows(values_only=True)
        money = [str(title).endswith("(£)") for title in heading]
        found[page.title] = [
            [round(Decimal(repr(cell)) * 100) if of_money and cell is not None else cell
             for cell, of_money in zip(row, money, strict=True)]
            for row in rows
        ]  # fmt: skip
    return found


def test_what_looks_like_a_formula_stays_words(tmp_path: Path) -> None:
    sheets = [sheet("One", *FORMULAS, "plain")]
    page = load_workbook(BytesIO(workbook(sheets))).worksheets[0]
    cells = [page.cell(row, 1) for row in range(2, 9)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells] == [*FORMULAS, "plain"]
    text = StringIO()
    write_csv(sheets, text)
    words = [row["Words"] for row in csv.DictReader(StringIO(text.getvalue()))]
    assert words == [*(f"'{formula}" for formula in FORMULAS), "plain"]


def test_money_is_a_number_exact_to_the_penny() -> None:
    sheets = [sheet("One", "a", "b"), sheet("Two", "c")]
    assert from_xlsx(workbook(sheets)) == {one["name"]: one["rows"] for one in sheets}
    cell = load_workbook(BytesIO(workbook(sheets))).worksheets[0].cell(2, 2)
    assert cell.data_type == "n"
    text = StringIO()
    write_csv(sheets, text)
    assert text.getvalue().splitlines()[:2] == ["Sheet,Words,Cost (£),N", "One,a,-9007199254740.99,0"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--out", "return.ods"], "--out ends in .csv or .xlsx, which says the format."),
        (["--year", "1066"], "Invalid value for '--year': Input should be greater than or equal to 1990"),
        (["--ledger-url", "here"], "--ledger-url is not of the form http://host:port."),
    ],
)
def test_a_wrong_option_is_one_sentence_and_status_2(options: list[str], sentence: str) -> None:
    for command in ("s251", "dsg-plan"):
        done = hnb(command, *options)
        assert (done.returncode, done.stderr.strip(), done.stdout) == (2, sentence, "")


def test_help_shows_an_example() -> None:
    assert "hnb export s251 --year 2025 --out s251.xlsx" in hnb("s251", "--help").stdout
    assert "dsg-plan" in hnb().stdout


def test_the_files_hold_what_the_ledger_answers(stack: Stack, tmp_path: Path) -> None:
    events = [
        issued("EHCP-1", primary_need="ASD", year_group=4), commissioned("CP-1", 2, yearly(10_000)),
        made("PL-1", yearly(33_333), start="2025-04-01"), contributed("PL-1", yearly(3_333)),
    ]  # fmt: skip
    assert httpx.post(f"{stack.urls['placements']}/events", json=events, headers=BATCH, timeout=20).is_success
    ledger = stack.urls["ledger"]
    query: dict[str, str | int] = {"authority": LEICESTER, "financial_year": 2025}

    def total() -> int:
        return int(httpx.get(f"{ledger}/positions", params=query).json()["total"]["committed_pence"])

    until(lambda: total() == 5_000_000)
    where = ["--year", "2025", "--ledger-url", ledger]
    for command in ("s251", "dsg-plan"):
        sheets = httpx.get(f"{ledger}/statutory/{command}", params=query).json()["sheets"]
        done = hnb(command, *where, "--out", str(tmp_path / f"{command}.xlsx"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("Wrote ")
        in_file = from_xlsx((tmp_path / f"{command}.xlsx").read_bytes())
        assert {k: v for k, v in in_file.items() if k != "Notes"} == {
            one["name"]: [[cell if cell != "" else None for cell in row] for row in one["rows"]]
            for one in sheets if one["name"] != "Notes"
        }  # fmt: skip
        assert hnb(command, *where, "--out", str(tmp_path / f"{command}.csv")).returncode == 0
        written = (tmp_path / f"{command}.csv").read_bytes()
        assert "small numbers are not suppressed" in written.decode()
        assert written.startswith(b"\xef\xbb\xbfSheet,"), "Excel reads the pound signs of a file with this mark"
    rows = {row["Line"]: row for row in csv.DictReader(StringIO(hnb("s251", *where).stdout)) if row["Sheet"] == "S251"}
    assert (rows["1.0.2"]["Net (£)"], rows["DfE total"]["Net (£)"]) == ("20000.00", "50000.00")
    assert [rows["1.2.1/1.2.2"][f"{name} (£)"] for name in ("Gross", "Income", "Net")] == [
        "33333.00", "3333.00", "30000.00",
    ]  # fmt: skip


def test_what_is_not_known_is_one_sentence_and_status_1(stack: Stack, tmp_path: Path) -> None:
    where = ["--ledger-url", stack.urls["ledger"], "--out", str(tmp_path / "never.csv")]
    for options in (["--authority", "E99999999", "--year", "2025"], ["--year", "2001"]):
        done = hnb("s251", *options, *where)
        authority = "E99999999" if "E99999999" in options else LEICESTER
        year = "2001-02" if "2001" in options else "2025-26"
        assert (done.returncode, done.stderr.strip()) == (1, f"Nothing is known of {authority} in {year}.")
    assert not (tmp_path / "never.csv").exists()
    done = hnb("s251", "--known-at", "yesterday", *where)
    assert done.returncode == 2
    assert done.stderr.startswith("The ledger service refuses: known_at: ")
    done = hnb("s251", "--year", "2025", *where[:2], "--out", "/nowhere/s251.csv")
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "/nowhere/s251.csv cannot be written: No such file or directory.",
    )
