"""Tokens in PostgreSQL: made, listed, revoked, and read whole by the door. Only their hashes are ever kept."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from hnb.bearer import token_hash
from hnb.database import arrays
from placements.domain.tokens import Scope, Token

PREFIX = "hnb_"  # so that whoever finds one in a file, a person or a scanner of secrets, sees what it is
TOKEN_BYTES = 32
ID_DIGITS = 12  # of the hash in hex; as long as the id column's

_NEW = text("""
    INSERT INTO tokens (hash, name, rights, authorities, sources, types, events_per_second, expires_at)
    VALUES (:hash, :name, :rights, :authorities, :sources, :types, :events_per_second, :expires_at)
""")
_ALL = text("SELECT * FROM tokens ORDER BY name, created_at, id")
_REVOKE = text("""
    UPDATE tokens SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = :id RETURNING name, revoked_at
""")
_USED = text("""
    UPDATE tokens SET last_used_at = greatest(last_used_at, at)
    FROM unnest(CAST(:hashes AS bytea[]), CAST(:times AS timestamptz[])) AS used (hash, at)
    WHERE tokens.hash = used.hash
""")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A token to be made: whose it is, what for, until when, and how many events a second (None: as everybody)."""

    name: str
    scope: Scope
    expires_at: datetime | None
    events_per_second: int | None = None


def new(connection: Connection, wanted: Wanted) -> tuple[str, str]:
    """Make a token; itself, to be shown once and kept nowhere, and its id."""
    token = PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    hashed, scope = token_hash(token), wanted.scope
    connection.execute(_NEW, {
        "hash": hashed, "name": wanted.name, "rights": sorted(scope.rights),
        "authorities": sorted(scope.authorities), "sources": sorted(scope.sources), "types": sorted(scope.types),
        "events_per_second": wanted.events_per_second, "expires_at": wanted.expires_at,
    })  # fmt: skip
    return token, short_id(hashed)


def short_id(hashed: bytes) -> str:
    """What a token is called where it must not be shown: whoever holds the token can work it out, nobody else."""
    return hashed.hex()[:ID_DIGITS]


def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every token ever made, by name and age, with what became of it; never the token, nor its hash."""
    return [{k: v for k, v in row.items() if k != "hash"} for row in connection.execute(_ALL).mappings()]


def revoke(connection: Connection, id: str) -> RowMapping | None:
    """End a token for good; its name and since when, or None where no token has this id. Twice is as once."""
    return connection.execute(_REVOKE, {"id": id}).mappings().one_or_none()


def known(connection: Connection) -> dict[bytes, Token]:
    """All tokens by their hash, the ended too: their bearers are told why."""
    return {bytes(row["hash"]): _token(row) for row in connection.execute(_ALL).mappings()}


def note_use(connection: Connection, used: Mapping[bytes, datetime]) -> None:
    """Keep when each of these tokens was last used."""
    connection.execute(_USED, arrays("hashes times", sorted(used.items())))


def _token(row: RowMapping) -> Token:
    scope = Scope(*(frozenset(row[name]) for name in ("rights", "authorities", "sources", "types")))
    return Token(row["id"], row["name"], scope, row["expires_at"], row["revoked_at"], row["events_per_second"])
