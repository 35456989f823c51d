"""Finance's payments as a CSV file: every row read to the penny, or refused with its row, column and value."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hnb_local.cells import Wrong, financial_year, iso_day, pence_of_pounds, reference, whole_pence
from hnb_local.csv_files import CsvFile, column_key
from hnb_local.errors import WRONG_USE, CommandFailed

COLUMNS = ("payment_id", "commitment_id", "financial_year", "paid_on")
AMOUNTS = ("amount", "amount_pence")
MAX_ROWS = 500_000  # each keeps a few bytes in memory, to notice an id used twice
_TAKEN_BACK = "a payment taken back is withdrawn, or sent again as it stands"


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
        self.file = CsvFile(path, max_rows=MAX_ROWS)
        self.columns = _columns_of(self.file.header)
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
        for number, cells in self.file.rows():
            try:
                self.file.refuse_extra(cells)
                yield Row(number, cells, _payment(cells, self.columns))
            except Wrong as wrong:
                yield Row(number, cells, None, str(wrong))

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


def _columns_of(header: tuple[str, ...]) -> dict[str, int]:
    """Where each column is. Names may be written with spaces and in capitals; other columns are left alone."""
    names = [column_key(cell) for cell in header]
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
            raise Wrong(name, None, "empty")
        return value

    return Payment(
        reference("payment_id", cell("payment_id")),
        reference("commitment_id", cell("commitment_id")),
        financial_year("financial_year", cell("financial_year")),
        iso_day("paid_on", cell("paid_on")),
        pence_of_pounds("amount", cell("amount"), advice=_TAKEN_BACK)
        if "amount" in columns
        else whole_pence("amount_pence", cell("amount_pence"), advice=_TAKEN_BACK),
    )
