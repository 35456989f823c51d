"""What moved a line, by the day from which what caused each posting held."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import OWN_SOURCES, Held
from ledger.domain.held import DAYS_SAID, held_from, latest_days

EventKey = tuple[str, str]  # an event's source and id

# The `time` of a price the tariff says is an order among prices, and no moment: it happened when it came.
# A withdrawal, and what withdraws one in turn, count as what they lead to: the event that was taken back or stands.
_DAYS = text(f"""
    WITH RECURSIVE chain AS (
        SELECT source, id, source AS of_source, id AS of_id
        FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS k (source, id)
        UNION
        SELECT c.source, c.id, w.target_source, w.target_id FROM chain c
        JOIN withdrawals w ON w.source = c.of_source AND w.id = c.of_id
    )
    SELECT c.source, c.id, i.type, CASE WHEN i.source = ANY(:own) THEN i.received_at ELSE i.time END AS happened,
        (i.body::json -> 'data' ->> f.field)::date AS said
    FROM chain c JOIN inbox i ON i.source = c.of_source AND i.id = c.of_id
    LEFT JOIN (VALUES {", ".join(f"('{kind}', '{field}')" for kind, field in DAYS_SAID.items())}) AS f (type, field)
    ON f.type = i.type
    WHERE i.type <> 'hnb.event-withdrawn.v1'
""")  # noqa: S608 - the names are those of the domain's table


class Caused(NamedTuple):
    """The pence one event moved a line by; no event where time or another commitment's price did."""

    cause: EventKey | None
    recorded_on: date
    pence: int


def days(connection: Connection, moved: Sequence[Caused]) -> dict[EventKey, date]:
    """The day from which each event that caused something held, as far as it is on record."""
    keys = sorted({one.cause for one in moved if one.cause is not None})
    if not keys:
        return {}
    rows = connection.execute(_DAYS, arrays("sources ids", keys) | {"own": list(OWN_SOURCES.values())})
    return {(row.source, row.id): held_from(row.type, row.happened, row.said) for row in rows}


def held(moved: Sequence[Caused], known: Mapping[EventKey, date]) -> list[Held]:
    """A line's movement by the day it held from, in order; what no event on record caused, by the day of posting."""
    pence: dict[date, int] = defaultdict(int)
    for one in moved:
        pence[known.get(one.cause, one.recorded_on) if one.cause else one.recorded_on] += one.pence
    return [Held(held_from=day, amount_pence=amount) for day, amount in latest_days(pence)]
