"""The facts that stand, as they were said: for an importer, which compares them with what a case system exports."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, text

from placements.domain.facts import types_of

# Ordered and compared by the same two columns, so that no page depends on how the database sorts text.
_FACTS = text("""
    SELECT about, type, time, id, source, data FROM facts
    WHERE authority = :authority AND type = ANY(CAST(:types AS text[]))
    AND (about, type) > (:about, :after_type)
    ORDER BY about, type LIMIT :most
""")


@dataclass(frozen=True, slots=True)
class After:
    """The fact a page follows: the record it is about, and its type. Both empty: from the first."""

    about: str = ""
    type: str = ""


def standing(connection: Connection, authority: str, kind: str, after: After, most: int) -> Iterable[RowMapping]:
    """Standing facts about records of one kind (`plan`, `placement`, ...), by record and type."""
    binds = {"authority": authority, "types": list(types_of(kind)), "about": after.about, "after_type": after.type,
             "most": most}  # fmt: skip
    return connection.execute(_FACTS, binds).mappings()
