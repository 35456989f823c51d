"""The journal of all that was ever accepted, sent on its way again: what heard it before finds it on record."""

from collections import Counter
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, text

from hnb import outbox
from hnb.events import CASE_EVENTS

UNSETTLED_COUNTED = 100_000

_PART = """
    WHERE (CAST(:authority AS text) IS NULL OR authority = :authority)
    AND (CAST(:source AS text) IS NULL OR source = :source)
    AND (CAST(:id AS text) IS NULL OR id = :id)
    AND (CAST(:kinds AS text[]) IS NULL OR type = ANY(:kinds))
    AND (CAST(:since AS timestamptz) IS NULL OR received_at >= :since)
    AND (CAST(:until AS timestamptz) IS NULL OR received_at < :until)
"""
_COUNT = text(f"SELECT type, count(*) AS events FROM inbox {_PART} GROUP BY type ORDER BY type")  # noqa: S608 - no value
_NEXT = text(f"""
    SELECT source, id, type, body FROM inbox {_PART}
    AND (source, id) > (:after_source, :after_id) ORDER BY source, id LIMIT :most
""")  # noqa: S608 - only text of this module is put in
_UNSETTLED = text("SELECT count(*) FROM (SELECT FROM outbox LIMIT :most) AS first")


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of the journal: of an authority, a source, one id of it, some types, received since and until."""

    authority: str | None = None
    source: str | None = None
    id: str | None = None
    kinds: list[str] | None = None
    since: datetime | None = None
    until: datetime | None = None

    def binds(self) -> dict[str, object]:
        """What the statements are bound to."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def kinds_of(name: str) -> list[str]:
    """The types of a family (`placement`), or the one type that is named whole or without `hnb.` and version."""
    return [kind for kind, (family, _) in CASE_EVENTS.items() if name in (family, kind, kind[4:].rpartition(".")[0])]


def count(connection: Connection, part: Part) -> Counter[str]:
    """How many events of each type there are in a part."""
    return Counter({row.type: row.events for row in connection.execute(_COUNT, part.binds())})


def say_again(connection: Connection, part: Part, after: tuple[str, str], most: int) -> list[tuple[str, str]]:
    """Put the next events of a part in the outbox once more; their sources and ids, in the order of those."""
    binds = {**part.binds(), "after_source": after[0], "after_id": after[1], "most": most}
    rows = connection.execute(_NEXT, binds).all()
    outbox.say(connection, [(CASE_EVENTS[row.type][0], row.body) for row in rows])
    return [(row.source, row.id) for row in rows]


def unsettled(connection: Connection) -> int:
    """How many messages are on their way and not heard by all who must; counted no further than need be."""
    return connection.scalar(_UNSETTLED, {"most": UNSETTLED_COUNTED}) or 0
