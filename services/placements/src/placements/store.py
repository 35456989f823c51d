"""The register in PostgreSQL: facts in, and the questions asked of them out."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import CASE_EVENTS, Event, read_event, read_json
from placements.domain.facts import about

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
_DROP = text("DELETE FROM facts WHERE authority = :authority AND about = :about AND type = :type")
_SAID_OF = text("SELECT body FROM inbox WHERE authority = :authority AND about = :about AND type = :type")
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


def drop(connection: Connection, authority: str, subject: str, kind: str) -> None:
    """No fact of this type stands for this record, until one is kept again."""
    connection.execute(_DROP, {"authority": authority, "about": subject, "type": kind})


def said_of(connection: Connection, authority: str, subject: str, kind: str) -> list[Event]:
    """Every event of one type ever accepted about a record."""
    bodies = connection.scalars(_SAID_OF, {"authority": authority, "about": subject, "type": kind})
    return [read_event(read_json(body), known=CASE_EVENTS) for body in bodies]


def event(connection: Connection, source: str, id: str) -> dict[str, Any] | None:
    """One accepted event as it came, with when it was received."""
    row = connection.execute(_EVENT, {"source": source, "id": id}).first()
    return None if row is None else {"event": orjson.loads(row.body), "received_at": row.received_at.isoformat()}


_APPEALS = text("""
    SELECT a.authority, count(*) AS appeals FROM facts a WHERE a.type = 'hnb.tribunal-lodged.v1'
    AND NOT EXISTS (SELECT FROM facts c
        WHERE c.authority = a.authority AND c.about = a.about AND c.type = 'hnb.tribunal-concluded.v1')
    GROUP BY a.authority
""")
_WEEKS = text("""
    SELECT p.authority, (p.data ->> 'issued_on')::date - (r.data ->> 'received_on')::date AS days,
        count(*)::int AS plans
    FROM facts p JOIN facts r ON r.authority = p.authority AND r.type = 'hnb.assessment-requested.v1'
    AND r.about = 'request/' || (p.data ->> 'request_id')
    WHERE p.type = 'hnb.ehcp-issued.v1' AND p.data ? 'request_id' GROUP BY 1, 2
""")


def appeals_open(connection: Connection) -> Iterable[tuple[str, int]]:
    """Appeals lodged and not concluded, per authority."""
    return [(row.authority, row.appeals) for row in connection.execute(_APPEALS)]


def weeks_to_plan(connection: Connection) -> Iterable[tuple[str, float, int]]:
    """Weeks from request to plan, and how many plans took so long, where the request is known."""
    return [(row.authority, row.days / 7, row.plans) for row in connection.execute(_WEEKS)]
