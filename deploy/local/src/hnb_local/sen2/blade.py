"""The Blade-Export form: nine CSV files linked by table ids, joined through a private database on disk."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hnb_local.sen2.encodings import encoding_of
from hnb_local.sen2.joining import Joined
from hnb_local.sen2.raw import YEAR, Header, Raw, UnusableReturn, unusable
from hnb_local.sen2.records import Fault, Where
from hnb_local.sen2.schema import TABLES, Table

MAX_LINE = 100_000
_NAME = re.compile(r"blade-export_(.+)_([a-z0-9]+)\.csv", re.IGNORECASE)


class BladeReturn:
    """A Blade-Export folder that is whole: every file, every column, every link. Then its header and its persons."""

    def __init__(self, path: Path, joined: Joined) -> None:
        self.path = path
        self._joined = joined
        self._files = _files_of(path)
        encodings = {name: encoding_of(file) for name, file in self._files.items()}
        self.encoding = ", ".join(sorted(set(encodings.values())))
        for name, table in TABLES.items():
            file = self._files[name]
            joined.fill(table, _rows(file, encodings[name], table))
        self._refuse_what_is_not_linked()
        self.total = joined.count("person")
        self.header = self._read_header()

    def persons(self) -> Iterator[Raw]:
        """Every person, in the order of the person file."""
        return self._joined.persons({name: file.name for name, file in self._files.items()})

    def _refuse_what_is_not_linked(self) -> None:
        faults: list[Fault] = []
        more = 0
        for name, table in TABLES.items():
            file = self._files[name].name
            for field, found in self._joined.wrong_links(table):
                faults += [Fault(Where(file, line), field, message) for line, message in found.shown]
                more += found.more
        if faults:
            raise UnusableReturn(self.path, faults, more=more)

    def _read_header(self) -> Header:
        file = self._files["sen2"]
        rows = self._joined.header_rows()
        if len(rows) != 1:
            raise unusable(file, 1, "sen2tableid", f"has {len(rows)} rows under its header: a return is one")
        ((line, said),) = rows
        missing = [name for name in TABLES["sen2"].required if not said.get(name)]
        if missing:
            raise unusable(file, line, ", ".join(missing), "is empty")
        if not YEAR.fullmatch(said["year"]):
            raise unusable(file, line, "year", "is no year")
        return Header(said["collection"], int(said["year"]), said["referencedate"], said["lea"])


def _files_of(path: Path) -> dict[str, Path]:
    """The nine files by table; UnusableReturn where one is missing or there are those of two exports."""
    try:
        found = [(match, file) for file in sorted(path.iterdir()) if (match := _NAME.fullmatch(file.name))]
    except OSError as error:
        raise unusable(path, 0, "folder", f"cannot be read: {error.strerror}") from None
    found = [(match, file) for match, file in found if match[2].lower() in TABLES]
    if not found:
        raise unusable(path, 0, "folder", "holds no Blade-Export_<id>_<table>.csv")
    exports = sorted({match[1] for match, _ in found})
    if len(exports) > 1:
        raise unusable(path, 0, "folder", f"holds {len(exports)} exports: give each a folder of its own")
    files = {match[2].lower(): file for match, file in found}
    missing = [f"Blade-Export_{exports[0]}_{name}.csv" for name in TABLES if name not in files]
    if missing:
        raise UnusableReturn(path, [Fault(Where(name, 0), "file", "is missing") for name in missing])
    return files


def _rows(file: Path, encoding: str, table: Table) -> Iterator[tuple[int, list[str | None]]]:
    """Each row's line and its cells in the table's order, ids first; UnusableReturn where the file is not whole."""
    wanted = [name for name in (table.id_column, table.parent_column, *table.columns) if name]
    line = 1
    try:
        with file.open(encoding=encoding, newline="") as text:
            reader = csv.reader(_lines(file, text), strict=True)
            header = next(reader, [])
            places = _places(file, table, header, wanted)
            line = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    _refuse_other_widths(file, line, cells, len(header))
                    yield line, [None if at is None else cells[at].strip() or None for at in places]
                line = reader.line_num + 1
    except csv.Error as error:
        raise unusable(file, line, "CSV", f"is no whole CSV row ({error})") from None


def _lines(file: Path, text: TextIO) -> Iterator[str]:
    number = 0
    while line := text.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise unusable(file, number, "CSV", f"is a line of more than {MAX_LINE:,} characters")
        yield line


def _refuse_other_widths(file: Path, line: int, cells: list[str], width: int) -> None:
    """A row that is wider is refused even where what is over is empty: the cells before it may all have slipped."""
    if len(cells) != width:
        why = "cut off?" if len(cells) < width else "a comma without quotes?"
        raise unusable(file, line, "CSV", f"has {len(cells)} cells under {width} columns: {why}")


def _places(file: Path, table: Table, header: list[str], wanted: list[str]) -> list[int | None]:
    names = [cell.strip().lower() for cell in header]
    if not any(names):
        raise unusable(file, 1, "header", "is empty: the first row names the columns")
    if len(names) == 1 and re.search(r"[;\t]", names[0]):
        raise unusable(file, 1, "header", "separates its columns by semicolons or tabs: use commas")
    missing = [name for name in wanted if name not in names and name not in table.optional]
    if missing:
        raise UnusableReturn(file, [Fault(Where(file.name, 1), name, "this column is missing") for name in missing])
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise UnusableReturn(file, [Fault(Where(file.name, 1), name, "this column is there twice") for name in twice])
    return [names.index(name) if name in names else None for name in wanted]
