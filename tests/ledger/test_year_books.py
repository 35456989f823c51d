"""The demo's whole year in the books: verified in full, and added up again by a program that is not ours."""

import csv
import io
import os
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from hnb import database
from hnb.calendar import year_label
from hnb_local.export_journal import hledger
from ledger import seals
from ledger.domain.positions import in_total
from ledger.postings import read_postings
from ledger.store import TOTAL
from ledger.verify import verify
from tests.cases import LEICESTER
from tests.ledger.conftest import Year


def test_the_demos_books_are_in_order_sealed_or_not(year: Year) -> None:
    report = verify(year.books.engine, year.books.ledger.settings)
    assert [check for check in report.checks if not check.ok] == []
    while seals.seal(year.books.engine):
        pass
    counted: list[int] = []
    report = verify(year.books.engine, year.books.ledger.settings, advance=counted.append)
    assert [check for check in report.checks if not check.ok] == []
    assert (report.unsealed_events, report.unsealed_postings, report.unsettled) == (0, 0, 0)
    assert sum(counted) == report.events > 20_000


def test_hledger_comes_to_every_balance(year: Year, tmp_path: Path) -> None:
    if shutil.which("hledger") is None:
        pytest.skip("hledger is not on this machine: apt-get install hledger (.ci/run does)")
    books = tmp_path / "hnb.journal"
    with read_postings(year.books.engine, LEICESTER, None) as rows, books.open("w", encoding="utf-8") as file:
        file.writelines(hledger(rows))
    theirs = _hledger(books)
    with database.reading(year.books.engine) as connection:
        ours = connection.execute(text("SELECT * FROM balances WHERE line <> :total"), {"total": TOTAL}).all()
        totals = connection.execute(text("SELECT * FROM balances WHERE line = :total"), {"total": TOTAL}).all()

    def pence(year: int, line: str, place: str) -> int:
        return theirs.pop(f"{LEICESTER}:{year_label(year)}:{line}:{place}", 0)

    found: dict[int, dict[str, int]] = {}
    for row in ours:
        spent, provisional = (pence(row.financial_year, row.line, p) for p in ("spent", "committed:provisional"))
        sums = {
            "budget_pence": -pence(row.financial_year, row.line, "funding"),
            "commitment_pence": pence(row.financial_year, row.line, "committed") + spent,
            "provisional_pence": provisional,
            "payment_pence": spent,
            "exposure_pence": pence(row.financial_year, row.line, "contingent"),
        }
        assert sums == {name: getattr(row, name) for name in sums}, row
        headroom = row.budget_pence - row.commitment_pence - row.provisional_pence
        assert pence(row.financial_year, row.line, "headroom") == headroom
        assert pence(row.financial_year, row.line, "outside") == -row.exposure_pence
        if in_total(row.line):
            total = found.setdefault(row.financial_year, dict.fromkeys(sums, 0))
            found[row.financial_year] = {name: total[name] + value for name, value in sums.items()}
    for row in totals:
        sums = found.get(row.financial_year, {}) | {
            "grant_pence": pence(row.financial_year, "grant", "funding"),
            "reserve_pence": pence(row.financial_year, "reserve", "reserve"),
        }
        assert sums == {name: getattr(row, name) for name in sums}, row
        assert pence(row.financial_year, "grant", "outside") == -row.grant_pence
        assert pence(row.financial_year, "reserve", "outside") == -row.reserve_pence
    assert not {account: pence for account, pence in theirs.items() if pence}, "accounts that are in no balance"


def test_a_year_of_one_authority_is_exported_alone(year: Year) -> None:
    with read_postings(year.books.engine, LEICESTER, 2026) as rows:
        accounts = {line.split()[0] for entry in hledger(rows) for line in entry.splitlines() if "  GBP " in line}
    assert accounts
    assert all(account.startswith(f"{LEICESTER}:2026-27:") for account in accounts)
    with read_postings(year.books.engine, "E06000001", None) as rows:
        assert list(rows) == []


def _hledger(journal: Path) -> dict[str, int]:
    """Every account's balance in pence, as hledger adds it up; its parents' not included."""
    command = [
        "hledger",
        "--file",
        str(journal),
        "balance",
        "--flat",
        "--no-total",
        "--empty",
        "--output-format",
        "csv",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C.UTF-8"})
    assert done.returncode == 0, done.stderr
    rows = list(csv.reader(io.StringIO(done.stdout)))[1:]
    return {account: int(Decimal(amount.removeprefix("GBP").strip()) * 100) for account, amount in rows}
