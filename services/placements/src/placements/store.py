"""The register in PostgreSQL: facts in, and the questions asked of them out."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import CASE_EVENTS, Event, read_event, read_json
from placements.domain.facts import about

Record = tuple[str, str, str]  # an authority, what a fact is about, and its event's type

_KEEP = text("""
    INSERT INTO facts (authority, about, type, time, id, source, data)
    SELECT a, b, t, at, i, s, CAST(d AS jsonb) -> 'data' FROM unnest(
        CAST(:authorities AS text[]), CAST(:abouts AS text[]), CAST(:types AS text[]), CAST(:times AS timestamptz[]),
        CAST(:ids AS text[]), CAST(:sources AS text[]), CAST(:bodies AS text[])
    ) AS e (a, b, t, at, i, s, d)
    ON CONFLICT (authority, about, type) DO UPDATE
    SET time = EXCLUDED.time, id = EXCLUDED.id, source = EXCLUDED.source, data = EXCLUDED.data
    WHERE (EXCLUDED.time, EXCLUDED.id, EXCLUDED.source) > (facts.time, facts.id, facts.source)
""")
_THESE = """unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[]), CAST(:types AS text[]))
    AS k (authority, about, type)"""
_LOCK = text(f"""
    SELECT FROM facts JOIN {_THESE} USING (authority, about, type) ORDER BY authority, about, type FOR UPDATE OF facts
""")
_DROP = text(f"""
    DELETE FROM facts f USING {_THESE} WHERE f.authority = k.authority AND f.about = k.about AND f.type = k.type
""")  # noqa: S608 - only text of this module is put in
_SAID_OF = text(f"SELECT i.body FROM inbox i JOIN {_THESE} USING (authority, about, type)")  # noqa: S608
_EVENT = text("SELECT body, received_at FROM inbox WHERE source = :source AND id = :id")


def keep(connection: Connection, events: Sequence[Event]) -> None:
    """Let these facts stand where they are later than those that stand; sorted, so that replicas never deadlock."""
    if events:
        connection.execute(
            _KEEP,
            arrays(
                "authorities abouts types times ids sources bodies",
                ((e.authority, about(e), e.type, e.time, e.id, e.source, e.body) for e in events),
            ),
        )


def drop(connection: Connection, records: Sequence[Record]) -> None:
    """No fact of this type stands for each of these records, until one is kept again."""
    these = arrays("authorities abouts types", sorted(records))
    connection.execute(_LOCK, these)  # in the order of `keep`, so that replicas never deadlock
    connection.execute(_DROP, these)


def said_of(connection: Connection, records: Sequence[Record]) -> list[Event]:
    """Every event of one type ever accepted about each of these records."""
    bodies = connection.scalars(_SAID_OF, arrays("authorities abouts types", records))
    return [read_event(read_json(body), known=CASE_EVENTS) for body in bodies]


def event(connection: Connection, source: str, id: str) -> dict[str, Any] | None:
    """One accepted event as it came, with when it was received."""
    row = connection.execute(_EVENT, {"source": source, "id": id}).first()
    return None if row is None else {"event": orjson.loads(row.body), "received_at": row.received_at.isoformat()}
