"""What a page shows, as a file: CSV or an XLSX workbook, money in exact pounds."""

from collections.abc import Sequence
from io import StringIO
from typing import Any, Literal

from fastapi.responses import Response

from hnb.sheets import Sheet, workbook, write_csv

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> Sheet:
    """One table; a column is its title and what its figures are: text, count or pence."""
    return {"name": name, "columns": [{"title": title, "unit": unit} for title, unit in columns], "rows": rows}


def as_file(form: Literal["csv", "xlsx"], name: str, sheets: Sequence[Sheet]) -> Response:
    """The answer that a browser saves under this name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "X-Content-Type-Options": "nosniff"}
    if form == "xlsx":
        return Response(workbook(sheets), headers=headers, media_type=_XLSX)
    text = StringIO()
    write_csv(sheets, text)
    return Response(text.getvalue().encode("utf-8-sig"), headers=headers, media_type="text/csv; charset=utf-8")
