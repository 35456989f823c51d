"""A report's rows as they are asked for: JSON page by page, or CSV as one stream."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Query
from fastapi.responses import StreamingResponse
from sqlalchemy import Connection, Engine

from hnb.database import reading

CSV = "text/csv"
AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {CSV: {"schema": {"type": "string"}}}}}
LINES_A_CHUNK = 500
# A spreadsheet runs a cell that starts so as a formula; an apostrophe before it makes it text again (OWASP on CSV
# injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

Row = Mapping[str, Any]
Rows = Callable[[Connection, str, int | None], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Report:
    """A report: its name, its columns in order, and how its rows are read.

    `rows(connection, after, most)` gives the rows that follow `after`, all of them where `most` is None, in the order
    of `cursor(row)`, which says what to ask for `after` that row; a report that is always whole has no cursor. `head`
    is what JSON says beside the rows.
    """

    name: str
    columns: Sequence[str]
    rows: Rows
    cursor: Callable[[Row], str] | None = None
    head: Callable[[Connection], dict[str, Any]] = lambda _: {}


def _form(
    format: Annotated[
        Literal["json", "csv"] | None, Query(description="csv streams every row; the Accept header where left out")
    ] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Literal["json", "csv"]:
    if format is not None:
        return format
    named = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    first = next((media for media in named if media in (CSV, "application/json", "*/*")), None)
    return "csv" if first == CSV else "json"


Form = Annotated[Literal["json", "csv"], Depends(_form)]


def as_asked(engine: Engine, form: Form, report: Report, after: str = "", limit: int | None = None) -> Any:
    """A page of the report as JSON, with `next` (null on the last page), or all that follows `after` as CSV."""
    if form == "csv":
        return _streamed(engine, report, after)
    with reading(engine) as connection:
        head = report.head(connection)
        # One row more than asked for tells whether a page follows.
        rows = list(report.rows(connection, after, None if limit is None else limit + 1))
    page = rows[:limit]
    answer = {**head, report.name: [{column: row[column] for column in report.columns} for row in page]}
    if report.cursor is not None:
        answer["next"] = report.cursor(page[-1]) if len(rows) > len(page) else None
    return answer


def _streamed(engine: Engine, report: Report, after: str) -> StreamingResponse:
    chunks = _chunks(engine, report, after)
    first = next(chunks)  # a database that is away is said so, not found out in the middle of an answer
    headers = {"Content-Disposition": f'attachment; filename="{report.name}.csv"', "Vary": "Accept"}
    return StreamingResponse(chain([first], chunks), media_type=f"{CSV}; charset=utf-8", headers=headers)


def _chunks(engine: Engine, report: Report, after: str) -> Iterator[str]:
    with reading(engine) as connection:
        lines = iter(report.rows(connection.execution_options(yield_per=LINES_A_CHUNK), after, None))
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow(report.columns)
        for number, row in enumerate(lines, 1):
            writer.writerow([cell(row[column]) for column in report.columns])
            if number % LINES_A_CHUNK == 0:
                yield out.getvalue()
                out.seek(0)
                out.truncate()
        yield out.getvalue()


def cell(value: object) -> str:
    """A value as a CSV cell: nothing for None, and no text that a spreadsheet would run as a formula."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            written = "; ".join(map(str, value))
        case _:
            written = str(value)
    return "'" + written if written.startswith(FORMULA_STARTS) else written
