"""Every event a service ever heard, kept by (source, id) for ever: what makes repetition harmless."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, text

from hnb.database import Overtaken, arrays, blaming, copy_rows
from hnb.events import Event, FieldError


@dataclass(frozen=True, slots=True)
class Accepted:
    """New, and now on record."""

    status = "accepted"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Seen before with the same content; nothing happens."""

    status = "duplicate"


@dataclass(frozen=True, slots=True)
class Conflicting:
    """Its (source, id) was used before for other content; kept for a person to look at, never applied."""

    status = "conflicting"


@dataclass(frozen=True, slots=True)
class Refused:
    """Breaks the contract, with each field at fault."""

    errors: tuple[FieldError, ...]
    status = "refused"


Outcome = Accepted | Duplicate | Conflicting | Refused

_DIGESTS = text("""
    SELECT source, id, digest FROM inbox
    JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS e (source, id) USING (source, id)
""")


def record(connection: Connection, events: Sequence[Event], abouts: Sequence[str | None]) -> list[Outcome]:
    """Put events on record; one outcome each, in order. `abouts` name what each is about, within its authority.

    Raises Overtaken where another transaction recorded one of them meanwhile, Blamed where PostgreSQL refuses one. Rows
    go in sorted by key, so that two replicas given the same events wait for each other and never deadlock.
    """
    first: dict[tuple[str, str], int] = {}
    for index, event in enumerate(events):
        first.setdefault((event.source, event.id), index)
    digests = [event.digest for event in events]
    kept = {(row.source, row.id): row.digest for row in connection.execute(_DIGESTS, arrays("sources ids", first))}
    columns = ("source", "id", "authority", "type", "time", "about", "digest", "body")
    new = sorted((key, index) for key, index in first.items() if key not in kept)
    rows = (
        (*key, event.authority, event.type, event.time, abouts[index], f"\\x{digests[index].hex()}", event.body)
        for key, index in new
        for event in (events[index],)
    )
    with blaming(lambda row: new[row][0]):
        try:
            copy_rows(connection, "inbox", columns, rows)
        except UniqueViolation:
            raise Overtaken from None
    return [
        Conflicting() if kept.get(key, digests[first[key]]) != digests[index]
        else Duplicate() if key in kept or first[key] != index
        else Accepted()
        for index, key in enumerate((event.source, event.id) for event in events)
    ]  # fmt: skip
