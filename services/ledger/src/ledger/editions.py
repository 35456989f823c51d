"""Editions of the public summary in PostgreSQL: each frozen as it was published, with the true figures behind it."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ledger.domain.disclosure import Edition, Group, Total
from ledger.domain.documents import Change, Document

_ADD = text("""
    INSERT INTO public_editions (authority, financial_year, number, published_by, known_at, document, changes, behind)
    VALUES (:authority, :year, :number, :by, :known_at, CAST(:document AS jsonb), CAST(:changes AS jsonb),
        CAST(:behind AS jsonb))
""")
_COLUMNS = "authority, financial_year, number, published_at, published_by, known_at"
_LISTED = text(f"""
    SELECT {_COLUMNS}, document ->> 'title' AS title FROM public_editions
    WHERE (CAST(:authority AS text) IS NULL OR authority = :authority)
    AND (CAST(:year AS integer) IS NULL OR financial_year = :year)
    ORDER BY authority, financial_year DESC, number DESC LIMIT :most
""")  # noqa: S608
_ONE = text(f"""
    SELECT {_COLUMNS}, document, changes FROM public_editions
    WHERE authority = :authority AND financial_year = :year AND (CAST(:number AS integer) IS NULL OR number = :number)
    ORDER BY number DESC LIMIT 1
""")  # noqa: S608
_BEHIND = text("""
    SELECT behind FROM public_editions WHERE authority = :authority AND financial_year = :year ORDER BY number
""")
# Two who publish at once wait for each other, so that each edition knows of all before it.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('public editions'), hashtext(:authority))")
MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Listed:
    """One edition, without what it says."""

    authority: str
    financial_year: int
    number: int
    published_at: datetime
    published_by: str
    known_at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Published:
    """One edition as the public reads it."""

    authority: str
    financial_year: int
    number: int
    published_at: datetime
    known_at: datetime
    document: Document
    changes: list[Change]


def lock(connection: Connection, authority: str) -> None:
    """Waits until nobody else publishes for the authority."""
    connection.execute(_LOCK, {"authority": authority})


def add(
    connection: Connection, authority: str, year: int, number: int, by: str, known_at: datetime, document: Document,
    changes: list[Change], behind: Edition,
) -> None:  # fmt: skip
    """Keeps an edition for ever."""
    connection.execute(
        _ADD,
        {
            "authority": authority, "year": year, "number": number, "by": by, "known_at": known_at,
            "document": document.model_dump_json(), "changes": json.dumps([one.model_dump() for one in changes]),
            "behind": json.dumps(_written(behind)),
        },
    )  # fmt: skip


def listed(connection: Connection, authority: str | None = None, year: int | None = None) -> list[Listed]:
    """Editions, the newest of each year first."""
    rows = connection.execute(_LISTED, {"authority": authority, "year": year, "most": MOST_LISTED})
    return [Listed(*row) for row in rows]


def published(connection: Connection, authority: str, year: int, number: int | None = None) -> Published | None:
    """One edition, or the newest."""
    row = connection.execute(_ONE, {"authority": authority, "year": year, "number": number}).one_or_none()
    if row is None:
        return None
    return Published(
        row.authority, row.financial_year, row.number, row.published_at, row.known_at,
        Document.model_validate(row.document), [Change.model_validate(one) for one in row.changes],
    )  # fmt: skip


def behind(connection: Connection, authority: str, year: int) -> list[Edition]:
    """What lies behind all editions of a year, the first first."""
    return [_read(row) for row in connection.scalars(_BEHIND, {"authority": authority, "year": year})]


def _written(edition: Edition) -> dict[str, Any]:
    return {
        "groups": [
            [list(cell), one.children, one.pence, one.dearest_pence] for cell, one in edition.groups.items()
        ],
        "totals": [[list(one.whole), [list(part) for part in one.parts]] for one in edition.totals],
        "hidden_children": sorted(map(list, edition.hidden_children)),
        "hidden_pence": sorted(map(list, edition.hidden_pence)),
    }  # fmt: skip


def _read(kept: dict[str, Any]) -> Edition:
    return Edition(
        {tuple(cell): Group(*figures) for cell, *figures in kept["groups"]},
        [Total(tuple(whole), tuple(map(tuple, parts))) for whole, parts in kept["totals"]],
        frozenset(map(tuple, kept["hidden_children"])),
        frozenset(map(tuple, kept["hidden_pence"])),
    )
