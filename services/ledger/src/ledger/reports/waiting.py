"""Events that wait for another: what they are about is not known yet, or what they withdraw has not come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, text

from hnb import withdrawals
from hnb.database import arrays
from hnb.withdrawals import Withdrawal
from ledger.domain.waiting import HANGING, MAINS, waits_for
from ledger.handlers import COMMITMENT
from ledger.reports import known

_NOT_GONE = """NOT EXISTS (
    SELECT FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS g (source, id)
    WHERE g.source = {i}.source AND g.id = {i}.id)"""
_STILL = f"""
    SELECT i.authority, i.source, i.id, i.type, i.time, i.received_at, i.about AS partner
    FROM commitments c JOIN inbox i USING (authority, about)
    WHERE c.kind IS NULL AND starts_with(c.about, :prefix) AND (:authority = '' OR c.authority = :authority)
    AND i.type = ANY(:hanging) AND {_NOT_GONE.format(i="i")}
    UNION ALL
    SELECT i.authority, i.source, i.id, i.type, i.time, i.received_at, w.target_source || ' ' || w.target_id
    FROM withdrawals w JOIN inbox i USING (source, id)
    WHERE NOT w.applied AND (:authority = '' OR w.authority = :authority) AND {_NOT_GONE.format(i="i")}
    AND NOT EXISTS (SELECT FROM inbox t
        WHERE t.source = w.target_source AND t.id = w.target_id AND t.authority = w.authority)
"""  # noqa: S608
_UNPRICED = text("""
    SELECT count(*) FROM conditions WHERE authority = :authority AND condition = 'placement-unpriced' AND active
""")
# The past asks the inbox alone, as the state of commitments is only kept as it is now.
_THEN = f"""
    SELECT i.authority, i.source, i.id, i.type, i.time, i.received_at, i.about AS partner FROM inbox i
    WHERE i.authority = :authority AND starts_with(i.about, :prefix) AND i.type = ANY(:hanging)
    AND i.received_at <= :known_at AND {_NOT_GONE.format(i="i")}
    AND NOT EXISTS (SELECT FROM inbox m WHERE m.authority = i.authority AND m.about = i.about
        AND m.type = ANY(:mains) AND m.received_at <= :known_at AND {_NOT_GONE.format(i="m")})
    UNION ALL
    SELECT i.authority, i.source, i.id, i.type, i.time, i.received_at, w.target_source || ' ' || w.target_id
    FROM withdrawals w JOIN inbox i USING (source, id)
    WHERE w.authority = :authority AND i.received_at <= :known_at AND {_NOT_GONE.format(i="i")}
    AND NOT EXISTS (SELECT FROM inbox t WHERE t.source = w.target_source AND t.id = w.target_id
        AND t.authority = w.authority AND t.received_at <= :known_at)
"""  # noqa: S608
_PAGE = """
    SELECT * FROM ({found}) AS e WHERE (received_at, source, id) >
        (coalesce(CAST(:after_at AS timestamptz), '-infinity'), :after_source, :after_id)
    ORDER BY received_at, source, id LIMIT :limit
"""
_COUNTS = text(f"""
    SELECT authority, type, count(*) AS events, min(received_at) AS oldest FROM ({_STILL}) AS e
    GROUP BY authority, type ORDER BY authority, type
""")  # noqa: S608
# Few withdrawals touch what waits: only those, and what withdraws them in turn, are looked at on every scrape.
_AGAINST = text("""
    WITH RECURSIVE against AS (
        SELECT w.* FROM commitments c JOIN inbox i USING (authority, about)
        JOIN withdrawals w ON w.target_source = i.source AND w.target_id = i.id AND w.authority = i.authority
        WHERE c.kind IS NULL
        UNION SELECT w.* FROM withdrawals u JOIN withdrawals w
        ON w.target_source = u.source AND w.target_id = u.id AND w.authority = u.authority WHERE NOT u.applied
        UNION SELECT w.* FROM withdrawals w JOIN against a
        ON w.target_source = a.source AND w.target_id = a.id AND w.authority = a.authority
    )
    SELECT source, id, time, target_source, target_id FROM against
""")


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits, since when it is here, and in words for what."""

    authority: str
    source: str
    id: str
    type: str
    time: datetime
    received_at: datetime
    waits_for: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many events of one type wait at one authority, and since when the oldest does."""

    authority: str
    type: str
    events: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose waiting events, as known when, and the page: what comes after this event, so many."""

    authority: str
    known_at: datetime | None
    after: tuple[datetime, str, str] | None
    limit: int


def read(connection: Connection, asked: Asked) -> list[Waiting]:
    """A page of an authority's waiting events, the longest waiting first."""
    gone = known.withdrawn(connection, asked.authority, asked.known_at)
    after_at, after_source, after_id = asked.after or (None, "", "")
    binds = _binds(asked.authority, gone) | {
        "after_at": after_at, "after_source": after_source, "after_id": after_id, "limit": asked.limit,
    }  # fmt: skip
    found = _STILL
    if asked.known_at is not None:
        found, binds = _THEN, binds | {"known_at": asked.known_at, "mains": list(MAINS)}
    return [_waiting(row) for row in connection.execute(text(_PAGE.format(found=found)), binds).mappings()]


def count(connection: Connection) -> Sequence[Count]:
    """Every authority's waiting events, type by type."""
    rows = connection.execute(_AGAINST)
    gone = withdrawals.withdrawn(
        Withdrawal((row.source, row.id), row.time, (row.target_source, row.target_id)) for row in rows
    )
    return [Count(r.authority, r.type, r.events, r.oldest) for r in connection.execute(_COUNTS, _binds("", gone))]


def clock(connection: Connection) -> datetime:
    """The database's own time, by which events are stamped as they are received."""
    moment: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _binds(authority: str, gone: set[known.EventKey]) -> dict[str, object]:
    return {
        "authority": authority, "prefix": COMMITMENT, "hanging": list(HANGING), **arrays("sources ids", sorted(gone)),
    }  # fmt: skip


def _waiting(row: RowMapping) -> Waiting:
    partner = row["partner"].removeprefix(COMMITMENT)
    return Waiting(
        row["authority"], row["source"], row["id"], row["type"], row["time"], row["received_at"],
        waits_for(row["type"], partner),
    )  # fmt: skip


def unpriced(connection: Connection, authority: str) -> int:
    """How many placements wait for a price, as last looked at."""
    count: int = connection.execute(_UNPRICED, {"authority": authority}).scalar_one()
    return count
