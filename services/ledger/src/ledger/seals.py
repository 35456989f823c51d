"""Sealing the journal: postings and events hashed into a chain, batch after batch, some seconds after they commit."""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, text

from hnb.database import transaction
from ledger.domain.chain import BEGINNING, seal_hash

SEAL_SECONDS = 1.0
SEAL_LOCK = 0x5345414C  # "SEAL"
POSTINGS_AT_ONCE = 5_000
EVENTS_AT_ONCE = 2_000

# What is sealed: every column, in this order for ever. A column added to one of these tables gets a list of its own.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "postings": (
        "id", "recorded_at", "authority", "about", "financial_year", "line", "kind", "from_place", "to_place",
        "amount_pence", "first_day", "last_day", "event_source", "event_id",
    ),
    "inbox": ("source", "id", "authority", "type", "time", "about", "digest", "body", "received_at"),
}  # fmt: skip
HASHED = (
    "number::text", "sealed_at::text", "posting_ids::text", "posting_leaves", "event_sources::text", "event_ids::text",
    "event_leaves", "previous",
)  # fmt: skip

log = structlog.get_logger(__name__)


def row_text(table: str, alias: str) -> str:
    """The SQL of a row as it is hashed: all its columns in one unambiguous text."""
    return f"ROW({', '.join(f'{alias}.{column}' for column in COLUMNS[table])})::text"


def _leaf(table: str, alias: str) -> str:
    return f"sha256(convert_to('{table}' || {row_text(table, alias)}, 'UTF8'))"


# How PostgreSQL writes times, dates and bytes depends on the session; what is hashed must not.
_STEADY = text("""
    SELECT set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, YMD', true),
        set_config('bytea_output', 'hex', true)
""")
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_LAST = text("SELECT number, hash FROM seals ORDER BY number DESC LIMIT 1")
_LAST_POSTING = text("""
    SELECT posting_ids[cardinality(posting_ids)] FROM seals WHERE cardinality(posting_ids) > 0
    ORDER BY number DESC LIMIT 1
""")
# Whoever posts holds the clock from before the first id is drawn until commit. So ids commit in their order, and below
# one that is seen no other can appear; a gap is a transaction that was rolled back.
_POSTINGS = text(f"""
    WITH next AS MATERIALIZED (
        SELECT p.id, {_leaf("postings", "p")} AS leaf FROM postings p WHERE p.id > :after ORDER BY p.id LIMIT :most
    )
    SELECT coalesce(array_agg(id ORDER BY id), '{{}}')::text, coalesce(string_agg(leaf, '' ORDER BY id), ''), count(*)
    FROM next
""")  # noqa: S608 - the names are constants
# An entry whose event is gone stays where it is: it is the evidence.
_EVENTS = text(f"""
    WITH next AS MATERIALIZED (
        SELECT u.place, u.source, u.id, {_leaf("inbox", "i")} AS leaf
        FROM (SELECT ctid AS place, source, id FROM unsealed LIMIT :most) u JOIN inbox i USING (source, id)
    ), taken AS (DELETE FROM unsealed WHERE ctid = ANY (ARRAY(SELECT place FROM next)))
    SELECT coalesce(array_agg(source ORDER BY place), '{{}}')::text,
        coalesce(array_agg(id ORDER BY place), '{{}}')::text,
        coalesce(string_agg(leaf, '' ORDER BY place), ''), count(*)
    FROM next
""")  # noqa: S608
_NOW = text("SELECT clock_timestamp()::text")
_SEAL = text("""
    INSERT INTO seals (number, sealed_at, posting_ids, posting_leaves, event_sources, event_ids, event_leaves,
        previous, hash)
    VALUES (:number, CAST(:sealed_at AS timestamptz), CAST(:posting_ids AS bigint[]), :posting_leaves,
        CAST(:event_sources AS text[]), CAST(:event_ids AS text[]), :event_leaves, :previous, :hash)
""")


def write_steadily(connection: Connection) -> None:
    """Until this transaction ends, PostgreSQL writes every value as it did when it was sealed."""
    connection.execute(_STEADY)


def seal(engine: Engine) -> bool:
    """Seal the next postings and events; whether there may be more. One replica at a time does so.

    It takes no lock that anyone who posts waits for.
    """
    with transaction(engine) as connection:
        if not connection.scalar(_LOCK, {"key": SEAL_LOCK}):
            return False
        write_steadily(connection)
        after = connection.scalar(_LAST_POSTING) or 0
        ids, leaves, postings = connection.execute(_POSTINGS, {"after": after, "most": POSTINGS_AT_ONCE}).one()
        sources, event_ids, event_leaves, events = connection.execute(_EVENTS, {"most": EVENTS_AT_ONCE}).one()
        if not postings and not events:
            return False
        last = connection.execute(_LAST).first()
        made: dict[str, Any] = {
            "number": last.number + 1 if last else 1,
            "sealed_at": connection.scalar(_NOW),
            "posting_ids": ids,
            "posting_leaves": leaves,
            "event_sources": sources,
            "event_ids": event_ids,
            "event_leaves": event_leaves,
            "previous": last.hash if last else BEGINNING,
        }
        made["hash"] = seal_hash(part if isinstance(part, bytes) else str(part).encode() for part in made.values())
        connection.execute(_SEAL, made)
    # In the log as well: whoever keeps the logs elsewhere can tell a chain written anew from the one that stood.
    log.info("sealed", seal=made["number"], hash=made["hash"].hex(), postings=postings, events=events)
    return bool(postings == POSTINGS_AT_ONCE or events == EVENTS_AT_ONCE)
