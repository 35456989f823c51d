"""Events that cannot be applied: kept with their reason, said on the dead-letter stream, tried again, never lost."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import psycopg
from sqlalchemy import Connection, RowMapping, text
from sqlalchemy.exc import DBAPIError

from hnb import outbox
from hnb.database import Blamed

STREAM = "dead-letter"
MAX_REASON = 2_000
TOOK_EFFECT = ("accepted", "duplicate")  # what a try again may come to, and the letter needs nobody any more
NAMES = ("source", "id", "type", "authority")  # what a list says of the event in a letter: never its data

_INSERT = text("""
    INSERT INTO dead_letters (stream, entry_id, body, reason)
    VALUES (:stream, :entry_id, :body, :reason)
    ON CONFLICT (stream, entry_id) DO NOTHING RETURNING id
""")
_LISTED = text("""
    SELECT id, stream, entry_id, body, reason, buried_at, replayed_at,
        (SELECT count(*) FROM replays r WHERE r.letter = dead_letters.id) AS tries
    FROM dead_letters
    WHERE id > :after AND (:state = 'all' OR (replayed_at IS NULL) = (:state = 'waiting'))
    AND (CAST(:stream AS text) IS NULL OR stream = :stream)
    AND (CAST(:reason AS text) IS NULL OR strpos(lower(reason), lower(:reason)) > 0)
    AND (CAST(:since AS timestamptz) IS NULL OR buried_at >= :since)
    ORDER BY id LIMIT :most
""")
_ONE = text("SELECT id, stream, entry_id, body, reason, buried_at, replayed_at FROM dead_letters WHERE id = :id")
_TRIES = text("SELECT at, by_whom, outcome, detail FROM replays WHERE letter = :id ORDER BY id")
_NOTE = text("INSERT INTO replays (letter, by_whom, outcome, detail) VALUES (:id, :by_whom, :outcome, :detail)")
_REPLAYED = text("UPDATE dead_letters SET replayed_at = coalesce(replayed_at, clock_timestamp()) WHERE id = :id")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What came (as text; bytes that are no text are shown as escapes), from which stream entry, and why it failed."""

    stream: str
    entry_id: str
    body: str
    reason: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Which letters: of a stream, with words in their reason, buried since; `waiting`, `replayed` or `all` of them."""

    state: str = "waiting"
    stream: str | None = None
    reason: str | None = None
    since: datetime | None = None
    after: int = 0


def bury(connection: Connection, letter: DeadLetter) -> None:
    """Keep a dead letter and say so, once per stream entry."""
    body, reason = _holdable(letter.body), _holdable(letter.reason)
    row = connection.execute(
        _INSERT,
        {"stream": letter.stream, "entry_id": letter.entry_id, "body": body, "reason": reason},
    ).first()
    if row is not None:
        outbox.say(connection, [(STREAM, body)])


def _holdable(written: str) -> str:
    return written.replace("\x00", "\\x00")  # PostgreSQL text holds everything but this


def why(error: Exception) -> str:
    """A failure as a reason: its kind and its words, but of the database's never the values that were in the statement.

    They are an event's data, and a reason is logged, counted by and shown to those who may not see that.
    """
    failed = error.orig if isinstance(error, DBAPIError) else error.__cause__ if isinstance(error, Blamed) else error
    if isinstance(failed, psycopg.Error):
        said = failed.diag.message_primary or "no more is said"
        if isinstance(failed, psycopg.DataError):  # names the very value that is wrong, between quotes
            said = re.sub('".*"', '"…"', said, flags=re.DOTALL)
        return f"{type(failed).__name__}: {said}"[:MAX_REASON]
    return f"{type(error).__name__}: {error}"[:MAX_REASON]


def listed(connection: Connection, asked: Asked, most: int) -> list[dict[str, Any]]:
    """Letters as asked for, the oldest first, each with what names its event and without its data."""
    binds = {
        "state": asked.state, "stream": asked.stream, "reason": asked.reason, "since": asked.since,
        "after": asked.after, "most": most,
    }  # fmt: skip
    return [{**row, "event": _named(row["body"])} for row in connection.execute(_LISTED, binds).mappings()]


def one(connection: Connection, id: int) -> RowMapping | None:
    """A letter with its body, None where there is none of this number."""
    return connection.execute(_ONE, {"id": id}).mappings().first()


def tries(connection: Connection, id: int) -> list[Mapping[str, Any]]:
    """How often a letter was tried again: when, by whom, and what came of it."""
    return [dict(row) for row in connection.execute(_TRIES, {"id": id}).mappings()]


def note(connection: Connection, id: int, by_whom: str, outcome: str, detail: str | None) -> None:
    """Put a try on record; a letter that took effect is marked so, and kept."""
    said = None if detail is None else _holdable(detail)
    connection.execute(_NOTE, {"id": id, "by_whom": by_whom, "outcome": outcome, "detail": said})
    if outcome in TOOK_EFFECT:
        connection.execute(_REPLAYED, {"id": id})


def _named(body: str) -> dict[str, str] | None:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    return {name: given[:200] for name in NAMES if isinstance(given := value.get(name), str)}
