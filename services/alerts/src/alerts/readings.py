"""Conditions in PostgreSQL: the newest reading of each, held while its episodes move."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, text

from alerts.domain.conditions import ConditionKey, Reading
from hnb.database import arrays
from hnb.events import Figure

_KEYS = """
    unnest(CAST(:authorities AS text[]), CAST(:conditions AS text[]), CAST(:scopes AS text[]), CAST(:years AS int[]))
    AS k (authority, condition, scope, year)
"""
_LOCK = text(f"""
    SELECT c.authority, c.condition, c.scope, c.year, c.version, c.known_at FROM conditions c
    JOIN {_KEYS} USING (authority, condition, scope, year)
    ORDER BY c.authority, c.condition, c.scope, c.year FOR UPDATE OF c
""")  # noqa: S608 - only text of this module is put in
_KEEP = text("""
    INSERT INTO conditions (authority, condition, scope, year, version, active, value, unit, since, known_at, provision,
        figures)
    SELECT a, c, s, y, v, active, value, unit, since, known_at, provision, CAST(figures AS jsonb)
    FROM unnest(CAST(:authorities AS text[]), CAST(:conditions AS text[]), CAST(:scopes AS text[]),
        CAST(:years AS int[]), CAST(:versions AS int[]), CAST(:actives AS boolean[]), CAST(:numbers AS bigint[]),
        CAST(:units AS text[]), CAST(:beginnings AS timestamptz[]), CAST(:moments AS timestamptz[]),
        CAST(:provisions AS text[]), CAST(:figures AS text[]))
        AS r (a, c, s, y, v, active, value, unit, since, known_at, provision, figures)
    ON CONFLICT (authority, condition, scope, year) DO UPDATE SET version = EXCLUDED.version, active = EXCLUDED.active,
        value = EXCLUDED.value, unit = EXCLUDED.unit, since = EXCLUDED.since, known_at = EXCLUDED.known_at,
        provision = EXCLUDED.provision, figures = EXCLUDED.figures
    WHERE (conditions.version, conditions.known_at) < (EXCLUDED.version, EXCLUDED.known_at)
    RETURNING authority, condition, scope, year
""")
_AFTER = text("""
    SELECT * FROM conditions WHERE active AND condition = ANY(:conditions)
    AND (authority, condition, scope, year) > (:authority, :condition, :scope, :year)
    ORDER BY authority, condition, scope, year LIMIT :most FOR UPDATE
""")
_NAMED = text(f"""
    SELECT c.* FROM conditions c JOIN {_KEYS} USING (authority, condition, scope, year)
    ORDER BY c.authority, c.condition, c.scope, c.year FOR UPDATE OF c
""")  # noqa: S608


def _keys(keys: Iterable[ConditionKey]) -> dict[str, str]:
    return arrays("authorities conditions scopes years", sorted(keys))


def lock(connection: Connection, keys: Iterable[ConditionKey]) -> Mapping[ConditionKey, tuple[int, datetime]]:
    """What is known of these, locked until the transaction ends; in sorted order, so that none deadlock."""
    rows = connection.execute(_LOCK, _keys(keys))
    return {(row.authority, row.condition, row.scope, row.year): (row.version, row.known_at) for row in rows}


def keep(connection: Connection, readings: Sequence[Reading]) -> set[ConditionKey]:
    """Keep readings that are newer than what is on record; the keys of those that were."""
    rows = [
        (*r.condition_key, r.version, r.active, r.value, r.unit, r.since, r.known_at, r.provision,
         orjson.dumps([figure.model_dump() for figure in r.figures]).decode())
        for r in readings
    ]  # fmt: skip
    names = "authorities conditions scopes years versions actives numbers units beginnings moments provisions figures"
    return {
        (row.authority, row.condition, row.scope, row.year) for row in connection.execute(_KEEP, arrays(names, rows))
    }


def after(connection: Connection, key: ConditionKey, conditions: Iterable[str], most: int) -> list[Reading]:
    """The active readings of some conditions after a key, locked until the transaction ends."""
    binds: dict[str, Any] = {"conditions": sorted(conditions), "most": most}
    binds |= dict(zip(("authority", "condition", "scope", "year"), key, strict=True))
    return [_reading(row) for row in connection.execute(_AFTER, binds).mappings()]


def named(connection: Connection, keys: Iterable[ConditionKey]) -> list[Reading]:
    """These readings, locked until the transaction ends."""
    return [_reading(row) for row in connection.execute(_NAMED, _keys(keys)).mappings()]


def _reading(row: RowMapping) -> Reading:
    given = dict(row)
    return Reading(**given | {"figures": tuple(Figure(**one) for one in given["figures"])})
