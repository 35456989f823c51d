"""A council's tariff as a CSV file: every row a price, or refused with its row, column and value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hnb.provisions import Provision
from hnb_local.cells import Wrong, financial_year, pence_of_pounds, reference, whole, whole_pence
from hnb_local.csv_files import CsvFile, column_key
from hnb_local.errors import WRONG_USE, CommandFailed

NEEDED = ("provision", "academic_year", "per")
AMOUNTS = ("amount", "amount_pence")
OPTIONAL = ("setting_id", "band", "weeks")
PERIODS = ("year", "academic-year", "term", "week")
FEWEST_WEEKS, MOST_WEEKS = 38, 52  # the contract's
MAX_ROWS = 50_000  # the service's


@dataclass(slots=True)
class TariffFile:
    """What a file says: its prices, as the service takes them, and every row that is wrong."""

    prices: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read(path: Path) -> TariffFile:
    """Every row of a file. CommandFailed where it cannot be read as one at all."""
    file = CsvFile(path, max_rows=MAX_ROWS)
    columns = _columns_of(file.header)
    found = TariffFile()
    first: dict[tuple[object, ...], int] = {}
    for number, cells in file.rows():
        try:
            file.refuse_extra(cells)
            price = {"row": number, **_price(cells, columns)}
        except Wrong as wrong:
            found.faults.append(f"row {number}: {wrong}")
            continue
        key = tuple(price.get(name) for name in ("academic_year", "provision", "setting_id", "band"))
        if key in first:
            found.faults.append(f"row {number}: prices the same as row {first[key]}: which is meant?")
        first.setdefault(key, number)
        found.prices.append(price)
    if not found.prices and not found.faults:
        raise CommandFailed(f"{path} has no rows under its header.", WRONG_USE)
    return found


def _columns_of(header: tuple[str, ...]) -> dict[str, int]:
    """Where each column is. Names may be written with spaces and in capitals; other columns are left alone."""
    names = [column_key(cell) for cell in header]
    amounts = [name for name in AMOUNTS if name in names]
    missing = [name for name in NEEDED if name not in names] + ([] if amounts else ["amount (or amount_pence)"])
    if missing:
        raise CommandFailed(f"The header lacks {', '.join(missing)}; it has {', '.join(header)}.", WRONG_USE)
    if len(amounts) > 1:
        raise CommandFailed("The header has amount and amount_pence: which is meant?", WRONG_USE)
    wanted = [*NEEDED, *amounts, *(name for name in OPTIONAL if name in names)]
    twice = [name for name in wanted if names.count(name) > 1]
    if twice:
        raise CommandFailed(f"The header has {', '.join(twice)} twice: which is meant?", WRONG_USE)
    return {name: names.index(name) for name in wanted}


def _price(cells: tuple[str, ...], columns: Mapping[str, int]) -> dict[str, Any]:
    def blank_or(name: str) -> str:
        at = columns.get(name)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    def cell(name: str) -> str:
        value = blank_or(name)
        if not value:
            raise Wrong(name, None, "empty")
        return value

    def pence() -> int:
        if "amount" in columns:
            return pence_of_pounds("amount", cell("amount"))
        return whole_pence("amount_pence", cell("amount_pence"))

    setting_id, band, weeks, per = blank_or("setting_id"), blank_or("band"), blank_or("weeks"), cell("per")
    price: dict[str, Any] = {
        "academic_year": financial_year("academic_year", cell("academic_year")),  # it is written the same way
        "provision": _one_of("provision", cell("provision"), [str(provision) for provision in Provision]),
        "per": _one_of("per", per, PERIODS),
        "amount_pence": pence(),
    }
    if setting_id:
        price["setting_id"] = reference("setting_id", setting_id)
    if band:
        price["band"] = reference("band", band)
    if weeks:
        price["weeks"] = _weeks(weeks, per)
    return price


def _one_of(column: str, value: str, known: list[str] | tuple[str, ...]) -> str:
    if value not in known:
        raise Wrong(column, value, f"is none of {', '.join(known)}")
    return value


def _weeks(value: str, per: str) -> int:
    if per != "week":
        raise Wrong("weeks", value, "is given only where per is week")
    weeks = whole(value) if value.isascii() and value.isdigit() else None
    if weeks is None or not FEWEST_WEEKS <= weeks <= MOST_WEEKS:
        raise Wrong("weeks", value, f"is a whole number from {FEWEST_WEEKS} to {MOST_WEEKS}")
    return weeks
