"""Every event a service ever heard, kept by (source, id) for ever: what makes repetition harmless."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from hnb.database import arrays
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

# Answers with what was there before: that is seldom anything, where what is new would be the whole batch.
_INSERT = text("""
    WITH e AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[]), CAST(:authorities AS text[]),
            CAST(:types AS text[]), CAST(:times AS timestamptz[]), CAST(:abouts AS text[]),
            CAST(:digests AS bytea[]), CAST(:bodies AS text[]))
            AS e (source, id, authority, type, time, about, digest, body)
    ), new AS (
        INSERT INTO inbox (source, id, authority, type, time, about, digest, body)
        SELECT * FROM e ORDER BY source, id ON CONFLICT DO NOTHING RETURNING source, id
    )
    SELECT source, id FROM e EXCEPT SELECT source, id FROM new
""")
_DIGESTS = text("""
    SELECT source, id, digest FROM inbox
    JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS e (source, id) USING (source, id)
""")


def record(connection: Connection, events: Sequence[Event], abouts: Sequence[str | None]) -> list[Outcome]:
    """Put events on record; one outcome each, in order. `abouts` name what each is about, within its authority.

    Rows go in sorted by key, so that two replicas given the same events wait for each other and never deadlock.
    """
    first: dict[tuple[str, str], int] = {}
    for index, event in enumerate(events):
        first.setdefault((event.source, event.id), index)
    chosen = sorted(first.items())
    digests = [event.digest for event in events]
    rows = connection.execute(
        _INSERT,
        arrays(
            "sources ids authorities types times abouts digests bodies",
            (
                (*key, e.authority, e.type, e.time, abouts[i], digests[i], e.body)
                for key, i in chosen
                for e in (events[i],)
            ),
        ),
    )
    old = sorted((row.source, row.id) for row in rows)
    on_record = {key: digests[i] for key, i in chosen}
    if old:
        found = connection.execute(_DIGESTS, arrays("sources ids", old))
        on_record |= {(row.source, row.id): bytes(row.digest) for row in found}
    seen = set(old)
    return [
        Conflicting() if on_record[key] != digests[i]
        else Duplicate() if key in seen or first[key] != i
        else Accepted()
        for i, key in enumerate((event.source, event.id) for event in events)
    ]  # fmt: skip
