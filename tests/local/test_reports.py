"""`hnb import payments` and what the ledger is asked at the terminal, over the whole running system."""

import csv
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from hnb_local.stack import Stack
from tests.cases import LEICESTER, Json, made, yearly

HNB = str(Path(sys.executable).with_name("hnb"))
HEADER = "payment_id,commitment_id,financial_year,paid_on,amount\n"
FULL = {"start": "2025-04-01", "end": "2026-03-31"}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(stack: Stack) -> Run:
    """The command as a person runs it, told where the services are."""
    send(stack, *(made(f"PL-{i}", yearly(10_000 + i), **FULL) for i in range(1, 6)))
    wait_for(stack, lambda: spent_or_cost(stack, "committed_pence") == 5_001_500)

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        urls = ["--ledger-url", stack.urls["ledger"]]
        urls += ["--placements-url", stack.urls["placements"]] if words[0] == "import" else []
        return subprocess.run([HNB, *words, *urls], capture_output=True, text=True, timeout=60, check=False)

    return command


def send(stack: Stack, *events: Json) -> None:
    kind = {"Content-Type": "application/cloudevents-batch+json"}
    url = stack.urls["placements"] + "/events"
    assert httpx.post(url, content=json.dumps(events), headers=kind, trust_env=False).status_code == 200


def ask(stack: Stack, path: str, **query: Any) -> Any:
    query = {"authority": LEICESTER, **query}
    return httpx.get(stack.urls["ledger"] + path, params=query, trust_env=False).json()


def spent_or_cost(stack: Stack, figure: str) -> int:
    return int(ask(stack, "/positions", financial_year=2025)["total"][figure])


