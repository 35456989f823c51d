"""Commitments to decide again, because something they depend on has changed. Marks are made under the clock."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Connection, text

from hnb.database import arrays
from ledger.store import Key, named

# A line's mean moves with every price, and all that has none on the line hangs on it: what follows the mean does so the
# less often the more it is, so that a return of thousands being priced is not decided over and over.
_SETTLE_SECONDS = {"least": 2.0, "each": 0.01, "most": 300.0}

_MARK = """
    INSERT INTO stale (authority, about, due_at) {found}
    ON CONFLICT (authority, about) DO UPDATE SET due_at = EXCLUDED.due_at WHERE EXCLUDED.due_at < stale.due_at
"""
_MARK_UNPRICED = text(_MARK.format(found="""
    SELECT c.authority, c.about, clock_timestamp() + make_interval(secs =>
        least(greatest(:least, :each * count(*) OVER (PARTITION BY c.authority, c.provision)), :most))
    FROM commitments c
    JOIN unnest(CAST(:authorities AS text[]), CAST(:provisions AS text[])) AS k (authority, provision)
    USING (authority, provision) WHERE c.unpriced
"""))  # fmt: skip
_MARK_APPEALS = text(_MARK.format(found="""
    SELECT DISTINCT c.authority, c.about, clock_timestamp() FROM commitments c
    JOIN unnest(CAST(:authorities AS text[]), CAST(:children AS text[])) AS k (authority, child_ref)
    USING (authority, child_ref) WHERE c.kind = 'appeal'
"""))  # fmt: skip
_MARK_KEYS = text(_MARK.format(found="""
    SELECT a, b, clock_timestamp() FROM unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[])) AS k (a, b)
"""))  # fmt: skip
_MARK_OPEN = text("""
    INSERT INTO stale (authority, about, due_at)
    SELECT authority, about, clock_timestamp() FROM commitments WHERE horizon < :horizon ORDER BY horizon LIMIT :most
    ON CONFLICT DO NOTHING
""")
# Due later than anything is ever put off: marked by a clock that was set back since. A time that may change within the
# statement would keep PostgreSQL from its index.
_NOW = "statement_timestamp()"
_IS_DUE = f"(due_at <= {_NOW} OR due_at > {_NOW} + interval '{_SETTLE_SECONDS['most']} s')"
_DUE = text(f"SELECT authority, about FROM stale WHERE {_IS_DUE} ORDER BY due_at LIMIT :most")  # noqa: S608
# Asked after every batch. The earliest horizon, and not whether there is an earlier one: for that PostgreSQL, which
# reckons with a third of all commitments, goes through them all and finds none.
_ANYTHING_DUE = text(f"""
    SELECT EXISTS (SELECT FROM stale WHERE {_IS_DUE})
        OR EXISTS (SELECT FROM withdrawals w JOIN inbox i ON i.source = w.target_source AND i.id = w.target_id
            AND i.authority = w.authority WHERE NOT w.applied)
        OR (SELECT min(horizon) FROM commitments WHERE horizon IS NOT NULL) < :horizon
""")  # noqa: S608
_FREE = text("""
    SELECT c.authority, c.about FROM commitments c
    JOIN unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[])) AS k (authority, about) USING (authority, about)
    ORDER BY c.authority, c.about FOR UPDATE OF c SKIP LOCKED
""")
_SETTLED = text("""
    DELETE FROM stale s USING unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[])) AS k (authority, about)
    WHERE s.authority = k.authority AND s.about = k.about
""")


def mark_unpriced(connection: Connection, lines: Iterable[tuple[str, str]]) -> None:
    """What has no price on these (authority, provision) lines is to be decided again, some seconds from now."""
    pairs = sorted(lines)
    if pairs:
        connection.execute(_MARK_UNPRICED, arrays("authorities provisions", pairs) | _SETTLE_SECONDS)


def mark_appeals(connection: Connection, children: Iterable[tuple[str, str]]) -> None:
    """The appeals of these (authority, child) pairs are to be decided again."""
    pairs = sorted(children)
    if pairs:
        connection.execute(_MARK_APPEALS, arrays("authorities children", pairs))


def mark(connection: Connection, keys: Iterable[Key]) -> None:
    """These commitments are to be decided again."""
    wanted = list(keys)
    if wanted:
        connection.execute(_MARK_KEYS, named(wanted))


def mark_open(connection: Connection, horizon: date, most: int) -> None:
    """Open commitments last run to an earlier horizon are to be decided again: the yearly roll-forward."""
    connection.execute(_MARK_OPEN, {"horizon": horizon, "most": most})


def anything_due(connection: Connection, horizon: date) -> bool:
    """Whether settling would find something to do."""
    return bool(connection.scalar(_ANYTHING_DUE, {"horizon": horizon}))


def due(connection: Connection, most: int) -> list[Key]:
    """Commitments to decide again now, locked; those another transaction holds are left for the next time."""
    keys = [(row.authority, row.about) for row in connection.execute(_DUE, {"most": most})]
    return [(row.authority, row.about) for row in connection.execute(_FREE, named(keys))] if keys else []


def settled(connection: Connection, keys: Iterable[Key]) -> None:
    """These were decided again."""
    connection.execute(_SETTLED, named(keys))
