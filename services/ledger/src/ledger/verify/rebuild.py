"""Commitments made again from the journal alone, beside the live ones: every event read, everything folded."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Connection, text

from hnb import withdrawals
from hnb.events import CASE_EVENTS, Event, EventWithdrawn, Refused, TribunalLodged, Unreadable, read_event, read_json
from hnb.provisions import Provision
from ledger.domain.commitments import Agreed, Folded, fold
from ledger.domain.schedules import Context, Unpriced, unpriced
from ledger.handlers import COMMITMENT, about, budget_state_of, state_of
from ledger.store import State, written
from ledger.verify.means import Line, Means
from ledger.verify.snapshot import Key, merge, stream

REPORT_EVERY = 500
_NO_MEANS: Mapping[Unpriced, int] = defaultdict(int)  # for all of a state but the schedule of what has no price

_EVENT_COLUMNS = ("authority", "about", "source", "id", "type", "time")
_EVENTS = """
    SELECT authority, about, source, id, type, time, digest, body FROM inbox {half}
    ORDER BY authority COLLATE "C", about COLLATE "C" NULLS LAST
"""
_ROWS = """
    SELECT authority, about, kind, provision, child_ref, first_day, last_day, annual_pence, unpriced, horizon,
        schedule::text
    FROM commitments {half} ORDER BY authority COLLATE "C", about COLLATE "C"
