"""Whether the journal is what was sealed: every leaf and every link computed again, outside the database."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from hnb.calendar import year_label
from hnb.money import pounds
from ledger.domain.chain import BEGINNING, LEAF_BYTES, leaf, seal_hash
from ledger.seals import HASHED, row_text
from ledger.verify.findings import Differs
from ledger.verify.snapshot import stream

EVENTS_AT_ONCE = 2_000  # few enough for PostgreSQL to put their bodies in order in memory

_SEALS = (
    f"SELECT number, hash, {', '.join(HASHED)}, posting_ids, event_sources, event_ids FROM seals ORDER BY seals.number"  # noqa: S608
)
_POSTINGS = f"""
    SELECT p.id, {row_text("postings", "p")} FROM postings p WHERE p.id > {{after}} AND p.id <= {{last}} ORDER BY p.id
"""  # noqa: S608
_EVENTS = f"""
    SELECT CASE WHEN i.source IS NOT NULL THEN {row_text("inbox", "i")} END
    FROM seals s CROSS JOIN LATERAL unnest(s.event_sources, s.event_ids) WITH ORDINALITY AS k (source, id, place)
    LEFT JOIN inbox i ON i.source = k.source AND i.id = k.id
    WHERE s.number BETWEEN {{first}} AND {{last}} ORDER BY s.number, k.place
"""  # noqa: S608
_SEALED_KEYS = "SELECT unnest(event_sources) AS source, unnest(event_ids) AS id FROM seals"
_STRAYS = {
    "is in the journal, but neither sealed nor waiting to be: it was put there behind the ledger's back": f"""
        SELECT source, id FROM inbox EXCEPT (({_SEALED_KEYS}) UNION ALL SELECT source, id FROM unsealed) LIMIT 1
    """,  # noqa: S608 - the names are constants
    "waits to be sealed (table unsealed), but the journal has no such row: it was taken out": """
        SELECT source, id FROM unsealed EXCEPT SELECT source, id FROM inbox LIMIT 1
    """,
    "is sealed twice, or sealed and waiting to be (table unsealed)": f"""
        SELECT source, id FROM (({_SEALED_KEYS}) UNION ALL SELECT source, id FROM unsealed) k
        GROUP BY source, id HAVING count(*) > 1 LIMIT 1
    """,  # noqa: S608
}
_POSTING = text("SELECT * FROM postings WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal as it is kept; `hashed` are its columns as they went into its hash."""

    number: int
    hash: bytes
    hashed: tuple[bytes, ...]
    sealed_at: str
    posting_ids: list[int]
    posting_leaves: bytes
    events: list[tuple[str, str]]
    event_leaves: bytes
    previous: bytes


@dataclass
class Chain:
    """How far the chain was followed."""

    number: int = 0
    hash: bytes = BEGINNING
    last_posting: int = 0
    postings: int = 0
    events: int = 0
    noted: bool = False


def check_chain(connection: Connection, noted: str | None, chain: Chain) -> str:
    """Follow the chain from its beginning; Differs names the first seal or row that is not what was sealed.

    `noted` is a seal written down earlier, as NUMBER:HASH: it must still be part of the chain.
    """
    for seals in _in_groups(connection):
        first, before = seals[0].number, chain.last_posting
        for seal in seals:
            _follow(chain, seal, noted)
        _check_postings(connection, seals, before, chain.last_posting)
        _check_events(connection, seals, first)
    if noted is not None and not chain.noted:
        raise Differs(f"Seal {noted}, noted earlier, is not in the chain (table seals): it was cut off or made anew.")
    for wrong, query in _STRAYS.items():
        stray = connection.execute(text(query)).first()
        if stray is not None:
            raise Differs(f"Event {stray.id} of {stray.source} (table inbox) {wrong}.")
    return f"{chain.number:,} seals over {chain.postings:,} postings and {chain.events:,} events, unbroken."


def _in_groups(connection: Connection) -> Iterator[list[Seal]]:
    group: list[Seal] = []
    events = 0
    for number, kept_hash, *rest in stream(connection, _SEALS):
        hashed, (ids, sources, event_ids) = rest[: len(HASHED)], rest[len(HASHED) :]
        parts = tuple(part if isinstance(part, bytes) else str(part).encode() for part in hashed)
        named = dict(zip(HASHED, hashed, strict=True))
        group.append(
            Seal(
                number, kept_hash, parts, named["sealed_at::text"], ids, named["posting_leaves"],
                list(zip(sources, event_ids, strict=True)), named["event_leaves"], named["previous"],
            )
        )  # fmt: skip
        events += len(sources)
        if events >= EVENTS_AT_ONCE:
            yield group
            group, events = [], 0
    if group:
        yield group


def _follow(chain: Chain, seal: Seal, noted: str | None) -> None:
    if seal.number != chain.number + 1:
        raise Differs(f"Seal {chain.number + 1} (table seals) is missing: the chain goes on with {seal.number}.")
    if seal_hash(seal.hashed) != seal.hash:
        raise Differs(f"Seal {seal.number} (table seals) was changed: its columns no longer make its hash.")
    if seal.previous != chain.hash:
        raise Differs(f"Seal {seal.number} (table seals) does not follow on seal {chain.number}: the chain is broken.")
    chain.number, chain.hash = seal.number, seal.hash
    chain.postings += len(seal.posting_ids)
    chain.events += len(seal.events)
    chain.noted = chain.noted or noted == f"{seal.number}:{seal.hash.hex()}"
    if seal.posting_ids:
        chain.last_posting = seal.posting_ids[-1]


def _check_postings(connection: Connection, seals: list[Seal], after: int, last: int) -> None:
    rows = stream(connection, _POSTINGS.format(after=after, last=last))
    row = next(rows, None)
    for seal in seals:
        for place, posting in enumerate(seal.posting_ids):
            if row is None or row[0] > posting:
                raise Differs(
                    f"Posting {posting} (table postings), sealed on {seal.sealed_at} in seal {seal.number}, is missing."
                )
            if row[0] < posting:
                raise Differs(
                    f"{_posting(connection, row[0])} was put in behind the ledger's back: it stands before "
                    f"posting {posting} of seal {seal.number}, and no seal has it."
                )
            if leaf("postings", row[1]) != seal.posting_leaves[place * LEAF_BYTES : (place + 1) * LEAF_BYTES]:
                raise Differs(
                    f"{_posting(connection, posting)} was changed after it was sealed "
                    f"on {seal.sealed_at} in seal {seal.number}."
                )
            row = next(rows, None)
    rows.close()


def _check_events(connection: Connection, seals: list[Seal], first: int) -> None:
    rows = stream(connection, _EVENTS.format(first=first, last=seals[-1].number))
    for seal in seals:
        for place, (source, id) in enumerate(seal.events):
            (row,) = next(rows, (None,))
            if row is None:
                raise Differs(
                    f"Event {id} of {source} (table inbox) is missing: "
                    f"it was sealed on {seal.sealed_at} in seal {seal.number}."
                )
            if leaf("inbox", row) != seal.event_leaves[place * LEAF_BYTES : (place + 1) * LEAF_BYTES]:
                raise Differs(
                    f"Event {id} of {source} (table inbox) was changed after it was sealed "
                    f"on {seal.sealed_at} in seal {seal.number}."
                )
    rows.close()


def _posting(connection: Connection, id: int) -> str:
    row = connection.execute(_POSTING, {"id": id}).one()
    return (
        f"Posting {id} (table postings; as it now reads: {pounds(row.amount_pence)} from {row.from_place} to "
        f"{row.to_place} for {row.about}, {row.line} {year_label(row.financial_year)})"
    )
