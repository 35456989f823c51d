"""Capacity by day in PostgreSQL: the steps that stand, kept as registrations come and are withdrawn."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import Event
from placements.domain.places import steps

_KEEP = text("""
    INSERT INTO capacities (authority, setting_id, from_day, capacity, time, id, source)
    SELECT * FROM unnest(CAST(:authorities AS text[]), CAST(:settings AS text[]), CAST(:days AS date[]),
        CAST(:capacities AS integer[]), CAST(:times AS timestamptz[]), CAST(:ids AS text[]), CAST(:sources AS text[]))
    ON CONFLICT (authority, setting_id, from_day) DO UPDATE
    SET capacity = EXCLUDED.capacity, time = EXCLUDED.time, id = EXCLUDED.id, source = EXCLUDED.source
    WHERE (EXCLUDED.time, EXCLUDED.id, EXCLUDED.source) > (capacities.time, capacities.id, capacities.source)
""")
_DROP = text("""
    DELETE FROM capacities c USING unnest(CAST(:authorities AS text[]), CAST(:settings AS text[])) AS k (a, setting)
    WHERE c.authority = k.a AND c.setting_id = k.setting
""")


def keep(connection: Connection, events: Iterable[Event]) -> None:
    """Let the steps these events say stand where they are later than those that stand; sorted, so none deadlock."""
    rows = [
        (s.event.authority, s.setting_id, s.from_day, s.capacity, s.event.time, s.event.id, s.event.source)
        for s in steps(events)
    ]
    if rows:
        connection.execute(_KEEP, arrays("authorities settings days capacities times ids sources", rows))


def drop(connection: Connection, settings: Sequence[tuple[str, str]]) -> None:
    """The capacity of these (authority, setting) pairs is not known, until a step is kept again."""
    if settings:
        connection.execute(_DROP, arrays("authorities settings", settings))