"""
_HALF = "WHERE hashtext({by}) & 1 = {half}"
_COLUMNS = (
    "kind", "provision", "child_ref", "first_day", "last_day", "annual_pence", "unpriced", "horizon", "schedule",
)  # fmt: skip
_HORIZON = text("SELECT mode() WITHIN GROUP (ORDER BY horizon) FROM commitments WHERE horizon IS NOT NULL")
_OF_TYPE = "SELECT body FROM inbox WHERE type = 'hnb.{kind}.v1'"


@dataclass
class Rebuilt:
    """What came of it: the first difference among events and among commitments, and how many could not be judged."""

    events: int = 0
    commitments: int = 0
    left_out: int = 0
    event_differs: str | None = None
    commitment_differs: str | None = None

    def add(self, other: "Rebuilt") -> None:
        """What another found of the other half."""
        self.events += other.events
        self.commitments += other.commitments
        self.left_out += other.left_out
        self.event_differs = self.event_differs or other.event_differs
        self.commitment_differs = self.commitment_differs or other.commitment_differs


@dataclass(frozen=True, slots=True)
class Part:
    """What reading leaves behind: what was found, what means and siblings are made of, and what hangs on them."""

    found: Rebuilt
    changes: Mapping[Line, Mapping[date, tuple[int, int]]]
    placements: Mapping[tuple[str, str | None], list[Agreed]]
    dependent: list[tuple[Key, Folded, tuple[Any, ...] | None]]


@dataclass
class Rebuild:
    """One pass over the journal in the order of commitments, against the live rows in the same order.

    Kept in memory: what the line means are made of, by day; and the few commitments that hang on others (a price not
    known yet, an appeal that seeks another placement), which are judged when all else has been seen.
    """

    connection: Connection
    defaults: Mapping[Provision, int]
    waiting: frozenset[Key]  # being decided again: their rows may not yet be what the journal says
    gone: Mapping[str, set[withdrawals.Key]]
    children: frozenset[tuple[str, str]]
    horizon: date
    advance: Callable[[int], None]
    half: int | None  # 0 or 1 where two share the work, by commitment
    found: Rebuilt = field(default_factory=Rebuilt)
    means: Means = field(default_factory=Means)
    placements: dict[tuple[str, str | None], list[Agreed]] = field(default_factory=lambda: defaultdict(list))
    dependent: list[tuple[Key, Folded, tuple[Any, ...] | None]] = field(default_factory=list)

    def read(self) -> Part:
        """Read and fold everything, and compare all but what hangs on others."""
        live = (((row[0], row[1]), row[2:]) for row in stream(self.connection, self._of_half(_ROWS, "about")))
        for key, events, row in merge(self._events(), live):
            self._judge(key, events or [], row)
        return Part(self.found, self.means.changes, dict(self.placements), self.dependent)

    def finish(self, other: Part | None) -> Rebuilt:
        """Take what another read of the other half, and compare what hangs on others."""
        if other is not None:
            self.found.add(other.found)
            self.means.join(other.changes)
            for child, placements in other.placements.items():
                self.placements[child] += placements
            self.dependent += other.dependent
        self._judge_dependent()
        return self.found

    def _of_half(self, query: str, by: str) -> str:
        return query.format(half="" if self.half is None else _HALF.format(by=by, half=self.half))

    def _events(self) -> Iterator[tuple[Key, list[Event]]]:
        rows = stream(self.connection, self._of_half(_EVENTS, "coalesce(about, id)"))
        for (authority, subject), of_key in groupby(rows, key=lambda row: row[:2]):
            events = [event for row in of_key if (event := self._read(row)) is not None]
            if subject is not None and events:
                yield (authority, subject), events
        self.advance(self.found.events % REPORT_EVERY)

    def _read(self, row: tuple[Any, ...]) -> Event | None:
        """The event of a row; noted, and None, where the row is not what its body says."""
        self.found.events += 1
        if self.found.events % REPORT_EVERY == 0:
            self.advance(REPORT_EVERY)
        source, id, digest, body = row[2], row[3], row[6], row[7]
        try:
            event = read_event(read_json(body), known=CASE_EVENTS)
        except (Unreadable, Refused) as error:
            self._note_event(f"Event {id} of {source} (table inbox, column body) cannot be read: {error}")
            return None
        says = (event.authority, about(event), event.source, event.id, event.type, event.time)
        if says != row[:6]:
            place = next(i for i, value in enumerate(says) if value != row[i])
            words = f"column {_EVENT_COLUMNS[place]}) says {_say(row[place])}, the event itself {_say(says[place])}"
            self._note_event(f"Event {id} of {source} (table inbox, {words}.")
            return None
        if hashlib.sha256(body.encode()).digest() != digest:
            self._note_event(
                f"Event {id} of {source} (table inbox, column digest or body): the one is not the other's."
            )
        return event

    def _note_event(self, words: str) -> None:
        self.found.event_differs = self.found.event_differs or words

    def _judge(self, key: Key, events: list[Event], row: tuple[Any, ...] | None) -> None:
        if row is not None:
            self.found.commitments += 1
        gone = self.gone.get(key[0])
        standing = [e for e in events if (e.source, e.id) not in gone] if gone else events
        if not events:
            self._note(f"{_name(key)} has no events in the journal.")
        elif not key[1].startswith(COMMITMENT):
            self._compare(key, budget_state_of(standing), row)
        else:
            self._judge_folded(key, fold(standing), row)

    def _judge_folded(self, key: Key, folded: Folded, row: tuple[Any, ...] | None) -> None:
        state = state_of(folded, Context(self.horizon, _NO_MEANS, {}))
        self.means.add(key[0], state)
        if state.kind == "placement" and (key[0], state.child_ref) in self.children:
            self.placements[key[0], state.child_ref] += folded.agreed
        if folded.appeals or state.unpriced:
            self.dependent.append((key, folded, row))
        else:
            self._compare(key, state, row)

    def _judge_dependent(self) -> None:
        if self.waiting:  # what these hang on is about to move: their rows are as of before it does
            self.found.left_out += len(self.dependent)
            return
        for key, folded, row in self.dependent:
            siblings = {appeal.child_ref: self.placements[key[0], appeal.child_ref] for appeal in folded.appeals}
            agreed = [*folded.agreed, *(one for found in siblings.values() for one in found)]
            means = self.means.of(key[0], unpriced(agreed, self.horizon), self.defaults)
            self._compare(key, state_of(folded, Context(self.horizon, means, siblings)), row)

    def _compare(self, key: Key, state: State, row: tuple[Any, ...] | None) -> None:
        if key in self.waiting:
            self.found.left_out += 1
            return
        wanted = (
            state.kind, state.provision, state.child_ref, state.first_day, state.last_day, state.annual_pence,
            state.unpriced, state.horizon, written(state.schedule),
        )  # fmt: skip
        if row is None:
            self._note(f"{_name(key)} is missing: the journal has events about it.")
            return
        if wanted == row:
            return
        # The same schedule may be written otherwise: by an earlier ledger, or by PostgreSQL itself.
        wanted, kept = ((*columns[:-1], orjson.loads(columns[-1])) for columns in (wanted, row))
        if wanted != kept:
            place = next(i for i, value in enumerate(wanted) if value != kept[i])
            self._note(f"{_name(key, _COLUMNS[place])} says {_say(kept[place])}, the journal {_say(wanted[place])}.")

    def _note(self, words: str) -> None:
        self.found.commitment_differs = self.found.commitment_differs or words


def prepare(
    connection: Connection,
    defaults: Mapping[Provision, int],
    waiting: frozenset[Key],
    advance: Callable[[int], None] = lambda events: None,
    half: int | None = None,
) -> Rebuild:
    """All that must be known before the pass: what is withdrawn, whose placements matter, how far open ends run."""
    gone: dict[str, set[withdrawals.Key]] = defaultdict(set)
    taken_back: dict[str, list[withdrawals.Withdrawal]] = defaultdict(list)
    for event in of_type(connection, "event-withdrawn"):
        if isinstance(event.data, EventWithdrawn):
            target = (event.data.withdrawn_source, event.data.withdrawn_id)
            one = withdrawals.Withdrawal((event.source, event.id), event.time, target)
            taken_back[event.authority].append(one)
    for authority, found in taken_back.items():
        gone[authority] = withdrawals.withdrawn(found)
    children = frozenset(
        (event.authority, event.data.child_ref)
        for event in of_type(connection, "tribunal-lodged")
        if isinstance(event.data, TribunalLodged) and event.data.sought is not None
    )
    horizon = connection.scalar(_HORIZON) or date.max
    return Rebuild(connection, defaults, waiting, gone, children, horizon, advance, half)


def of_type(connection: Connection, kind: str) -> Iterator[Event]:
    """The readable events of one type; those that cannot be read are named by the pass over all."""
    for (body,) in stream(connection, _OF_TYPE.format(kind=kind)):
        try:
            yield read_event(read_json(body), known=CASE_EVENTS)
        except (Unreadable, Refused):
            continue


def _name(key: Key, column: str | None = None) -> str:
    where = "table commitments" + (f", column {column}" if column else "")
    return f"{key[1].removeprefix(COMMITMENT)} of {key[0]} ({where})"


def _say(value: object) -> str:
    return "nothing" if value is None else str(value)
