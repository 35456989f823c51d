"""`hnb import tariff`: a file read row by row, and on the running system, what was shown is what then happens."""

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.stack import Stack
from hnb_local.tariff_csv import TariffFile, read
from tests.cases import LEICESTER, Json, budget, ended, lodged, made, paid, repriced, yearly
from tests.journeys.waiting import until

HNB = str(Path(sys.executable).with_name("hnb"))
HEADER = "setting_id,provision,band,academic_year,amount,per,weeks\n"
GOOD = ",special,,2025/26,33500,year,\n"


def tariff_of(tmp_path: Path, content: str | bytes) -> TariffFile:
    path = tmp_path / "tariff.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(path)


def test_every_row_is_a_price_for_what_it_names(tmp_path: Path) -> None:
    found = tariff_of(tmp_path, HEADER + GOOD + 'SET-1,special,B3,2026,"£1,234.50",week,40\n')
    assert found.faults == []
    assert found.prices == [
        {"row": 2, "academic_year": 2025, "provision": "special", "per": "year", "amount_pence": 3_350_000},
        {"row": 3, "academic_year": 2026, "provision": "special", "per": "week", "amount_pence": 123_450,
         "setting_id": "SET-1", "band": "B3", "weeks": 40},
    ]  # fmt: skip


def test_a_setting_a_band_and_weeks_may_have_no_column_and_others_are_left_alone(tmp_path: Path) -> None:
    (price,) = tariff_of(
        tmp_path, "\ufeffProvision,Academic Year,Amount-Pence,PER,Note\nspecial,2025-26,5,term,x\n"
    ).prices
    assert price == {"row": 2, "academic_year": 2025, "provision": "special", "per": "term", "amount_pence": 5}


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (",speciel,,2025,1,year,", "provision 'speciel': is none of mainstream, resourced-provision, special"),
        (",special,,2025-27,1,year,", "academic_year '2025-27': 2025 is not followed by 27"),
        (",special,,Sep-25,1,year,", "academic_year 'Sep-25': is written 2025 or 2025-26"),
        (",special,,2025,,year,", "amount: empty"),
        (",special,,2025,-1,year,", "amount '-1': is below zero"),
        (",special,,2025,1.2E+05,year,", "amount '1.2E+05': a spreadsheet shortened this number"),
        (",special,,2025,1,once,", "per 'once': is none of year, academic-year, term, week"),
        (",special,,2025,1,week,53", "weeks '53': is a whole number from 38 to 52"),
        (f",special,,2025,1,week,{9 * 10**40}", "is a whole number from 38 to 52"),
        (f",special,,2025,{9:0<5000},year,", "more than ten thousand million"),
        (",special,,2025,1,year,39", "weeks '39': is given only where per is week"),
        ("1.2E+10,special,,2025,1,year,", "setting_id '1.2E+10': a spreadsheet shortened this number"),
        (",special,Band A,2025,1,year,", "band 'Band A': an id has no spaces"),
        (",special,,2025,33,500,year,", "it has 8 cells under 7 columns: a comma without quotes?"),
        (",special,,2025/26,1,year,", "prices the same as row 2: which is meant?"),
    ],
)
def test_a_wrong_row_is_named_by_number_column_and_value(tmp_path: Path, row: str, wrong: str) -> None:
    found = tariff_of(tmp_path, f"{HEADER}{GOOD}{row}\n,mainstream,,2025,9200,year,\n,hospitel,,2025,1,year,\n")
    assert found.faults[0].startswith("row 3: ")
    assert wrong in found.faults[0]
    assert found.faults[1].startswith("row 5: provision 'hospitel'")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (HEADER.encode(), "has no rows"),
        (HEADER.encode("utf-16"), "is in UTF-16"),
        (HEADER.replace(",", ";").encode(), "separates its columns by semicolons"),
        (b"provision,amount\n", "The header lacks academic_year, per"),
        (b"provision,academic_year,per\n", "amount (or amount_pence)"),
        (b"provision,academic_year,per,amount,amount_pence\n", "which is meant?"),
        (b"provision,academic_year,per,amount,band,BAND\n", "band twice"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(CommandFailed) as failure:
        tariff_of(tmp_path, content)
    assert said in str(failure.value)
    assert failure.value.status == WRONG_USE


# -- on the running system -------------------------------------------------------------------------------------------

FIGURES = ("cost_pence", "committed_pence", "spent_pence", "provisional_pence", "contingent_pence")
YEARS = range(2023, 2032)
Figures = dict[tuple[int, str], tuple[int, ...]]


def hnb(stack: Stack, file: Path, *words: str, ledger: bool = True) -> subprocess.CompletedProcess[str]:
    urls = ["--placements-url", stack.urls["placements"], *(["--ledger-url", stack.urls["ledger"]] if ledger else [])]
    command = [HNB, "import", "tariff", str(file), "--author", "A. Finance", *urls, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def post(stack: Stack, events: list[Json]) -> None:
    for start in range(0, len(events), 500):
        kind = {"content-type": "application/cloudevents-batch+json"}
        body = events[start : start + 500]
        answer = httpx.post(f"{stack.urls['placements']}/events", json=body, headers=kind, timeout=30)
        assert {one["status"] for one in answer.json()} == {"accepted"}


def position(stack: Stack) -> Figures:
    """Every figure of every line of every year."""
    found: Figures = {}
    for year in YEARS:
        query: Any = {"authority": LEICESTER, "financial_year": year}
        for line in httpx.get(f"{stack.urls['ledger']}/positions", params=query, timeout=20).json()["lines"]:
            line["cost_pence"] = line["committed_pence"] + line["spent_pence"]
            found[year, line["provision"]] = tuple(line[name] for name in FIGURES)
    return found


def is_settled(stack: Stack) -> bool:
    metrics = httpx.get(f"{stack.urls['ledger']}/metrics", timeout=20).text
    tariff = httpx.get(f"{stack.urls['placements']}/metrics", timeout=20).text
    return "hnb_commitments_unsettled 0.0" in metrics and "hnb_tariff_unsettled 0.0" in tariff


def shown(preview: Json, when: str) -> Figures:
    return {
        (year["financial_year"], line["provision"]): tuple(line[when][name] for name in FIGURES)
        for year in preview["position"]["years"]
        for line in year["lines"]
    }


def population() -> list[Json]:
    """Placements with prices and without, in bands, at settings, ending, repriced and appealed; and what was paid."""
    rng = random.Random(3)
    events = [budget("special", 900_000), budget("independent", 500_000)]
    for n in range(240):
        provision = rng.choice(("special", "special", "mainstream", "independent", "alternative"))
        cost = yearly(rng.randrange(5_000, 90_000)) if rng.random() < 0.3 else None
        start = f"{rng.choice((2024, 2025, 2025, 2026))}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        placement = made(f"PL-{n}", cost, start, provision=provision, child=f"c{n}")
        if rng.random() < 0.5:
            placement["data"]["band"] = rng.choice(("B1", "B2"))
        placement["data"]["setting_id"] = rng.choice(("SET-1", "SET-2", "SET-3"))
        events.append(placement)
    events += [ended(f"PL-{n}", "2026-12-18") for n in range(0, 240, 9)]
    events += [repriced(f"PL-{n}", "2026-04-01", yearly(44_444)) for n in range(0, 240, 11)]
    events += [paid(f"PL-{n}", 4_000 + n) for n in range(0, 240, 5)]
    sought = {"provision": "independent", "cost": yearly(80_000), "start_date": "2025-10-01"}
    return events + [lodged(f"AP-{n}", child=f"c{n}", sought=sought) for n in range(0, 240, 20)]


def test_what_a_dry_run_shows_is_what_then_happens_to_the_penny(stack: Stack, tmp_path: Path) -> None:
    events = population()
    post(stack, events)

    def all_heard() -> bool:
        query = {"authority": LEICESTER}
        url = f"{stack.urls['ledger']}/positions/preview"
        return bool(httpx.post(url, params=query, json=events, timeout=60).json()["commitments"] == 0)

    until(all_heard, patience=60)
    until(lambda: is_settled(stack), patience=60)
    first, second = tmp_path / "2025.csv", tmp_path / "2026.csv"
    first.write_text(f"{HEADER}{GOOD},special,B2,2025,41000,academic-year,\nSET-1,special,,2025,29500.01,year,\n"
                     "SET-2,independent,B1,2025,1250,week,40\n,mainstream,,2025,3000,term,\n")  # fmt: skip
    second.write_text(f"{HEADER},special,,2026,36000,year,\n,mainstream,B1,2026,9999.99,year,\n")
    for version, file in enumerate((first, second, first), 1):
        if version == 3:  # corrected, and for the whole tariff: the second file's year has no price any more
            first.write_text(first.read_text().replace("33500", "31000"))
        whole = ["--whole"] if version == 3 else []
        dry = hnb(stack, file, "--dry-run", "--json", *whole)
        assert dry.returncode == 0, dry.stderr
        preview = json.loads(dry.stdout)
        before = position(stack)
        assert shown(preview, "now").items() <= before.items()
        assert preview["position"]["commitments"] > 20
        done = hnb(stack, file, *whole, ledger=False)
        assert (done.returncode, done.stdout.startswith(f"Version {version} of the tariff")) == (0, True), done.stderr
        expected = {**before, **shown(preview, "then")}
        until(lambda: is_settled(stack) and position(stack) == expected, patience=60)  # noqa: B023 - awaited here
    again = hnb(stack, first, "--whole", ledger=False)
    assert again.stdout == "Nothing differs from version 3, and nothing was changed.\n"
    verify = [HNB, "verify", "--database-url", stack.database_urls["ledger"]]
    books = subprocess.run(verify, capture_output=True, text=True, timeout=120, check=False)
    assert books.returncode == 0, books.stdout + books.stderr


def test_a_dry_run_for_a_person_names_years_lines_and_the_difference(stack: Stack, tmp_path: Path) -> None:
    post(stack, [made("PL-900", None, "2040-04-01", "2041-03-31", "hospital", "c900")])
    file = tmp_path / "tariff.csv"
    file.write_text(HEADER + ",hospital,,2039,12000,year,\n")

    def would() -> str:
        return hnb(stack, file, "--dry-run").stdout

    until(lambda: "would price 1 anew" in would() and "2040-41" in would())
    assert "Difference" in would()


def test_a_file_with_a_wrong_row_leaves_everything_as_it_was(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "tariff.csv"
    file.write_text(f"{HEADER}{GOOD},speciel,,2025,1,year,\n")
    url, query = f"{stack.urls['placements']}/tariff/versions", {"authority": LEICESTER}
    before = httpx.get(url, params=query).json()
    for words in ([], ["--dry-run"]):
        refused = hnb(stack, file, *words)
        assert refused.returncode == WRONG_USE
        assert "row 3: provision 'speciel'" in refused.stderr
        assert "1 row of" in refused.stderr
    assert httpx.get(url, params=query).json() == before
