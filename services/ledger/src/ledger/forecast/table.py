"""A CSV file as rows of named cells with their line numbers: UTF-8, one header, every row as wide as it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from ledger.forecast.faults import BadInput, Faults

MAX_BYTES = 1 << 28  # ten million transitions: England's children for a dozen years


class _Reader(Protocol):
    """What csv.reader returns, which has no name that may be imported."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """A file's name, as messages say it, and what is in it."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes, which says whether two runs had the same input."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """The cells that were asked for, the line they are first on, and how many lines say exactly the same."""

    line: int
    count: int
    cells: tuple[str, ...]


def rows(source: Source, columns: tuple[str, ...], faults: Faults) -> Iterator[Row]:
    """Every line under the header, in order."""
    reader = _open(source)
    header = _header(source, reader, columns)
    for cells in _records(source, reader):
        if (found := _row(source, reader.line_num, 1, cells, header, faults)) is not None:
            yield found


def distinct_rows(source: Source, columns: tuple[str, ...], faults: Faults) -> Iterator[Row]:
    """Lines that say the same as one row with their count: a child is a line, and most lines are alike."""
    reader = _open(source)
    header = _header(source, reader, columns)
    seen: dict[tuple[str, ...], list[int]] = {}
    for cells in _records(source, reader):
        key = tuple(cells)
        if key in seen:
            seen[key][1] += 1
        else:
            seen[key] = [reader.line_num, 1]
    for key, (line, count) in seen.items():
        if (found := _row(source, line, count, key, header, faults)) is not None:
            yield found


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    at: tuple[int, ...]


def _open(source: Source) -> _Reader:
    if len(source.content) > MAX_BYTES:
        raise BadInput([f"{source.name} has more than {MAX_BYTES >> 20} MiB: a forecast reads no larger file."])
    if not source.content.strip(b"\xef\xbb\xbf \r\n\t"):
        raise BadInput([f"{source.name}, line 1: the file is empty; its first line names the columns."])
    try:
        source.content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = source.content.count(b"\n", 0, error.start) + 1
        raise BadInput([f"{source.name}, line {line:,}: not UTF-8; save it as CSV UTF-8."]) from None
    return csv.reader(io.TextIOWrapper(io.BytesIO(source.content), encoding="utf-8-sig", newline=""), strict=True)


def _records(source: Source, reader: _Reader) -> Iterator[list[str]]:
    try:
        for cells in reader:
            if cells:
                yield cells
    except csv.Error as error:
        raise BadInput([f"{source.name}, line {reader.line_num:,}: no CSV ({error})."]) from None


def _header(source: Source, reader: _Reader, columns: tuple[str, ...]) -> _Header:
    names = [cell.strip() for cell in next(_records(source, reader), [])]
    missing = [column for column in columns if column not in names]
    if missing:
        raise BadInput(
            [f"{source.name}, line 1: the header lacks {', '.join(missing)}; it has {', '.join(names):.200}."]
        )
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise BadInput([f"{source.name}, line 1: the header has {', '.join(twice)} twice."])
    return _Header(len(names), tuple(names.index(column) for column in columns))


def _row(
    source: Source, line: int, count: int, cells: list[str] | tuple[str, ...], header: _Header, faults: Faults
) -> Row | None:
    if not any(cell.strip() for cell in cells):
        return None
    if len(cells) != header.width:
        faults.add(source.name, line, f"{len(cells)} cells under {header.width} columns")
        return None
    return Row(line, count, tuple(cells[at].strip() for at in header.at))
