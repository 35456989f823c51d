"""`hnb forecast` of the block: what it prints, writes and draws is the outlook's; one sentence where it cannot."""

import csv
import json
import subprocess
from decimal import Decimal
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import pytest

from hnb_local.errors import CommandFailed
from hnb_local.forecasting.outlook_charts import charts_of
from hnb_local.forecasting.outlook_csv import csv_of
from hnb_local.forecasting.outlooks import read_answer
from ledger.outlook.inputs import read_inputs
from ledger.outlook.result import Outlook
from ledger.outlook.run import outlook
from ledger.outlook.scenarios import read_pack
from tests.local.test_forecast_command import ROOT, WRONG_USE, hnb

EXAMPLES = ROOT / "docs" / "examples" / "forecast"
SVG = "{http://www.w3.org/2000/svg}"
ASKED = ("--inputs", "authority.json", "--scenarios", "measures.yaml", "--simulations", "120", "--seed", "3")


def run(*more: str) -> "subprocess.CompletedProcess[str]":
    return hnb(*ASKED, *more, cwd=EXAMPLES)


@pytest.fixture(scope="module")
def found() -> Outlook:
    inputs = read_inputs("authority.json", (EXAMPLES / "authority.json").read_bytes())
    pack = read_pack("measures.yaml", (EXAMPLES / "measures.yaml").read_bytes())
    return outlook(inputs, pack, simulations=120, seed=3)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of charts and the CSV file that one run wrote."""
    folder = tmp_path_factory.mktemp("drawn")
    done = run("--charts", str(folder / "charts"), "--out", str(folder / "figures.csv"))
    assert (done.returncode, done.stderr) == (0, "")
    return folder


def test_the_json_is_the_outlook_and_the_same_bytes_follow(found: Outlook) -> None:
    first = run("--json")
    assert (first.returncode, first.stderr) == (0, "")
    answer = json.loads(first.stdout)
    assert answer.pop("run") is None
    assert Outlook.model_validate(answer) == found
    assert run("--json").stdout == first.stdout


def test_the_screen_has_years_lines_scenarios_worth_places_and_what_it_was_made_of() -> None:
    printed = " ".join(run().stdout.split())
    for part in (
        "Steady: the High Needs Block",
        "│ 2025-26 │ £14.20m │ £14.20m │ – │ £12.00m │ −£2.20m │ −£3.70m │ – │ – │ – │ – │",
        "│ SEN support services │ – │ – │ £1,000,000 │ £1,000,000 │ – │",
        "│ A stated path (stated) │ −£3.70m │ −£4.85m │ −£6.00m │ – │ – │ – │ not by then │",
        "│ Stability grant │ Mar 2028 │ £3.33m │ – │ 100% of futures │",
        "Ten special places: Whoever would start in an independent school could go there.",
        "│ Special schools, all-through │ 205 │ 200 │",
        "seed 3, 120 simulations, model 1",
    ):
        assert part in printed


def test_words_of_a_file_are_no_markup_and_no_formula(tmp_path: Path) -> None:
    """A title in square brackets, and a phase that a register has, stand as they were written."""
    inputs = json.loads((EXAMPLES / "authority.json").read_text())
    inputs["capacities"] = [{**one, "phase": "=1+1"} for one in inputs["capacities"]]
    (tmp_path / "inputs.json").write_text(json.dumps(inputs))
    written = (EXAMPLES / "measures.yaml").read_text()
    (tmp_path / "ours.yaml").write_text(written.replace("title: Inflation", 'title: "=SUM(1) [/] [red]dear[/red] <b>"'))
    asked = ("--inputs", "inputs.json", "--scenarios", "ours.yaml", "--simulations", "20")
    done = hnb(*asked, "--out", "figures.csv", "--charts", "charts", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "│ =SUM(1) [/] [red]dear[/red] <b> " in done.stdout
    files = (tmp_path / "figures.csv", tmp_path / "charts" / "reserve.csv", tmp_path / "charts" / "worth.csv")
    cells = [cell for file in files for row in csv.reader(file.open(newline="")) for cell in row]
    assert {"'=1+1", "'=SUM(1) [/] [red]dear[/red] <b>"} <= set(cells)
    assert not any(cell.startswith(("=", "+", "@", "\t")) for cell in cells)
    page = (tmp_path / "charts" / "index.html").read_text()
    assert "=SUM(1) [/] [red]dear[/red] &lt;b&gt;" in page
    assert "<b>" not in page


def test_scenarios_that_are_not_utf8_are_refused_wherever_they_would_be_drawn(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text((EXAMPLES / "measures.yaml").read_text(), encoding="utf-16")
    for way in (
        ("--inputs", str(EXAMPLES / "authority.json")),
        ("--from-ledger", "--ledger-url", "http://127.0.0.1:9"),
    ):
        done = hnb(*way, "--scenarios", str(file))
        assert (done.returncode, done.stderr) == (WRONG_USE, f"{file} is not UTF-8.\n")


def test_an_answer_that_is_no_forecast_is_said_to_be_none() -> None:
    answers: tuple[object, ...] = ({}, [], {"number": 1, "outlook": {"model": 99}})
    for answer in answers:
        with pytest.raises(CommandFailed, match="no forecast this command can read"):
            read_answer(answer)


def test_another_level_is_watched_where_one_is_given() -> None:
    assert "Below −£4.00m" in run("--level", "-4000000").stdout


def test_the_csv_has_every_figure_in_exact_pounds(found: Outlook, drawn: Path) -> None:
    assert (drawn / "figures.csv").read_text() == csv_of(found)
    rows = list(csv.DictReader((drawn / "figures.csv").open(newline="")))
    keys = {tuple(row[name] for name in list(row)[:6]) for row in rows}
    assert len(keys) == len(rows), "one row a figure"
    year = found.scenarios[0].years[2]
    (row,) = (
        row for row in rows
        if (row["scenario"], row["financial_year"], row["measure"]) == ("steady", "2027", "reserve")
    )  # fmt: skip
    assert [Decimal(row[name]) * 100 for name in ("p10", "p50", "p90")] == [
        year.reserve_pence.p10, year.reserve_pence.p50, year.reserve_pence.p90,
    ]  # fmt: skip
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


def test_every_chart_is_an_svg_a_png_and_a_table_of_the_same_figures(found: Outlook, drawn: Path) -> None:
    charts = charts_of(found)
    assert [chart.name for chart in charts] == ["outturn", "reserve", "worth", "growth", "places-1-special"]
    page = (drawn / "charts" / "index.html").read_text()
    for chart in charts:
        svg = ElementTree.fromstring((drawn / "charts" / f"{chart.name}.svg").read_text())
        names = [svg.findtext(f"{SVG}{name}") for name in ("title", "desc")]
        assert names == [chart.title, chart.says]
        assert svg.get("aria-labelledby") == f"{chart.name}-title {chart.name}-desc"
        assert (drawn / "charts" / f"{chart.name}.png").read_bytes().startswith(b"\x89PNG")
        rows = list(csv.reader((drawn / "charts" / f"{chart.name}.csv").open(newline="")))
        assert rows == [list(chart.columns), *map(list, chart.rows)]
        assert escape(chart.says) in page
        for row in chart.rows:
            assert all(f"<td>{escape(cell)}</td>" in page for cell in row)
    assert "http" not in page.replace("http://www.w3.org", ""), "nothing is fetched from anywhere"
    reserve = next(chart for chart in charts if chart.name == "reserve")
    assert reserve.rows[0][1:] == tuple(
        f"{'−' if year.reserve_pence.p50 < 0 else ''}£{abs(year.reserve_pence.p50) / 1e8:,.2f}m"
        for year in found.scenarios[0].years
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say what to forecast from: --from-ledger, --inputs FILE, or files: --transitions,"),
        (("--inputs", "none.json"), "none.json cannot be read: No such file or directory."),
        (("--inputs", "measures.yaml"), "measures.yaml: Invalid JSON"),
        (("--inputs", "authority.json", "--scenarios", "authority.json"), "authority.json: scenarios: is missing."),
        (("--inputs", "authority.json", "--from-ledger"), "--from-ledger and --inputs are two ways: give one."),
        (
            ("--inputs", "authority.json", "--costs", "costs.csv"),
            "--costs: of a forecast from files, and not of --inputs.",
        ),
        (("--from-ledger", "--years", "3"), "--years: of a forecast from files, and not of --from-ledger."),
        (("--costs", "costs.csv", "--level", "5"), "--level: of --from-ledger or --inputs."),
        (("--inputs", "authority.json", "--level", "much"), "Invalid value for '--level'"),
        (("--inputs", "authority.json", "--level", "9" * 30), "Invalid value for '--level'"),
        (("--inputs", "authority.json", "--simulations", "0"), "Invalid value for '--simulations'"),
    ],
)
def test_what_is_asked_wrongly_ends_with_a_sentence_and_status_2(arguments: tuple[str, ...], said: str) -> None:
    done = hnb(*arguments, cwd=EXAMPLES)
    assert (done.returncode, done.stdout) == (WRONG_USE, "")
    assert said in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_what_does_not_answer_or_cannot_be_written_ends_with_a_sentence_and_status_1(tmp_path: Path) -> None:
    nowhere = hnb("--from-ledger", "--data-dir", str(tmp_path))
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "Nothing is running on" in nowhere.stderr
    silent = hnb("--from-ledger", "--ledger-url", "http://127.0.0.1:9")
    assert silent.returncode == 1
    assert "The ledger service does not answer at http://127.0.0.1:9" in silent.stderr
    (tmp_path / "file").touch()
    unwritable = run("--charts", str(tmp_path / "file" / "charts"))
    assert unwritable.returncode == 1
    assert "cannot be made: Not a directory." in unwritable.stderr


def test_a_journal_is_looked_back_on_too(tmp_path: Path) -> None:
    """Five years that were all alike, each a transition of its own."""
    inputs = json.loads((EXAMPLES / "authority.json").read_text())
    inputs["moves"] = [{**move, "year": year} for year in range(2021, 2026) for move in inputs["moves"]]
    (tmp_path / "five.json").write_text(json.dumps(inputs))
    done = hnb("backtest", "--inputs", "five.json", "--simulations", "60", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert [(trial["known_until"], trial["year"]) for trial in answer["trials"]][:2] == [(2022, 2023), (2022, 2024)]
    assert {trial["actual"] for trial in answer["trials"]} == {660}
    assert answer["inputs"]["inputs"]["sha256"] == read_inputs("five", (tmp_path / "five.json").read_bytes()).digest
    assert "1 April" in hnb("backtest", "--inputs", "five.json", "--simulations", "20", cwd=tmp_path).stdout
    mixed = hnb("backtest", "--inputs", "authority.json", "--population", "population.csv", cwd=EXAMPLES)
    assert mixed.returncode == WRONG_USE
    assert mixed.stderr == "--population: of a forecast from files, and not of --inputs.\n"


def test_a_forecast_from_files_is_drawn_too(tmp_path: Path) -> None:
    files = [f"--{name}={name}.csv" for name in ("transitions", "population", "costs", "valid-states")]
    done = hnb(*files, "--simulations", "60", "--charts", str(tmp_path), cwd=EXAMPLES)
    assert (done.returncode, done.stderr) == (0, "")
    assert {file.name for file in tmp_path.iterdir()} == {
        "index.html", *(f"{name}.{kind}" for name in ("children", "cost") for kind in ("svg", "png", "csv")),
    }  # fmt: skip
    last = list(csv.reader((tmp_path / "children.csv").open(newline="")))[-1]
    assert last[0] == "2030"
