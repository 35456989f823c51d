"""Extracts and mappings for the tests of `hnb import csv`: written to a folder, and read as the command reads them."""

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hnb_local.extracts.checking import check
from hnb_local.extracts.mapping import ExtractMapping
from hnb_local.extracts.reading import Extract, Row
from hnb_local.extracts.records import Feed
from tests.cases import LEICESTER

NOW = datetime(2026, 2, 2, 9, tzinfo=UTC)
PLACEMENTS = """
event = "placement-made"
dates = ["DD/MM/YYYY"]
money = "pounds"
blank = ["NULL"]

[fields]
placement_id = "Placement No"
child_ref = "Pupil"
setting_id = "School"
provision = { column = "Type", codes = { "SS" = "special", "Unit" = "resourced-provision" } }
start_date = "Start"
end_date = "End"
cost.amount_pence = "Annual Cost"
cost.per = { constant = "year" }
"""
HEADER = "Placement No,Pupil,School,Type,Start,End,Annual Cost\n"


def mapped(toml: str = PLACEMENTS) -> ExtractMapping:
    """A mapping that must be good."""
    mapping, faults = check(tomllib.loads(toml))
    assert mapping is not None, faults
    return mapping


def faults_of(toml: str) -> list[str]:
    """What is wrong with a mapping."""
    return check(tomllib.loads(toml))[1]


def feed(mapping: ExtractMapping) -> Feed:
    return Feed(LEICESTER, "/extracts/tests", mapping.type, NOW)


def pseudonym(upn: str, surname: str, forename: str, birth_date: date | None) -> str:
    """Not a keyed hash, but one that shows in a test what it was made of."""
    return f"p-{upn}-{len(surname)}-{len(forename)}-{birth_date or ''}"


def rows_of(folder: Path, content: str | bytes, toml: str = PLACEMENTS) -> list[Row]:
    """The rows of an extract, each with what the contract finds wrong with it too."""
    path = folder / "extract.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    mapping = mapped(toml)
    extract = Extract(path, mapping, pseudonym)
    rows = []
    for row in extract.rows():
        wrong = row.wrong
        if row.fact is not None:
            wrong = extract.check(row, feed(mapping).event("e-1", row.fact.at or NOW, row.fact.data))
        rows.append(Row(row.number, row.cells, None if wrong else row.fact, wrong))
    return rows


def data_of(folder: Path, content: str, toml: str = PLACEMENTS) -> dict[str, Any]:
    """The data of the one row of an extract, which must be good."""
    (row,) = rows_of(folder, content, toml)
    assert row.fact is not None, row.wrong
    return row.fact.data


def wrong_of(folder: Path, content: str, toml: str = PLACEMENTS) -> str:
    """What is wrong with the one row of an extract."""
    (row,) = rows_of(folder, content, toml)
    return row.wrong
