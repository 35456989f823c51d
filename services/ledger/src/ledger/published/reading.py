"""A published CSV file as the edition it is: its encoding, where its header stands, its kind, and every row of it."""

import csv
import io
from collections.abc import Iterator
from hashlib import sha256

from ledger.published import layouts
from ledger.published.cells import Row
from ledger.published.editions import Edition, NotForUs, Unusable
from ledger.published.kinds import KINDS, Kind, recognise

MAX_BYTES = 256 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_FIGURES = 200_000
HEADER_WITHIN = 12  # lines of title and notes that a publisher may put above the header


def read_csv(name: str, raw: bytes) -> Edition:
    """All that the file says. Unusable, with file, line and column, where any of it is wrong; NotForUs where it is not
    for us."""
    if len(raw) > MAX_BYTES:
        raise Unusable(name, None, None, f"is larger than {MAX_BYTES // 2**20} MiB")
    text = _decoded(name, raw)
    kind, header, line = _find_header(name, text)
    edition = Edition(name, kind.name, sha256(raw).hexdigest())
    rows = _rows(name, text, header, line)
    layouts.READERS[kind.layout](kind, header, rows, edition)
    if not edition.rows:
        raise Unusable(name, None, None, "has no rows under its header")
    if not edition.figures and not edition.neighbours:
        raise NotForUs(name, None, None, "has no row for a whole authority, only breakdowns or regions")
    if len(edition.figures) > MAX_FIGURES:
        raise Unusable(name, None, None, f"holds more than {MAX_FIGURES:,} figures")
    return edition


def _decoded(name: str, raw: bytes) -> str:
    """UTF-8, with or without its mark, or else Windows-1252."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Unusable(name, None, None, "is in UTF-16: save it as CSV UTF-8")
    if b"\x00" in raw:
        raise Unusable(name, raw[: raw.index(b"\x00")].count(b"\n") + 1, None, "holds a zero byte: it is no text")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unusable(name, None, None, "is neither UTF-8 nor Windows-1252: save it as CSV UTF-8")


def _find_header(name: str, text: str) -> tuple[Kind, list[str], int]:
    """The first line that is the header of a known kind, and its number."""
    first: list[str] = []
    for line, cells in _records(name, text):
        header = [cell.strip().lower() for cell in cells]
        if (kind := recognise(header)) is not None:
            twice = sorted({column for column in header if column and header.count(column) > 1})
            if twice:
                raise Unusable(name, line, twice[0], "stands in the header twice: which is meant?")
            return kind, header, line
        first = first or [cell for cell in header if cell]
        if line >= HEADER_WITHIN:
            break
    if not first:
        raise Unusable(name, None, None, "is empty")
    known = "; ".join(kind.title for kind in KINDS)
    raise NotForUs(
        name, 1, None, f"is none of the files known here by its columns ({', '.join(first[:20])}). Known: {known}"
    )


def _rows(name: str, text: str, header: list[str], after: int) -> Iterator[Row]:
    for line, cells in _records(name, text):
        if line <= after or not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            raise Unusable(name, line, None, f"has {len(cells)} cells under {len(header)} columns")
        if line > MAX_ROWS:
            raise Unusable(name, None, None, f"has more than {MAX_ROWS:,} rows")
        yield Row(name, line, {column: cell.strip() for column, cell in zip(header, cells, strict=True)})


def _records(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as error:
        raise Unusable(name, reader.line_num, None, f"is no CSV: {error}") from None
