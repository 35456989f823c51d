"""Pricing by the tariff: versions taken in, and every placement they govern kept at its prices, as events."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Connection, Engine

from hnb import inbox, outbox, withdrawals
from hnb.database import transaction
from hnb.events import CASE_EVENTS, Event, PlacementEnded, PlacementMade, PlacementRepriced, read_event, read_json
from hnb.inbox import Accepted
from placements import store, tariff
from placements.domain.facts import about, latest
from placements.domain.tariff import (
    SOURCE,
    Change,
    Compared,
    Mint,
    Tariff,
    change,
    compare,
    digest,
    following,
    prices_wanted,
)
from placements.tariff import Governing, Key

PRICED_AT_ONCE = 500
SWEPT_AT_ONCE = 2_000

log = structlog.get_logger(__name__)


class NotOurs(Exception):
    """Somebody else used the id of an event of ours for other content: a person must look."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of a tariff that was sent: the version that now stands, and how it differs from the one before."""

    version: int
    is_new: bool
    made_at: datetime | None
    compared: Compared


def adopt(engine: Engine, authority: str, given: Tariff, *, author: str, whole: bool) -> Adopted:
    """Make the given prices part of the tariff: a new version where anything differs, else nothing.

    What it governs is repriced by the loop that `price` is, from the next moment on.
    """
    with transaction(engine) as connection:
        tariff.hold_alone(connection)
        now, current = current_of(connection, authority)
        wanted = following(current, given, whole=whole)
        compared = compare(current, wanted)
        if now and digest(wanted) == digest(current):
            return Adopted(now, False, None, compared)
        made_at = tariff.make(connection, authority, now + 1, digest(wanted), author, wanted)
        tariff.begin_sweep(connection, authority)
    log.info("a tariff was taken in", authority=authority, version=now + 1, prices=len(wanted))
    return Adopted(now + 1, True, made_at, compared)


def current_of(connection: Connection, authority: str) -> tuple[int, Tariff]:
    """The number and the prices of an authority's latest version; 0 and none before the first."""
    found = tariff.versions(connection, authority)
    return (found[0].version, tariff.prices(connection, authority, found[0].version)) if found else (0, {})


def mark(connection: Connection, events: Iterable[Event]) -> None:
    """The placements these events are about are to be priced again, in the caller's transaction."""
    tariff.mark(
        connection,
        [
            (event.authority, event.data.placement_id)
            for event in events
            if isinstance(event.data, PlacementMade | PlacementRepriced | PlacementEnded)
        ],
    )


def mark_records(connection: Connection, records: Iterable[tuple[str, str]]) -> None:
    """The same for what changed in the register, as (authority, about)."""
    named = ((authority, *subject.partition("/")[::2]) for authority, subject in records)
    tariff.mark(
        connection,
        # A repricing's record is named by its placement and its day.
        [(authority, id.partition(" ")[0]) for authority, kind, id in named if kind in ("placement", "repricing")],
    )


def price(engine: Engine) -> bool:
    """Say what takes the placements marked to the prices they should have; whether there may be more to do at once.

    What a placement should have follows from what stands when it is looked at, and whatever changes that marks it
    again: so in whatever order placements, prices, ends, withdrawals and versions arrive, the same prices stand.
    """
    with transaction(engine) as connection:
        tariff.hold_still(connection)
        swept = tariff.sweep(connection, SWEPT_AT_ONCE)
        keys = tariff.take_marked(connection, PRICED_AT_ONCE)
        if keys:
            changes, versions = decide(connection, keys)
            _say(connection, changes)
            tariff.remember(connection, changes, versions)
    return swept or len(keys) == PRICED_AT_ONCE


def decide(
    connection: Connection, keys: Sequence[Key], instead: Mapping[str, Governing] | None = None
) -> tuple[dict[Key, Change], dict[str, int]]:
    """What to say of each of these placements, where anything is, and the version of each authority that says it.

    By the tariffs in force, or by those given `instead`, to see what they would do.
    """
    placed = tariff.placed(connection, keys, SOURCE)
    said = tariff.said(connection, keys)
    if instead is None:
        instead = tariff.governing(connection, {a for a, _ in keys}, {one.setting_id for one in placed.values()})
    changes = {}
    for key in sorted(keys):
        governing = instead.get(key[0], Governing())
        wanted = prices_wanted(governing.tariff, placed[key]) if key in placed else {}
        found = change(wanted, said.get(key, ()), Mint(*key))
        if found != Change():
            changes[key] = found
    return changes, {authority: governing.version for authority, governing in instead.items()}


def events_of(changes: Mapping[Key, Change]) -> list[str]:
    """The events that say these changes. What is new comes before what it replaces is taken back, and outranks it."""
    return [
        body
        for key, one in changes.items()
        for body in (*map(Mint(*key).price, one.priced), *map(Mint(*key).withdrawal, one.withdrawn))
    ]


def _say(connection: Connection, changes: Mapping[Key, Change]) -> None:
    """Take our own events in as everybody's are, and pass them on, in the caller's transaction."""
    events = [read_event(read_json(body), known=CASE_EVENTS) for body in events_of(changes)]
    outcomes = inbox.record(connection, events, [about(event) for event in events])
    if not all(isinstance(outcome, Accepted) for outcome in outcomes):
        taken = next(e.id for e, outcome in zip(events, outcomes, strict=True) if not isinstance(outcome, Accepted))
        raise NotOurs(f"{SOURCE} {taken} was used before; nobody else may send under {SOURCE}")
    withdrawals.remember(connection, events)
    store.keep(connection, latest(events))
    outbox.say(connection, [(event.stream, event.body) for event in events])