def wait_for(stack: Stack, reached: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < until, ask(stack, "/positions", financial_year=2025)
        time.sleep(0.05)


def test_payments_go_in_once_are_replaced_and_moved_and_wrong_rows_are_set_aside(
    run: Run, stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "payments.csv"
    file.write_text(HEADER + 'A,PL-1,2025,2025-10-31,"£1,000.00"\nB,PL-2,2025-26,2025-10-31,500\nC,PL-2,2025,45234,1\n')

    tried = run("import", "payments", str(file), "--dry-run", "--json")
    assert json.loads(tried.stdout)["changes"]["new"] == 2
    assert spent_or_cost(stack, "spent_pence") == 0

    first = run("import", "payments", str(file))
    assert first.returncode == 1, "a row is wrong"
    assert "row 4: paid_on '45234'" in first.stderr
    assert "£1,500.00" in first.stdout
    wait_for(stack, lambda: spent_or_cost(stack, "spent_pence") == 150_000)

    again = json.loads(run("import", "payments", str(file), "--json").stdout)
    assert (again["changes"]["unchanged"], again["answers"]) == (2, {})

    file.write_text(HEADER + "A,PL-1,2025,2025-10-31,900\nB,PL-3,2025,2025-10-31,500\n")
    changed = json.loads(run("import", "payments", str(file), "--json").stdout)
    assert (changed["changes"]["changed"], changed["changes"]["moved"]) == (1, 1)
    wait_for(stack, lambda: spent_or_cost(stack, "spent_pence") == 140_000)
    assert not [c for c in ask(stack, "/commitments/PL-2")["schedule"] if c["kind"] == "payment"]

    back = HEADER + "A,PL-1,2025,2025-10-31,1000\nB,PL-2,2025,2025-10-31,500\n"
    file.write_text(back)
    assert run("import", "payments", str(file)).returncode == 0
    wait_for(stack, lambda: spent_or_cost(stack, "spent_pence") == 150_000)
    assert not [c for c in ask(stack, "/commitments/PL-3")["schedule"] if c["kind"] == "payment"]

    rejected = tmp_path / "payments.csv.rejected.csv"
    with rejected.open(encoding="utf-8-sig", newline="") as wrong:
        (row,) = csv.DictReader(wrong)
    assert (row["payment_id"], row["row"]) == ("C", "4")
    rejected.write_text(
        rejected.read_text(encoding="utf-8-sig").replace(",45234,", ",2025-11-30,"), encoding="utf-8-sig"
    )
    assert run("import", "payments", str(rejected)).returncode == 0, "mended, it goes in"
    wait_for(stack, lambda: spent_or_cost(stack, "spent_pence") == 150_100)


def test_a_file_of_many_batches_goes_in_whole_and_again_changes_nothing(run: Run, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "many.csv"
    file.write_text(HEADER + "".join(f"M-{i},PL-{4 + i % 2},2025,2025-12-01,1\n" for i in range(1_234)))
    before = spent_or_cost(stack, "spent_pence")
    done = json.loads(run("import", "payments", str(file), "--json").stdout)
    assert done["answers"] == {"accepted": 1_234}
    run("import", "payments", str(file))  # at once, whether the ledger has heard of them or not
    wait_for(stack, lambda: spent_or_cost(stack, "spent_pence") == before + 123_400)
    assert json.loads(run("import", "payments", str(file), "--json").stdout)["changes"]["unchanged"] == 1_234


def test_a_payment_for_nothing_known_waits_and_is_an_exception(run: Run, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "unknown.csv"
    file.write_text(HEADER + "U,PL-404,2025,2025-10-31,77\n")
    done = json.loads(run("import", "payments", str(file), "--json").stdout)
    assert done["unknown_commitments"] == ["PL-404"]
    wait_for(stack, lambda: bool(ask(stack, "/waiting-events")["events"]))
    assert "the commitment PL-404" in run("waiting").stdout
    listed = json.loads(run("exceptions", "--year", "2025", "--on", "2025-12-01", "--json").stdout)
    assert listed["kinds"]["no-commitment"] == {"count": 1, "amount_pence": 7_700}
    assert "Paid for a commitment that is not known: 1, £77.00" in run("exceptions", "--year", "2025").stdout


def test_a_line_the_months_and_the_movements_are_shown(run: Run, stack: Stack) -> None:
    position = ask(stack, "/positions", financial_year=2025)["lines"][0]
    line = json.loads(run("explain", "--line", "special", "--year", "2025", "--json").stdout)
    assert len(line["commitments"]) == line["total"]["commitments"] == 5
    for figure in ("committed_pence", "spent_pence"):
        assert sum(share[figure] for share in line["commitments"]) == line["total"][figure] == position[figure]
    shown = run("explain", "--line", "special", "--year", "2025").stdout
    assert shown.index("PL-5") < shown.index("PL-1 "), "the largest first"
    assert "£50,015.00" in run("profile", "--year", "2025").stdout
    moved = run("changes", "--from", "2020-01-01T00:00:00Z", "--to", "2099-01-01T00:00:00Z", "--year", "2025").stdout
    assert "Special schools" in moved
    assert "placement-made" in moved
    assert "Placement on Special schools" in run("explain", "PL-1").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain",), "Give the id of a commitment, or --line, and not both."),
        (("explain", "PL-1", "--line", "special"), "Give the id of a commitment, or --line, and not both."),
        (("explain", "--line", "nonsense"), "The ledger service refuses: line: "),
        (("changes", "--from", "soon", "--to", "later"), "The ledger service refuses: from: "),
        (("import", "payments", "nowhere.csv"), "nowhere.csv cannot be read: No such file or directory."),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence_and_status_2(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(said)


def test_an_import_needs_to_know_what_stands_and_a_dry_run_does_not(tmp_path: Path) -> None:
    file = tmp_path / "payments.csv"
    file.write_text(HEADER + "A,PL-1,2025,2025-10-31,5\n")
    command = [HNB, "import", "payments", str(file), "--data-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr.startswith("Nothing is running on")) == (1, True)
    tried = subprocess.run([*command, "--dry-run"], capture_output=True, text=True, timeout=60, check=False)
    assert tried.returncode == 0
    assert "No ledger was asked" in tried.stdout
