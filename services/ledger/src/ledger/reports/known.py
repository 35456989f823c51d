"""What was known of an authority's commitments at a moment: their events, folded, and what stood posted for them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from hnb import withdrawals
from hnb.events import CASE_EVENTS, Event, read_event, read_json
from hnb.withdrawals import Withdrawal
from ledger.domain.commitments import Folded, fold
from ledger.domain.schedules import PLACES, Amount, Cell, Kind, Schedule
from ledger.handlers import COMMITMENT

EventKey = tuple[str, str]  # an event's source and id

_TARGETS = ", ".join(f"('{kind}', '{target}')" for kind, (_, target) in PLACES.items())
# Pence towards the kind's own place count up, pence on their way back count down: their sum is what stands posted.
SIGNED = "CASE WHEN p.to_place = t.target THEN p.amount_pence ELSE -p.amount_pence END"
TARGETS = f"JOIN (VALUES {_TARGETS}) AS t (kind, target) ON t.kind = p.kind"
# Where no moment is given all is known; what a commitment cost is only asked of kinds that commitments post.
BY_THEN = "(CAST(:known_at AS timestamptz) IS NULL OR {column} <= :known_at)"

_WITHDRAWALS = text(f"""
    SELECT w.source, w.id, w.time, w.target_source, w.target_id FROM withdrawals w
    JOIN inbox i ON i.source = w.source AND i.id = w.id
    WHERE w.authority = :authority AND {BY_THEN.format(column="i.received_at")}
""")  # noqa: S608
_POSTED = text(f"""
    SELECT p.about, p.line, p.kind, sum({SIGNED})::bigint AS pence, min(p.first_day) AS first, max(p.last_day) AS last
    FROM postings p {TARGETS}
    WHERE p.authority = :authority AND p.financial_year = :year AND starts_with(p.about, :prefix)
    AND {BY_THEN.format(column="p.recorded_at")}
    GROUP BY p.about, p.line, p.kind HAVING sum({SIGNED}) <> 0
""")  # noqa: S608
# All that was said of whatever the year has pence of, and of whatever was paid in any year: a payment may have nothing
# posted beside it, as its commitment is not known or costs nothing.
_EVENTS = text(f"""
    SELECT i.about, i.body FROM inbox i WHERE i.authority = :authority AND i.about IN (
        SELECT about FROM postings
        WHERE authority = :authority AND financial_year = :year AND starts_with(about, :prefix)
        UNION SELECT about FROM inbox WHERE authority = :authority AND type = 'hnb.payment-made.v1'
    ) AND {BY_THEN.format(column="i.received_at")}
""")  # noqa: S608


@dataclass(slots=True)
class Known:
    """One commitment in one financial year: what its events come to, and what stands posted for the year."""

    folded: Folded = field(default_factory=Folded)
    posted: Schedule = field(default_factory=dict)


def withdrawn(connection: Connection, authority: str, known_at: datetime | None) -> set[EventKey]:
    """The keys of an authority's events that are taken back, by the withdrawals heard by then."""
    rows = connection.execute(_WITHDRAWALS, {"authority": authority, "known_at": known_at})
    return withdrawals.withdrawn(
        Withdrawal((row.source, row.id), row.time, (row.target_source, row.target_id)) for row in rows
    )


def of_year(connection: Connection, authority: str, year: int, known_at: datetime | None) -> dict[str, Known]:
    """Every commitment with pence in a year or with a payment, by its id.

    The events are those received by then, the pence those posted by then: where an event was on record a moment before
    its postings were, the two may differ by that event.
    """
    binds = {"authority": authority, "year": year, "known_at": known_at, "prefix": COMMITMENT}
    found: dict[str, Known] = defaultdict(Known)
    for row in connection.execute(_POSTED, binds):
        cell = Cell(year, row.line, Kind(row.kind))
        found[row.about.removeprefix(COMMITMENT)].posted[cell] = Amount(row.pence, row.first, row.last)
    gone = withdrawn(connection, authority, known_at)
    events: dict[str, list[Event]] = defaultdict(list)
    for row in connection.execute(_EVENTS, binds):
        events[row.about.removeprefix(COMMITMENT)].append(read_event(read_json(row.body), known=CASE_EVENTS))
    for id, heard in events.items():
        found[id].folded = fold(standing(heard, gone))
    return dict(found)


def standing(events: Iterable[Event], gone: set[EventKey]) -> list[Event]:
    """The events that nothing has taken back."""
    return [event for event in events if (event.source, event.id) not in gone]


def keyed(authority: str, known: Mapping[str, Known]) -> dict[tuple[str, str], Folded]:
    """The folded commitments under the keys the ledger's rules use."""
    return {(authority, COMMITMENT + id): one.folded for id, one in known.items()}
