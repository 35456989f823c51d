"""Events as they were accepted, many at once: for a feed that asks what it has said before."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

ASKED_AT_ONCE = 500

_ACCEPTED = text("""
    SELECT body FROM inbox WHERE source = :source AND id = ANY(CAST(:ids AS text[])) AND authority = :authority
    ORDER BY id
""")


def accepted(connection: Connection, authority: str, source: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """Those of these events of one source that were accepted for an authority, as they came."""
    binds = {"authority": authority, "source": source, "ids": list(ids)}
    return [orjson.loads(body) for body in connection.scalars(_ACCEPTED, binds)]
