"""Events taken back: `event-withdrawn` makes everything behave as if the event it names had never come.

A withdrawal may arrive before what it withdraws, and may itself be withdrawn. It counts only within its authority, and
against another withdrawal only when it is the later of the two, so that two can never withdraw each other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import Event, EventWithdrawn

Key = tuple[str, str]  # an event's source and id


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One withdrawal: its own key and time, and the key of what it withdraws."""

    key: Key
    time: datetime
    target: Key

    @property
    def order(self) -> tuple[datetime, str, str]:
        return self.time, self.key[1], self.key[0]


@dataclass(frozen=True, slots=True)
class Due:
    """A withdrawal not yet applied whose case event is here: what that event is about must be decided again."""

    withdrawal: Key
    authority: str
    about: str | None
    type: str


def withdrawn(withdrawals: Iterable[Withdrawal]) -> set[Key]:
    """The keys of all events that some withdrawal still standing takes back."""
    by_target: dict[Key, list[Withdrawal]] = defaultdict(list)
    for withdrawal in withdrawals:
        by_target[withdrawal.target].append(withdrawal)

    def stands(one: Withdrawal) -> bool:
        return not any(stands(later) for later in by_target[one.key] if later.order > one.order)

    return {target for target, found in list(by_target.items()) if any(stands(one) for one in found)}


_REMEMBER = text("""
    INSERT INTO withdrawals (source, id, authority, time, target_source, target_id)
    VALUES (:source, :id, :authority, :time, :target_source, :target_id)
""")
_AGAINST = text("""
    WITH RECURSIVE against AS (
        SELECT w.* FROM withdrawals w JOIN unnest(
            CAST(:authorities AS text[]), CAST(:sources AS text[]), CAST(:ids AS text[])
        ) AS e (authority, source, id)
        ON w.target_source = e.source AND w.target_id = e.id AND w.authority = e.authority
        UNION
        SELECT w.* FROM withdrawals w JOIN against a
        ON w.target_source = a.source AND w.target_id = a.id AND w.authority = a.authority
    )
    SELECT source, id, time, target_source, target_id FROM against
""")
_DUE = text("""
    SELECT source, id FROM withdrawals w WHERE NOT applied
    AND EXISTS (
        SELECT FROM inbox i WHERE i.source = w.target_source AND i.id = w.target_id AND i.authority = w.authority)
    ORDER BY time LIMIT :most FOR UPDATE SKIP LOCKED
""")
_ROOTS = text("""
    WITH RECURSIVE chain AS (
        SELECT w.source, w.id, w.authority, w.target_source, w.target_id FROM withdrawals w
        JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS d (source, id) USING (source, id)
        UNION
        SELECT c.source, c.id, c.authority, w.target_source, w.target_id FROM chain c
        JOIN withdrawals w ON w.source = c.target_source AND w.id = c.target_id AND w.authority = c.authority
    )
    SELECT c.source, c.id, i.authority, i.about, i.type FROM chain c
    JOIN inbox i ON i.source = c.target_source AND i.id = c.target_id AND i.authority = c.authority
    WHERE NOT EXISTS (SELECT FROM withdrawals w WHERE w.source = i.source AND w.id = i.id)
""")
_APPLIED = text("""
    UPDATE withdrawals w SET applied = true
    FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS d (source, id)
    WHERE w.source = d.source AND w.id = d.id
""")


def remember(connection: Connection, events: Iterable[Event]) -> None:
    """Put the withdrawals among new events where `against` and `due` find them."""
    rows = [
        {
            "source": event.source, "id": event.id, "authority": event.authority, "time": event.time,
            "target_source": event.data.withdrawn_source, "target_id": event.data.withdrawn_id,
        }
        for event in events if isinstance(event.data, EventWithdrawn)
    ]  # fmt: skip
    if rows:
        connection.execute(_REMEMBER, rows)


def against(connection: Connection, events: Sequence[Event]) -> set[Key]:
    """Which of these events are withdrawn, as far as is known."""
    found = connection.execute(
        _AGAINST,
        arrays("authorities sources ids", ((event.authority, event.source, event.id) for event in events)),
    )
    return withdrawn(Withdrawal((row.source, row.id), row.time, (row.target_source, row.target_id)) for row in found)


def due(connection: Connection, most: int) -> list[Due]:
    """Withdrawals to apply now, locked until the transaction ends. One whose event has not come stays waiting."""
    keys = connection.execute(_DUE, {"most": most}).all()
    if not keys:
        return []
    rows = connection.execute(_ROOTS, arrays("sources ids", [(key.source, key.id) for key in keys]))
    return [Due((row.source, row.id), row.authority, row.about, row.type) for row in rows]


def applied(connection: Connection, done: Iterable[Due]) -> None:
    """These have taken effect."""
    connection.execute(_APPLIED, arrays("sources ids", [one.withdrawal for one in done]))
