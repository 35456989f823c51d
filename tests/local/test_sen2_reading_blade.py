"""A SEN2 return as a Blade export: nine files that hang together, or none of it is taken; and no copy stays behind."""

import contextlib
import csv
import os
import stat
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from hnb_local.errors import WRONG_USE
from hnb_local.sen2.raw import UnusableReturn
from hnb_local.sen2.reading import open_return
from hnb_local.sen2.records import Person
from tests.local.sen2_returns import child, faults_of, placed, read_all, requested, written

CHILDREN = [
    child(surname="Ogonek", forename="Zoë"),
    child(requested(placed(entry=date(2023, 9, 4), leaving=date(2025, 7, 18)), placed(), needs=("ASD", "SLCN"))),
    child(requested(placed(), ceased=date(2025, 8, 31))),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path, CHILDREN, "blade", name="export")


def table(folder: Path, name: str) -> Path:
    return folder / f"Blade-Export_15-01-2026_{name}.csv"


def change(path: Path, *changes: Callable[[list[list[str]]], object], encoding: str = "utf-8") -> None:
    """Changes the rows of a file, its header the first of them."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for one in changes:
        one(rows)
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)


def put(row: int, column: str, value: str) -> Callable[[list[list[str]]], object]:
    return lambda rows: rows[row].__setitem__(rows[0].index(column), value)


def widen(rows: list[list[str]]) -> None:
    for row in rows:
        row.append("more")


def refusal(path: Path) -> str:
    with pytest.raises(UnusableReturn) as refused, open_return(path) as opened:
        list(opened.persons)
    assert refused.value.status == WRONG_USE
    return str(refused.value)


def test_the_tables_are_joined_into_children(folder: Path) -> None:
    with open_return(folder) as opened:
        assert (opened.form, opened.year, opened.lea, opened.total) == ("blade", 2026, "856", 3)
        assert list(opened.persons) == CHILDREN


def test_a_row_says_where_it_stands(folder: Path) -> None:
    person = read_all(folder)[1]
    assert isinstance(person, Person)
    assert str(person.where) == "Blade-Export_15-01-2026_person.csv, line 3"
    active = person.requests[0].active_plan
    assert active
    assert str(active.placements[1].where) == "Blade-Export_15-01-2026_placementdetail.csv, line 4"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_a_spreadsheet_saves_is_read(folder: Path, encoding: str) -> None:
    change(table(folder, "person"), encoding=encoding)
    assert read_all(folder) == CHILDREN


def test_capitals_in_names_other_columns_an_order_of_rows_and_empty_rows_change_nothing(folder: Path) -> None:
    for path in folder.iterdir():
        change(
            path,
            lambda rows: rows.__setitem__(0, [name.upper() for name in rows[0]]),
            widen,
            lambda rows: rows.append([""] * len(rows[0])),
        )
        path.rename(path.with_name(path.name.replace("Blade-Export", "BLADE-export")))
    person = next(path for path in folder.iterdir() if path.name.endswith("_person.csv"))
    change(person, lambda rows: rows.insert(1, rows.pop(3)))
    assert read_all(folder) == [CHILDREN[2], *CHILDREN[:2]]


def test_a_column_that_older_exports_lack_is_done_without(folder: Path) -> None:
    change(table(folder, "assessment"), put(0, "week20", "something"))
    (first, *_) = read_all(folder)
    assert isinstance(first, Person)
    assert first.requests[0].assessment
    assert first.requests[0].assessment.week20 is None


TABLES = ["sen2", "person", "requests", "assessment", "namedplan", "plandetail", "activeplans", "placementdetail",
          "senneed"]  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    table(folder, name).unlink()
    assert f"Blade-Export_15-01-2026_{name}.csv, line 0, file: is missing" in refusal(folder)


LINKS = [
    ("person", "sen2tableid", "sen2"), ("requests", "persontableid", "person"),
    ("assessment", "requeststableid", "requests"), ("namedplan", "assessmenttableid", "assessment"),
    ("plandetail", "namedplantableid", "namedplan"), ("activeplans", "requeststableid", "requests"),
    ("placementdetail", "activeplanstableid", "activeplans"), ("senneed", "activeplanstableid", "activeplans"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "column", "parent"), LINKS)
@pytest.mark.parametrize("value", ["999", ""])
def test_a_broken_link_is_named_by_file_line_and_field(
    folder: Path, name: str, column: str, parent: str, value: str
) -> None:
    change(table(folder, name), put(2 if name != "sen2" else 1, column, value))
    said = f"Blade-Export_15-01-2026_{name}.csv, line 3, {column}: names no row of the {parent} file"
    assert said in refusal(folder)


def test_many_broken_links_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    folder = written(tmp_path, [child() for _ in range(50)], "blade", name="export")
    change(table(folder, "requests"), *(put(row, "persontableid", "x") for row in range(1, 51)))
    said = refusal(folder)
    assert said.count("names no row") == 20
    assert "and 30 more" in said


@pytest.mark.parametrize("name", TABLES[1:])
def test_a_table_id_that_is_there_twice_or_not_at_all_is_named(folder: Path, name: str) -> None:
    id = f"{name}tableid"
    file = f"Blade-Export_15-01-2026_{name}.csv"
    change(table(folder, name), lambda rows: rows.append(list(rows[1])))
    last = len(table(folder, name).read_text().splitlines())
    assert f"{file}, line {last}, {id}: the row of line 2 again" in refusal(folder)
    change(table(folder, name), put(-1, id, ""))
    assert f"{file}, line {last}, {id}: is empty" in refusal(folder)


def test_an_id_of_two_different_rows_is_named(folder: Path) -> None:
    change(table(folder, "person"), put(3, "persontableid", "1"))
    assert "_person.csv, line 4, persontableid: the id of line 2 again, for another row" in refusal(folder)


COLUMNS = [("person", "surname"), ("placementdetail", "entrydate"), ("namedplan", "assessmenttableid"),
           ("senneed", "senneedtableid")]  # fmt: skip


@pytest.mark.parametrize(("name", "column"), COLUMNS)
def test_a_missing_or_doubled_column_is_named(folder: Path, name: str, column: str) -> None:
    change(table(folder, name), put(0, column, "spare"))
    assert f"_{name}.csv, line 1, {column}: this column is missing" in refusal(folder)
    change(table(folder, name), put(0, "spare", column), widen,
           lambda rows: rows[0].__setitem__(-1, column.upper()))  # fmt: skip
    assert f"_{name}.csv, line 1, {column}: this column is there twice" in refusal(folder)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: text[:-40], "line 4, CSV: has"),
        (lambda text: text[: text.rindex(b"Thistlewood")] + b'"Thistle', "line 4, CSV: is no whole CSV row"),
        (lambda text: text.replace(b"Marigold", b"Mari,gold", 1), "a comma without quotes?"),
        (lambda text: text.replace(b",", b";"), "separates its columns by semicolons"),
        (lambda text: text.replace(b",", b"\t"), "separates its columns by semicolons or tabs"),
        (lambda text: text.replace(b"Ogonek", b"Og\x00nek"), "line 2, encoding: holds a zero byte"),
        (lambda text: text.replace(b"Ogonek", b"Og\x81\xffnek"), "encoding: is neither UTF-8, UTF-16 nor Windows-1252"),
        (lambda _: b"", "header: is empty"),
        (lambda text: text + b"," * 200_000, "line 5, CSV: is a line of more than 100,000 characters"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(folder: Path, damage: Callable[[bytes], bytes], said: str) -> None:
    path = table(folder, "person")
    path.write_bytes(damage(path.read_bytes()))
    assert said in refusal(folder)
    assert "Blade-Export_15-01-2026_person.csv" in refusal(folder)


def test_a_file_cut_off_between_rows_is_found_by_what_hangs_on_it(folder: Path) -> None:
    change(table(folder, "person"), lambda rows: rows.pop())
    assert "_requests.csv, line 4, persontableid: names no row of the person file" in refusal(folder)


def test_a_folder_is_one_return(tmp_path: Path, folder: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "holds no Blade-Export_<id>_<table>.csv" in refusal(empty)
    (folder / "Blade-Export_16-01-2025_person.csv").write_text("persontableid\n")
    assert "holds 2 exports" in refusal(folder)
    (folder / "Blade-Export_16-01-2025_person.csv").unlink()
    change(table(folder, "sen2"), lambda rows: rows.append(["2", *rows[1][1:]]))
    assert "_sen2.csv, line 1, sen2tableid: has 2 rows" in refusal(folder)
    change(table(folder, "sen2"), lambda rows: rows.pop(), put(1, "referencedate", ""))
    assert "_sen2.csv, line 2, referencedate: is empty" in refusal(folder)


@pytest.mark.parametrize(
    ("written_as", "read"),
    [
        ("2025-Nov-03 00:00:00", date(2025, 11, 3)), ("2025-11-03", date(2025, 11, 3)),
        ("2025-11-03T00:00:00", date(2025, 11, 3)), ("03/11/2025", date(2025, 11, 3)),
        ("3/11/2025 00:00", date(2025, 11, 3)), ("3-Nov-2025", date(2025, 11, 3)), ("03-NOV-2025", date(2025, 11, 3)),
        ("45964", "a spreadsheet's day number"), ("45964.0", "a spreadsheet's day number"),
        ("3-Nov-25", "a year of two digits"), ("03/11/25", "a year of two digits"),
        ("11/23/2025", "a day there is none of"), ("2025-02-30", "a day there is none of"),
        ("########", "is no date"), ("2025-11-03 09:30:00", "is no date"), ("1899-12-30", "before 1990"),
    ],
)  # fmt: skip
def test_dates_are_read_as_they_are_exported_and_as_english_excel_saves_them_and_never_guessed(
    folder: Path, written_as: str, read: date | str
) -> None:
    change(table(folder, "placementdetail"), put(1, "entrydate", written_as))
    first = read_all(folder)[0]
    if isinstance(read, date):
        assert isinstance(first, Person)
        assert first.requests[0].active_plan
        assert first.requests[0].active_plan.placements[0].entry_date == read
    else:
        (said,) = faults_of(folder)
        assert said.startswith("Blade-Export_15-01-2026_placementdetail.csv, line 2, entrydate: ")
        assert read in said
        assert written_as not in said
    assert read_all(folder)[1:] == CHILDREN[1:]


def open_under(folder: Path) -> list[str]:
    """The files of that folder which this process has open, though no directory names them any more."""
    found = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the one that listed the folder is closed by now
            if os.readlink(f"/proc/self/fd/{fd}").startswith(str(folder)):
                found.append(f"/proc/self/fd/{fd}")
    return found


def test_what_was_joined_is_this_users_alone_and_gone_from_the_disk_while_it_is_read(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setenv("SQLITE_TMPDIR", str(scratch))
    with open_return(folder) as opened:
        assert next(opened.persons) == CHILDREN[0]
        (private,) = scratch.iterdir()
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
        assert list(private.iterdir()) == []
        assert [stat.S_IMODE(os.stat(fd).st_mode) for fd in open_under(private)] == [0o600]
    assert list(scratch.iterdir()) == []
