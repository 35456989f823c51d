"""One cell of a published file as the value it is, or refused by its line and column."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hnb.money import divide_half_up
from ledger.published.editions import Unusable
from ledger.published.kinds import SYMBOLS, Kind, Unit

CODE = re.compile(r"E\d{8}")
_NUMBER = re.compile(r"-?(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,20})?")
FIRST_YEAR, LAST_YEAR = 1990, 2099
_SCALE = {Unit.COUNT: 1, Unit.MILLIONS: 100_000_000, Unit.PERCENT: 100}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands, and its cells by column name."""

    file: str
    line: int
    cells: Mapping[str, str]

    def wrong(self, column: str, what: str) -> Unusable:
        """The refusal of a cell of this row."""
        return Unusable(self.file, self.line, column, what)

    def given(self, column: str) -> str:
        """A cell that may not be empty."""
        if not (cell := self.cells[column]):
            raise self.wrong(column, "is empty; the publishers write a figure or a symbol in every cell")
        return cell

    def code(self, column: str) -> str:
        """An ONS code."""
        if CODE.fullmatch(cell := self.given(column)) is None:
            raise self.wrong(column, f"{cell!r} is no ONS code, such as E06000016")
        return cell

    def whole(self, column: str, least: int, most: int) -> int:
        """A whole number."""
        cell = self.given(column)
        if not (cell.isascii() and cell.isdigit() and least <= int(cell) <= most):
            raise self.wrong(column, f"{cell!r} is no whole number from {least} to {most}")
        return int(cell)

    def year(self, kind: Kind) -> int:
        """`2025`, or `202425`: a financial year by its first half, a school census by the January it was taken in."""
        cell = self.given("time_period")
        wanted = 4 if kind.years == "calendar" else 6
        if not (cell.isascii() and cell.isdigit() and len(cell) == wanted):
            raise self.wrong(
                "time_period", f"{cell!r} is no {kind.years} year, such as {'2025' if wanted == 4 else '202425'}"
            )
        year = int(cell[:4])
        if wanted == 6 and int(cell[4:]) != (year + 1) % 100:
            raise self.wrong("time_period", f"{cell!r}: the second year does not follow the first")
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise self.wrong("time_period", f"{cell!r} is outside {FIRST_YEAR} to {LAST_YEAR}")
        return year + 1 if kind.years == "academic" else year

    def amount(self, column: str, unit: Unit) -> tuple[int | None, str | None]:
        """The figure in whole pence, hundredths of a percent or things, or the symbol in its place."""
        cell = self.given(column)
        if cell.lower() in SYMBOLS:
            return None, cell.lower()
        if _NUMBER.fullmatch(cell) is None:
            raise self.wrong(column, f"{cell!r} is neither a number nor one of {', '.join(SYMBOLS)}")
        number = Decimal(cell.replace(",", ""))
        if unit is Unit.COUNT and number != int(number):
            raise self.wrong(column, f"{cell!r} is not a whole number of people, plans or appeals")
        if unit is not Unit.MILLIONS and number < 0:
            raise self.wrong(column, f"{cell!r} is below nought")
        above, below = (number * _SCALE[unit]).as_integer_ratio()
        return divide_half_up(above, below), None
