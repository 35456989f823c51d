"""What a page shows, as a CSV file: the columns and the pence of the JSON routes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi.responses import Response, StreamingResponse
from sqlalchemy import Engine

from placements.api.answers import Report, as_asked
from placements.pages.asked import AsAt

OF_PAGES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/html": {}, "text/csv": {"schema": {"type": "string"}}}}
}


def as_csv(engine: Engine, name: str, of: AsAt, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Response:
    """A file that says in its name and in its first column as at which day it is."""
    dated = ({"as_at": of.day, **row} for row in rows)
    report = Report(f"{name}-{of.authority}-{of.day}", ("as_at", *columns), lambda *_: dated)
    answer: StreamingResponse = as_asked(engine, "csv", report)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
