"""Finance's payments as a CSV file: every row read to the penny, or refused with its row, column and value."""

import codecs
import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hnb_local.errors import WRONG_USE, CommandFailed

COLUMNS = ("payment_id", "commitment_id", "financial_year", "paid_on")
AMOUNTS = ("amount", "amount_pence")
MAX_ROWS = 500_000  # each keeps a few bytes in memory, to notice an id used twice
MAX_PENCE = 10**12  # the contract's
CHUNK_BYTES = 1 << 16

_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")
_EXPONENT = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_POUNDS = re.compile(r"£?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d{2}|\d))?")
_MINUS = ("-", "−", "–", "(")
_YEAR = re.compile(r"(\d{4})(?:[-/](\d{2}))?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Wrong(Exception):
    """What is wrong with a row: the column, its value and why."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One good row."""

    payment_id: str
    commitment_id: str
    financial_year: int
    paid_on: date
    amount_pence: int

    @property
    def content(self) -> str:
        """All that the row says, in one line."""
        return f"{self.payment_id}|{self.commitment_id}|{self.financial_year}|{self.paid_on}|{self.amount_pence}"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file by its number there (the header is 1): its cells, and a payment or what is wrong."""

    number: int
    cells: tuple[str, ...]
    payment: Payment | None
    wrong: str = ""


class PaymentsFile:
    """A file that is read row by row, as often as is asked. CommandFailed where it cannot be read as one at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding = _encoding_of(path)
        self.header = self._read_header()
        self.columns = _columns_of(self.header)
        self._reused = self._ids_used_for_different_rows()

    def rows(self) -> Iterator[Row]:
        """Every row but the empty ones. An id that two different rows use is wrong in all of them: which is meant?"""
        for row in self._plain_rows():
            reused = self._reused.get(row.payment.payment_id) if row.payment else None
            if reused is None or row.payment is None:
                yield row
            else:
                both = f"rows {reused[0]} and {reused[1]}" if reused[0] != row.number else f"row {reused[1]}"
                wrong = f"payment_id {row.payment.payment_id!r}: used for different payments, see {both}"
                yield Row(row.number, row.cells, None, wrong)

    def _plain_rows(self) -> Iterator[Row]:
        number = 1
        for number, cells in enumerate(self._records(), 1):
            if number == 1 or not any(cell.strip() for cell in cells):
                continue
            if number > MAX_ROWS:
                raise CommandFailed(f"{self.path} has more than {MAX_ROWS:,} rows: split it.", WRONG_USE)
            try:
                if len(cells) > len(self.header):
                    raise Wrong(f"it has {len(cells)} cells under {len(self.header)} columns: a comma without quotes?")
                yield Row(number, cells, _payment(cells, self.columns))
            except Wrong as wrong:
                yield Row(number, cells, None, str(wrong))

    def _records(self) -> Iterator[tuple[str, ...]]:
        try:
            with self.path.open(encoding=self.encoding, newline="") as file:
                for record in csv.reader(file, strict=True):
                    yield tuple(record)
        except csv.Error as error:
            raise CommandFailed(f"{self.path} is no CSV file: {error}.", WRONG_USE) from None
        except OSError as error:
            raise CommandFailed(f"{self.path} cannot be read: {error.strerror}.", WRONG_USE) from None

    def _read_header(self) -> tuple[str, ...]:
        header = next(self._records(), ())
        if not any(cell.strip() for cell in header):
            raise CommandFailed(f"{self.path} is empty: its first row names the columns.", WRONG_USE)
        if len(header) == 1 and re.search(r"[;\t]", header[0]):
            raise CommandFailed(f"{self.path} separates its columns by {_separator(header[0])}: use commas.", WRONG_USE)
        return header

    def _ids_used_for_different_rows(self) -> dict[str, tuple[int, int]]:
        first: dict[str, tuple[bytes, int]] = {}
        reused: dict[str, tuple[int, int]] = {}
        for row in self._plain_rows():
            if row.payment is None:
                continue
            digest = hashlib.sha256(row.payment.content.encode()).digest()[:8]
            known, number = first.setdefault(row.payment.payment_id, (digest, row.number))
            if known != digest:
                reused.setdefault(row.payment.payment_id, (number, row.number))
        return reused


def _separator(header: str) -> str:
    return "semicolons" if ";" in header else "tabs"


def _encoding_of(path: Path) -> str:
    """UTF-8, with or without its mark, or else Windows-1252, as Excel saves; CommandFailed where it is neither."""
    for encoding in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as file:
                if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                    raise CommandFailed(f"{path} is in UTF-16: save it as CSV UTF-8.", WRONG_USE)
                file.seek(0)
                while chunk := file.read(CHUNK_BYTES):
                    if b"\x00" in chunk:
                        raise CommandFailed(
                            f"{path} is no text: it holds a zero byte. Save it as CSV UTF-8.", WRONG_USE
                        )
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise CommandFailed(f"{path} cannot be read: {error.strerror}.", WRONG_USE) from None
        return encoding
    raise CommandFailed(f"{path} is neither UTF-8 nor Windows-1252: save it as CSV UTF-8.", WRONG_USE)


def _columns_of(header: tuple[str, ...]) -> dict[str, int]:
    """Where each column is. Names may be written with spaces and in capitals; other columns are left alone."""
    names = [re.sub(r"[\s-]+", "_", cell.strip().lower()) for cell in header]
    amounts = [name for name in AMOUNTS if name in names]
    missing = [name for name in COLUMNS if name not in names] + ([] if amounts else ["amount (or amount_pence)"])
    if missing:
        raise CommandFailed(f"The header lacks {', '.join(missing)}; it has {', '.join(header)}.", WRONG_USE)
    if len(amounts) > 1:
        raise CommandFailed("The header has amount and amount_pence: which is meant?", WRONG_USE)
    wanted = [*COLUMNS, *amounts]
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise CommandFailed(f"The header has {', '.join(twice)} twice: which is meant?", WRONG_USE)
    return {name: names.index(name) for name in wanted}


def _payment(cells: tuple[str, ...], columns: Mapping[str, int]) -> Payment:
    def cell(name: str) -> str:
        value = cells[columns[name]].strip() if columns[name] < len(cells) else ""
        if not value:
            raise Wrong(f"{name}: empty")
        return value

    pounds = "amount" in columns
    return Payment(
        _ref("payment_id", cell("payment_id")),
        _ref("commitment_id", cell("commitment_id")),
        _year(cell("financial_year")),
        _day(cell("paid_on")),
        _from_pounds(cell("amount")) if pounds else _from_pence(cell("amount_pence")),
    )


def _ref(column: str, value: str) -> str:
    if _EXPONENT.fullmatch(value):
        raise Wrong(f"{column} {value!r}: a spreadsheet shortened this number; format the column as text")
    if not _ID.fullmatch(value):
        raise Wrong(f"{column} {value!r:.80}: an id has no spaces and at most 200 characters")
    return value


def _year(value: str) -> int:
    found = _YEAR.fullmatch(value)
    if not found or not 1990 <= int(found[1]) <= 2099:
        raise Wrong(f"financial_year {value!r}: is written 2025 or 2025-26")
    if found[2] and int(found[2]) != (int(found[1]) + 1) % 100:
        raise Wrong(f"financial_year {value!r}: {found[1]} is not followed by {found[2]}")
    return int(found[1])


def _day(value: str) -> date:
    if value.isdecimal():
        raise Wrong(f"paid_on {value!r}: a spreadsheet's day number; format the column as text, YYYY-MM-DD")
    try:
        day = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        raise Wrong(f"paid_on {value!r}: there is no such day") from None
    if day is None:
        raise Wrong(f"paid_on {value!r}: a date is written YYYY-MM-DD")
    if not date(1990, 1, 1) <= day <= date(2100, 3, 31):
        raise Wrong(f"paid_on {value!r}: lies before 1990 or after March 2100")
    return day


def _from_pounds(value: str) -> int:
    _plain("amount", value)
    found = _POUNDS.fullmatch(value)
    if not found:
        raise Wrong(f"amount {value!r}: is written in pounds, like 1234.56 or £1,234.56")
    return _not_too_much("amount", value, int(found[1].replace(",", "")) * 100 + int((found[2] or "0").ljust(2, "0")))


def _from_pence(value: str) -> int:
    _plain("amount_pence", value)
    if not (value.isascii() and value.isdigit()):
        raise Wrong(f"amount_pence {value!r}: is a whole number of pence")
    return _not_too_much("amount_pence", value, int(value))


def _plain(column: str, value: str) -> None:
    if _EXPONENT.fullmatch(value):
        raise Wrong(f"{column} {value!r}: a spreadsheet shortened this number; format the column as a number")
    if value.startswith(_MINUS) or value.startswith("£-") or value.endswith("-"):
        raise Wrong(f"{column} {value!r}: is below zero; a payment taken back is withdrawn, or sent again as it stands")


def _not_too_much(column: str, value: str, pence: int) -> int:
    if pence > MAX_PENCE:
        raise Wrong(f"{column} {value!r:.40}: is more than ten thousand million pounds")
    return pence
