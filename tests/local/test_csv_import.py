"""`hnb import csv` over the whole running system: in once, mended, imported again, and nothing of a child left."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis
from psycopg import sql
from typer.testing import CliRunner

from hnb_local.cli import app
from hnb_local.errors import CommandFailed
from hnb_local.extracts.contract import event_types
from hnb_local.extracts.template import template
from hnb_local.sen2.pseudonym import Key
from hnb_local.stack import Stack
from tests.cases import LEICESTER, Json
from tests.journeys.waiting import until
from tests.local.extracts import HEADER, PLACEMENTS

HNB = str(Path(sys.executable).with_name("hnb"))
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NAMES = ("Okafor", "Ada", "Hussain", "Bilal", "Patel", "Chetna", "Novak", "Dana", "N820001216001", "R820001216003",
         "V820001216005", "14/03/2014", "2014-03-14", "02/11/2011", "2011-11-02")  # fmt: skip

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(stack: Stack) -> Run:
    """The command as a person runs it, told where the door is; without a process, whose start takes long."""

    def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
        told = ["import", "csv", *map(str, words), "--placements-url", stack.urls["placements"]]
        done = CliRunner().invoke(app, told)
        if isinstance(done.exception, CommandFailed):  # as `hnb_local.cli.main` ends it
            return subprocess.CompletedProcess(told, done.exception.status, done.stdout, f"{done.exception}\n")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return subprocess.CompletedProcess(told, done.exit_code, done.stdout, done.stderr)

    return command


def summary(done: subprocess.CompletedProcess[str]) -> Json:
    """The summary of an import run with --json."""
    answer: Json = json.loads(done.stdout)
    return answer


def changes(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {change: number for change, number in summary(done)["changes"].items() if number}


def committed(stack: Stack, year: int = 2025, authority: str = LEICESTER) -> int:
    query: Json = {"authority": authority, "financial_year": year}
    answer = httpx.get(f"{stack.urls['ledger']}/positions", params=query, timeout=20).json()
    return int(answer["total"]["committed_pence"])


def explained(stack: Stack, placement: str, authority: str = LEICESTER) -> Any:
    query: Json = {"authority": authority}
    return httpx.get(f"{stack.urls['ledger']}/commitments/{placement}", params=query, timeout=20).json()


def written(folder: Path, rows: str, name: str = "extract.csv", toml: str = PLACEMENTS) -> tuple[Path, Path]:
    extract, mapping = folder / name, folder / "mapping.toml"
    extract.write_text(HEADER + rows, encoding="utf-8")
    mapping.write_text(toml, encoding="utf-8")
    return extract, mapping


def test_an_extract_goes_in_once_its_wrong_rows_are_mended_and_again_changes_nothing(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    rows = 'A1,7f3a9c,SET-1,SS,01/04/2025,31/03/2026,1000\nA2,7f3a9d,SET-1,??,01/04/2025,31/03/2026,"£2,000.00"\n'
    extract, mapping = written(tmp_path, rows + "A3,7f3a9e,SET-1,SS,45748,31/03/2026,4000\n")
    council = ("--mapping", mapping, "--authority", "E06000001")

    tried = run(extract, *council, "--dry-run", "--json")
    assert (tried.returncode, changes(tried), summary(tried)["rejected"]) == (1, {"new": 1}, 2)
    assert not (tmp_path / "extract.csv.rejected.csv").exists()
    assert committed(stack, authority="E06000001") == 0

    first = run(extract, *council)
    assert first.returncode == 1, "two rows are wrong"
    assert "row 3: Type '??': is not among the codes of provision" in first.stderr
    assert "row 4: Start '45748': a spreadsheet's day number" in first.stderr
    assert "1 events sent as /extracts/E06000001." in first.stdout
    until(lambda: committed(stack, authority="E06000001") == 100_000)

    rejected = tmp_path / "extract.csv.rejected.csv"
    assert rejected.stat().st_mode & 0o077 == 0, "it holds what the extract holds"
    with rejected.open(encoding="utf-8-sig", newline="") as wrong:
        assert [(row["Placement No"], row["row"]) for row in csv.DictReader(wrong)] == [("A2", "3"), ("A3", "4")]
    mended = rejected.read_text(encoding="utf-8-sig").replace("??", "Unit").replace("45748", "01/04/2025")
    rejected.write_text(mended, encoding="utf-8-sig")
    assert run(rejected, *council).returncode == 0, "mended, they go in"
    until(lambda: committed(stack, authority="E06000001") == 700_000)

    again = run(rejected, *council, "--json")
    assert (again.returncode, changes(again), summary(again)["answers"]) == (0, {"unchanged": 2}, {})
    once_more = run(extract, *council, "--json")
    assert (changes(once_more), summary(once_more)["answers"]) == ({"unchanged": 1}, {})


def test_a_corrected_extract_takes_effect_and_the_old_one_again_undoes_nothing(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    council = ("--authority", "E06000002", "--json")
    old, mapping = written(tmp_path, "B1,7f3a9c,SET-1,SS,01/04/2025,31/03/2026,1000\n", "old.csv")
    new, _ = written(tmp_path, "B1,7f3a9c,SET-1,SS,01/04/2024,31/03/2026,1500\n", "new.csv")
    assert changes(run(old, "--mapping", mapping, *council)) == {"new": 1}
    assert changes(run(new, "--mapping", mapping, *council)) == {"changed": 1}
    until(lambda: committed(stack, authority="E06000002") == 150_000)
    assert changes(run(old, "--mapping", mapping, *council)) == {"superseded": 1}
    assert committed(stack, authority="E06000002") == 150_000
    told = run(old, "--mapping", mapping, "--authority", "E06000002")
    assert "give --as-of" in re.sub(r"\s+", " ", told.stdout)
    assert changes(run(old, "--mapping", mapping, *council, "--as-of", "2025-01-31")) == {"earlier": 1}
    assert len(explained(stack, "B1", "E06000002")["events"]) >= 2
    assert committed(stack, authority="E06000002") == 150_000
    (tmp_path / "again").mkdir()
    right_again, _ = written(tmp_path / "again", "B1,7f3a9c,SET-1,SS,01/04/2025,31/03/2026,1000\n")
    extract_of_now = (*council, "--as-of", _moment_of_last(stack, "B1", "E06000002"))
    assert changes(run(right_again, "--mapping", mapping, *extract_of_now)) == {"changed": 1}
    until(lambda: committed(stack, authority="E06000002") == 100_000)


def _moment_of_last(stack: Stack, placement: str, authority: str) -> str:
    """When the last thing said of a placement happened; an extract taken then and imported later stands over it."""
    return str(max(event["time"] for event in explained(stack, placement, authority)["events"]))


def test_a_history_in_one_file_leaves_its_last_row_standing(run: Run, stack: Stack, tmp_path: Path) -> None:
    rows = "".join(
        f"C1,7f3a9c,SET-1,SS,01/04/2025,31/03/2026,{cost}\n" for cost in (1000, 2000, 2000, *range(1, 7), 1500)
    )
    extract, mapping = written(tmp_path, rows)
    council = ("--mapping", mapping, "--authority", "E06000003", "--json")
    refused = run(extract, *council, "--dry-run")
    assert summary(refused)["faults"][0].startswith("row 2: says something else of the same record than row 3")
    mapping.write_text(f'same_record = "in-order"\n{PLACEMENTS}')
    assert changes(run(extract, *council, "--dry-run")) == {"new": 1, "changed": 8, "repeated": 1}
    assert changes(run(extract, *council)) == {"new": 1, "changed": 8, "repeated": 1}
    until(lambda: committed(stack, authority="E06000003") == 150_000)
    assert changes(run(extract, *council)) == {"superseded": 8, "unchanged": 1, "repeated": 1}


def test_an_extract_of_many_batches_goes_in_whole(run: Run, stack: Stack, tmp_path: Path) -> None:
    rows = "".join(f"D{i},c{i},SET-1,SS,01/04/2025,31/03/2026,{i}\n" for i in range(1_234))
    extract, mapping = written(tmp_path, rows)
    council = ("--mapping", mapping, "--authority", "E06000004", "--json")
    assert summary(run(extract, *council))["answers"] == {"accepted": 1_234}
    until(lambda: committed(stack, authority="E06000004") == 100 * sum(range(1_234)), patience=60)
    assert changes(run(extract, *council)) == {"unchanged": 1_234}


def test_every_event_type_of_the_contract_goes_in_by_its_template(run: Run, tmp_path: Path) -> None:
    cells = {
        "provision": "special", "cost_per": "year", "cost_amount": "1,000", "kind": "legal",
        "appeal_type": "contents", "mediation_certificate": "yes", "places": "10", "paid_by": "dfe", "in_area": "no",
        "partner": "health", "financial_year": "2025/26", "line": "grant", "amount": "5.00", "balance": "-22,200,000",
        "withdrawn_source": "/nobody", "name": "Ash Field",
    }  # fmt: skip
    words = {"assessment-decided": "refuse", "request-closed": "withdrawn", "tribunal-concluded": "upheld",
             "mediation-held": "resolved"}  # fmt: skip
    reasons = {"ehcp-ceased": "5", "placement-repriced": "uplift", "event-withdrawn": "entered in error"}
    for event in event_types():
        mapping, extract = tmp_path / f"{event}.toml", tmp_path / f"{event}.csv"
        mapping.write_text(template(event))
        columns = run("--check", mapping).stdout.split("columns: ")[1].rstrip(".\n").split(", ")
        own = cells | {"outcome": words.get(event, ""), "reason": reasons.get(event, "")}
        row = [own.get(c, "2025-09-01" if c.endswith(("_on", "_date")) else f"{c}-1") for c in columns]
        with extract.open("w", newline="") as file:
            csv.writer(file).writerows([columns, row])
        done = run(extract, "--mapping", mapping, "--authority", "E06000005", "--json")
        assert (changes(done), summary(done)["answers"]) == ({"new": 1}, {"accepted": 1}), (event, done.stderr)


@pytest.fixture
def example(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The files of docs/importing.md, and a key."""
    for name in ("placements.csv", "placements.toml"):
        shutil.copy(EXAMPLES / name, tmp_path / name)
    Key.write_new(tmp_path / "council.key")
    return tmp_path / "placements.csv", tmp_path / "placements.toml", tmp_path / "council.key"


