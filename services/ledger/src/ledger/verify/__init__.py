"""Verifying the books: the journal is what was sealed, and everything derived from it is what it comes to.

It trusts nothing but the journal: what is derived is made again beside the live tables and compared, in one moment of
the database and in bounded memory. Several connections see that moment, so that PostgreSQL and this process work side
by side.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection, Engine, text

from hnb.database import reading
from hnb.provisions import Provision
from ledger.settings import DEFAULT_PRICE, LedgerSettings
from ledger.verify.books import CHECKS, Named
from ledger.verify.findings import Check, Differs, Report
from ledger.verify.guards import check_guards
from ledger.verify.halves import other_half
from ledger.verify.rebuild import Rebuilt, prepare
from ledger.verify.sealed import Chain, check_chain
from ledger.verify.snapshot import at, name_moment
from ledger.verify.withdrawn import check_withdrawals

__all__ = ["Check", "Report", "count_events", "verify"]

POLL_SECONDS = 0.25

_WAITING = text("""
    SELECT authority, about FROM stale
    UNION SELECT i.authority, i.about FROM withdrawals w
    JOIN inbox i ON i.source = w.target_source AND i.id = w.target_id AND i.authority = w.authority
    WHERE NOT w.applied AND i.about IS NOT NULL
""")
_EVENTS = text("SELECT count(*) FROM inbox")
_COUNTS = text("""
    SELECT (SELECT count(*) FROM postings) AS postings, (SELECT count(*) FROM unsealed) AS events,
        (SELECT count(*) FROM postings WHERE id > :last) AS unsealed
""")
_OTHERS = (
    *CHECKS,
    Named("Withdrawals", check_withdrawals),
    Named("Append-only", check_guards),
)


def count_events(engine: Engine) -> int:
    """How many events there are to verify."""
    with reading(engine) as connection:
        return connection.scalar(_EVENTS) or 0


def verify(
    engine: Engine,
    settings: LedgerSettings,
    *,
    noted: str | None = None,
    patience_seconds: float = 0,
    advance: Callable[[int], None] = lambda events: None,
) -> Report:
    """Check everything, once nothing waits to be decided again or patience has run out.

    `noted` is a seal written down earlier, as NUMBER:HASH; `advance` is told how many events more were read.
    """
    _wait(engine, patience_seconds)
    begun = time.monotonic()
    defaults = {p: settings.default_prices.get(p, DEFAULT_PRICE) for p in Provision}
    with at(engine) as first:
        moment = name_moment(first)
        waiting = frozenset((row.authority, row.about) for row in first.execute(_WAITING))
        events = first.scalar(_EVENTS) or 0
        # The process first: one that has threads running is no good to be copied.
        with (
            other_half(engine, moment, defaults, waiting, events) as other,
            at(engine, moment) as second,
            at(engine, moment) as third,
            ThreadPoolExecutor(2) as threads,
        ):
            chained = threads.submit(_chain, second, noted)
            asked = threads.submit(_ask_others, third)
            rebuilding = prepare(first, defaults, waiting, advance, None if other is None else 0)
            read = rebuilding.read().found.events
            rebuilt = rebuilding.finish(other() if other else None)
            advance(rebuilt.events - read)
            (chain_check, chain), others = chained.result(), asked.result()
        counts = first.execute(_COUNTS, {"last": chain.last_posting}).one()
    return Report(
        (chain_check, *_judged(rebuilt), *others),
        rebuilt.events,
        counts.postings,
        counts.events,
        counts.unsealed,
        len(waiting),
        f"{chain.number}:{chain.hash.hex()}" if chain.number else None,
        time.monotonic() - begun,
    )


def _wait(engine: Engine, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with reading(engine) as connection:
            if connection.execute(_WAITING).first() is None:
                return
        time.sleep(POLL_SECONDS)


def _chain(connection: Connection, noted: str | None) -> tuple[Check, Chain]:
    chain = Chain()
    try:
        return Check("The chain of seals", True, check_chain(connection, noted, chain)), chain
    except Differs as difference:
        return Check("The chain of seals", False, str(difference)), chain


def _ask_others(connection: Connection) -> list[Check]:
    return [_asked(check, connection) for check in _OTHERS]


def _asked(check: Named, connection: Connection) -> Check:
    try:
        return Check(check.name, True, check.ask(connection))
    except Differs as difference:
        return Check(check.name, False, str(difference))


def _judged(rebuilt: Rebuilt) -> tuple[Check, Check]:
    events = f"{rebuilt.events:,} events are what their bodies and digests say."
    commitments = f"{rebuilt.commitments:,} commitments, budgets and reserves, folded afresh, are the same."
    if rebuilt.left_out:
        commitments += f" {rebuilt.left_out:,} of them are being decided again just now, and were left out."
    return (
        Check("Events as they came", rebuilt.event_differs is None, rebuilt.event_differs or events),
        Check("Commitments rebuilt", rebuilt.commitment_differs is None, rebuilt.commitment_differs or commitments),
    )
