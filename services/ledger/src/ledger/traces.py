"""The traces behind a line that moved, kept until it is said: another loop says it, for many events at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import Event
from ledger.domain.positions import in_total
from ledger.domain.schedules import Kind
from ledger.store import TOTAL, Entry

KEPT_AT_MOST = 16  # of one batch, by line: the last is the parent of what is said, the others are linked to

Line = tuple[str, int, str]  # authority, financial year, line

_KEEP = text("""
    INSERT INTO traces (authority, financial_year, line, recorded_at, traceparent)
    SELECT authority, financial_year, line, :recorded_at, traceparent FROM unnest(
        CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]), CAST(:traceparents AS text[])
    ) AS t (authority, financial_year, line, traceparent)
""")
_TAKE = text("""
    DELETE FROM traces t USING unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]),
        CAST(:moments AS timestamptz[])) AS s (authority, financial_year, line, recorded_at)
    WHERE t.authority = s.authority AND t.financial_year = s.financial_year AND t.line = s.line
    AND t.recorded_at <= s.recorded_at
    RETURNING t.authority, t.financial_year, t.line, t.recorded_at, t.id, t.traceparent
""")


def keep(connection: Connection, recorded_at: datetime, entries: Iterable[Entry], events: Iterable[Event]) -> None:
    """Keep, by each line that postings move, the traces of the events that caused them."""
    traced = {(event.source, event.id): event.traceparent for event in events if event.traceparent}
    found: dict[Line, dict[str, None]] = defaultdict(dict)
    for (authority, _), cause, postings in entries:
        traceparent = traced.get(cause) if cause is not None else None
        if traceparent is None:
            continue
        for (year, line, kind), *_ in postings:
            if kind not in (Kind.GRANT, Kind.RESERVE):  # which are the total's alone, as `store.prepare` has it
                found[authority, year, line][traceparent] = None
            if in_total(line):
                found[authority, year, TOTAL][traceparent] = None
    rows = [(*line, one) for line in sorted(found) for one in list(found[line])[-KEPT_AT_MOST:]]
    if rows:
        connection.execute(_KEEP, arrays("authorities years lines traceparents", rows) | {"recorded_at": recorded_at})


def take(connection: Connection, said: Sequence[tuple[str, int, str, datetime]]) -> Mapping[Line, list[str]]:
    """The traces behind lines as they stood at a moment, the latest first; they are kept no longer."""
    found = connection.execute(_TAKE, arrays("authorities years lines moments", said)).all()
    taken: dict[Line, list[str]] = defaultdict(list)
    for row in sorted(found, key=lambda row: (row.recorded_at, row.id), reverse=True):
        taken[row.authority, row.financial_year, row.line].append(row.traceparent)
    return taken