def test_the_worked_example_does_what_its_page_says_and_nothing_of_a_child_stays_behind(
    run: Run, stack: Stack, example: tuple[Path, Path, Path]
) -> None:
    extract, mapping, key = example
    told = ("--mapping", mapping, "--key-file", key)
    page = (EXAMPLES.parent / "importing.md").read_text()
    for name in ("placements.csv", "placements.toml"):
        shown = "".join(f"    {line}\n" if line else "\n" for line in (EXAMPLES / name).read_text().splitlines())
        assert shown in page, f"{name} is shown as it is"

    tried = run(extract, *told, "--dry-run")
    first = run(extract, *told)
    assert (tried.returncode, first.returncode) == (1, 1)
    for line in ("row 5: Type 'SPCE': is not among the codes of provision", "3 events sent as /case-system/leicester."):
        assert line in page
        assert line in first.stderr + first.stdout
    until(lambda: explained(stack, "PL-1043").get("events") is not None)
    made = explained(stack, "PL-1042")["events"][0]
    assert made["time"] == "2025-09-18T15:04:00Z", "16:04 in a British summer"

    rejected = extract.with_name("placements.csv.rejected.csv")
    rejected.write_text(rejected.read_text(encoding="utf-8-sig").replace("SPCE", "SPEC"), encoding="utf-8-sig")
    assert changes(run(rejected, *told, "--json")) == {"new": 1}
    assert changes(run(extract.with_name("placements.csv.rejected.csv"), *told, "--json")) == {"unchanged": 1}

    extract.write_text(extract.read_text().replace(",Hussain,", ",HUSSAIN,").replace("SPCE", "SPEC"))
    assert changes(run(extract, *told, "--json")) == {"unchanged": 4}, "the same children, however they are written"
    _nothing_is_left(stack, tried.stdout + tried.stderr + first.stdout + first.stderr)


