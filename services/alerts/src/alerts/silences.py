"""Silences in PostgreSQL: somebody, by name and until a moment, wants no messages about some alerts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from alerts.domain.episodes import Episode

_ACTIVE = text("SELECT * FROM silences WHERE begins_at <= :at AND ends_at > :at ORDER BY id")
_LIST = text("SELECT * FROM silences WHERE :all OR ends_at > :at ORDER BY id DESC LIMIT :most")
_ONE = text("SELECT * FROM silences WHERE id = :id")
_BEGIN = text("""
    INSERT INTO silences (authority, rule, scope, author, reason, begins_at, ends_at)
    VALUES (:authority, :rule, :scope, :author, :reason, :begins_at, :ends_at) RETURNING *
""")
_END = text("UPDATE silences SET ends_at = :at, ended_by = :by WHERE id = :id AND ends_at > :at RETURNING *")


@dataclass(frozen=True, slots=True)
class Silence:
    """Messages not wanted: about everything that fits what it names."""

    id: int
    authority: str | None
    rule: str | None
    scope: str | None
    author: str
    reason: str
    begins_at: datetime
    ends_at: datetime
    ended_by: str | None

    def covers(self, authority: str, rule: str, scope: str) -> bool:
        """Whether alerts of a rule about a scope are among what is silenced."""
        return all(
            wanted is None or wanted == found
            for wanted, found in ((self.authority, authority), (self.rule, rule), (self.scope, scope))
        )


def active(connection: Connection, at: datetime) -> list[Silence]:
    """The silences of a moment, the oldest first."""
    return [Silence(**row) for row in connection.execute(_ACTIVE, {"at": at}).mappings()]


def listed(connection: Connection, at: datetime, *, ended: bool, most: int) -> list[Silence]:
    """Silences, the newest first; those that have ended as well where asked for."""
    rows = connection.execute(_LIST, {"at": at, "all": ended, "most": most})
    return [Silence(**row) for row in rows.mappings()]


def begin(connection: Connection, **given: Any) -> Silence:
    """Keep a new silence."""
    return Silence(**connection.execute(_BEGIN, given).mappings().one())


def end(connection: Connection, id: int, by: str, at: datetime) -> Silence | None:
    """End one early; None where there is none of this number that has not ended."""
    row = connection.execute(_END, {"id": id, "by": by, "at": at}).mappings().first()
    return None if row is None else Silence(**row)


def one(connection: Connection, id: int) -> Silence | None:
    """The silence of a number, ended or not."""
    row = connection.execute(_ONE, {"id": id}).mappings().first()
    return None if row is None else Silence(**row)


def covering(silences: Sequence[Silence], of: Episode) -> Silence | None:
    """The first silence that covers an episode."""
    return next((silence for silence in silences if silence.covers(of.authority, of.rule, of.scope)), None)
