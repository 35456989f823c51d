"""Sheets of figures, written as CSV or as an XLSX workbook: exact pounds, and no formula ever."""

import csv
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from hnb.formulas import as_words

Sheet = dict[str, Any]  # {"name", "columns": [{"title", "unit"}], "rows"}; units: text, count, pence
_FORMATS = {"pence": "#,##0.00;[Red]-#,##0.00", "count": "#,##0", "text": "General"}
_WIDTHS = {"pence": 18, "count": 14}
_WIDEST_TEXT = 90
_HEADING = PatternFill("solid", fgColor="1F3864")


def write_csv(sheets: Sequence[Sheet], file: IO[str]) -> None:
    """One table a sheet, a blank line between them; the first column names the sheet, so that a program can choose."""
    writer = csv.writer(file, lineterminator="\n")
    for number, sheet in enumerate(sheets):
        if number:
            writer.writerow([])
        units = [column["unit"] for column in sheet["columns"]]
        writer.writerow(["Sheet", *(_title(column) for column in sheet["columns"])])
        for row in sheet["rows"]:
            values = [_as_text(_value(cell, unit)) for cell, unit in zip(row, units, strict=True)]
            writer.writerow([_as_text(sheet["name"]), *values])


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """An XLSX workbook, one worksheet a sheet, money as numbers in pounds."""
    book = Workbook()
    book.properties.creator = "HNB Ledger"
    book.remove(book.worksheets[0])
    for sheet in sheets:
        _fill(book.create_sheet(sheet["name"]), sheet)
    written = BytesIO()
    book.save(written)
    return written.getvalue()


def _fill(page: Worksheet, sheet: Sheet) -> None:
    for number, column in enumerate(sheet["columns"], start=1):
        cell = _put(page, 1, number, _title(column))
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), _HEADING
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        longest = max((len(str(row[number - 1] or "")) for row in sheet["rows"]), default=0)
        width = _WIDTHS.get(column["unit"], min(max(longest, 10) + 2, _WIDEST_TEXT))
        page.column_dimensions[get_column_letter(number)].width = width
        for place, row in enumerate(sheet["rows"], start=2):
            cell = _put(page, place, number, _value(row[number - 1], column["unit"]))
            cell.number_format = _FORMATS[column["unit"]]
            cell.alignment = Alignment(wrap_text=column["unit"] == "text", vertical="top")
    page.freeze_panes = "B2" if len(sheet["columns"]) > 1 else "A2"
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _put(page: Worksheet, row: int, column: int, value: str | int | Decimal | None) -> Cell:
    cell = page.cell(row, column)
    assert isinstance(cell, Cell)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # words stay words: a text that begins with "=" would be taken for a formula
    return cell


def _title(column: dict[str, str]) -> str:
    return f"{column['title']} (£)" if column["unit"] == "pence" else column["title"]


def _value(cell: str | int | None, unit: str) -> str | int | Decimal | None:
    """Pence as exact pounds; what is not a number stays as it is."""
    return Decimal(cell).scaleb(-2) if unit == "pence" and isinstance(cell, int) else cell


def _as_text(value: str | int | Decimal | None) -> str:
    """A cell of a CSV file: words that a spreadsheet would run as a formula are given an apostrophe before them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return as_words(value)
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)