def _nothing_is_left(stack: Stack, said: str) -> None:
    everywhere = said + "".join(log.read_text() for log in (stack.folder.path / "logs").glob("*.log"))
    for service, url in stack.database_urls.items():
        with psycopg.connect(url) as connection:
            tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
            for (table,) in tables:
                rows = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
                everywhere += str(connection.execute(rows).fetchall())
            assert tables, service
    with redis.Redis.from_url(stack.broker_url, decode_responses=True) as broker:
        streams = list(broker.scan_iter(type="stream"))
        assert "placement" in " ".join(streams)
        everywhere += str([broker.xrange(stream) for stream in streams])
    assert "PL-1042" in everywhere
    found = [name for name in NAMES if re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", everywhere)]
    assert not found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give one of EXTRACT, --check MAPPING and --template EVENT."),
        (("x.csv",), "Give --mapping: --template EVENT prints one to begin with."),
        (("--template", "nonsense"), "There is no event type 'nonsense'; there are "),
        (("--check", "nowhere.toml"), "nowhere.toml cannot be read: No such file or directory."),
        (("nowhere.csv", "--mapping", "MAPPING"), "nowhere.csv cannot be read: No such file or directory."),
        (("EXTRACT", "--mapping", "MAPPING", "--authority", "Leicester"), "--authority 'Leicester': "),
        (("EXTRACT", "--mapping", "MAPPING", "--source", "a b"), "--source 'a b': "),
        (("EXTRACT", "--mapping", "MAPPING", "--as-of", "Friday"), "--as-of is written YYYY-MM-DD"),
        (("EXTRACT", "--mapping", "MAPPING", "--as-of", "2099-01-01"), "--as-of is still to come"),
        (("EXTRACT", "--mapping", "MAPPING", "--rejected", "EXTRACT"), "--rejected is the file itself"),
        (("EMPTY", "--mapping", "MAPPING"), "EMPTY has no rows under its header."),
        (("EXTRACT", "--mapping", "KEYED"), "The mapping makes pseudonyms: give --key-file"),
        (("EXTRACT", "--mapping", "TIMED", "--as-of", "2025-01-01"), "--as-of has no use: the mapping reads the time"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence_and_status_2(
    run: Run, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "EXTRACT").write_text(f"{HEADER}A,7f3a9c,SET-1,SS,01/04/2025,,1\n")
    (tmp_path / "EMPTY").write_text(HEADER)
    (tmp_path / "MAPPING").write_text(PLACEMENTS)
    (tmp_path / "KEYED").write_text(PLACEMENTS.replace('"Pupil"', '{ pseudonym = { upn = "Pupil" } }'))
    (tmp_path / "TIMED").write_text(PLACEMENTS.replace("[fields]", 'time = "Start"\n[fields]'))
    done = run(*[tmp_path / word if word.isupper() else word for word in words])
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.removeprefix(f"{tmp_path}/").startswith(said)


def test_a_dry_run_needs_no_running_system_and_an_import_does(tmp_path: Path) -> None:
    extract, mapping = written(tmp_path, "A,7f3a9c,SET-1,SS,01/04/2025,,1\nA,7f3a9c,SET-1,XX,01/04/2025,,1\n")
    command = [HNB, "import", "csv", *map(str, (extract, "--mapping", mapping, "--data-dir", tmp_path))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.startswith("Nothing is running on")) == (1, True)
    tried = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, timeout=60, check=False)
    assert tried.returncode == 1
    assert "placements was not asked" in re.sub(r"\s+", " ", tried.stdout)
    assert "row 3: Type 'XX': is not among the codes of provision" in tried.stderr
