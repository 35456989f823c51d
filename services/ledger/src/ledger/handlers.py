"""What the ledger does with events: decide each commitment afresh, and post the difference."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from hnb import withdrawals
from hnb.database import transaction
from hnb.events import (
    BudgetSet,
    ContributionAgreed,
    Event,
    PaymentMade,
    PlacementEnded,
    PlacementMade,
    PlacementRepriced,
    PlacesCommissioned,
    ReserveOpened,
    SupportGranted,
    TribunalConcluded,
    TribunalCostIncurred,
    TribunalLodged,
)  # fmt: skip
from hnb.provisions import Provision
from ledger import stale, store, traces
from ledger.domain.commitments import Agreed, Folded, fold, order
from ledger.domain.schedules import Context, budget_schedule, difference, schedule, unpriced
from ledger.settings import DEFAULT_PRICE, LedgerSettings
from ledger.store import Entry, Key, State

SETTLED_AT_ONCE = 500
COMMITMENT = "commitment/"
UNKNOWN = State()


def about(event: Event) -> str | None:
    """What of the ledger an event is about; None where it moves no money."""
    match event.data:
        case PlacementMade() | PlacementRepriced() | PlacementEnded() | ContributionAgreed():
            return COMMITMENT + event.data.placement_id
        case TribunalLodged() | TribunalCostIncurred() | TribunalConcluded():
            return COMMITMENT + event.data.appeal_id
        case SupportGranted():
            return COMMITMENT + event.data.grant_id
        case PlacesCommissioned():
            return COMMITMENT + event.data.contract_id
        case PaymentMade():
            return COMMITMENT + event.data.commitment_id
        case BudgetSet():
            return f"budget/{event.data.financial_year}/{event.data.line}"
        case ReserveOpened():
            return f"reserve/{event.data.financial_year}"
        case _:
            return None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger's rules with their settings; `today` is the clock's day."""

    settings: LedgerSettings
    today: Callable[[], date]

    def post(self, connection: Connection, events: Sequence[Event]) -> None:
        """New events: decide what they are about, and post the difference, in the caller's transaction."""
        said: dict[Key, list[Event]] = defaultdict(list)
        for event in events:
            subject = about(event)
            if subject is not None:
                said[event.authority, subject].append(event)
        if said:
            before = store.lock(connection, said)
            # What is not kept yet was never heard of before: all there is to know of it is at hand.
            known = said | (store.events_of(connection, before, at_hand=events) if before else {})
            latest = {key: max(found, key=order) for key, found in said.items()}
            causes = {key: (event.source, event.id) for key, event in latest.items()}
            after, entries = self._decide(connection, before, known, causes)
            recorded_at = self._save(connection, before, after, entries, context_may_be_old=True)
            if recorded_at is not None and self.settings.traces_url is not None:
                traces.keep(connection, recorded_at, entries, events)

    def settle(self, engine: Engine) -> bool:
        """Decide again whatever a withdrawal, a mean price, a sibling or the turn of the year has changed.

        Holds the clock from the start: what it reads beyond the commitment itself cannot change before it commits.
        """
        horizon = self.settings.horizon(self.today())
        with transaction(engine) as connection:
            if not stale.anything_due(connection, horizon):
                return False
            due = withdrawals.due(connection, SETTLED_AT_ONCE)
            taken_back = {(d.authority, d.about): d.withdrawal for d in due if d.about is not None}
            recorded_at = store.tick(connection)
            stale.mark(connection, taken_back)
            withdrawals.applied(connection, due)
            stale.mark_open(connection, horizon, SETTLED_AT_ONCE)
            keys = stale.due(connection, SETTLED_AT_ONCE)
            if keys:
                before = store.lock(connection, keys)
                known = store.events_of(connection, before)
                after, entries = self._decide(connection, before, known, taken_back)
                # First off the list, then what this moves onto it: what was decided beside the very thing it hangs on
                # saw that as it stood before, and must be decided once more.
                stale.settled(connection, keys)
                self._save(connection, before, after, entries, context_may_be_old=False, recorded_at=recorded_at)
        return len(keys) == SETTLED_AT_ONCE

    def _decide(
        self,
        connection: Connection,
        before: Mapping[Key, State],
        known: Mapping[Key, Sequence[Event]],
        causes: Mapping[Key, tuple[str, str]],
    ) -> tuple[dict[Key, State], list[Entry]]:
        gone = withdrawals.against(connection, [event for found in known.values() for event in found])
        standing = {
            key: [e for e in found if (e.source, e.id) not in gone] if gone else found
            for key, found in sorted(known.items())
        }
        folded = {key: fold(found) for key, found in standing.items() if key[1].startswith(COMMITMENT)}
        contexts = self.contexts(connection, folded)
        after: dict[Key, State] = {}
        entries: list[Entry] = []
        for key, found in standing.items():
            decided = state_of(folded[key], contexts[key[0]]) if key in folded else budget_state_of(found)
            after[key] = decided
            cause = causes.get(key) or _latest(found)
            postings = difference(before.get(key, UNKNOWN).schedule, decided.schedule)
            if postings:
                entries.append(Entry(key, cause, postings))
        return after, entries

    def contexts(self, connection: Connection, folded: Mapping[Key, Folded]) -> dict[str, Context]:
        """What these commitments depend on beyond their own events, per authority."""
        horizon = self.settings.horizon(self.today())
        children = {
            (key[0], appeal.child_ref) for key, one in folded.items() for appeal in one.appeals if appeal.sought
        }
        siblings = store.placements_of(connection, children)
        placements: dict[str, dict[str, list[Agreed]]] = defaultdict(lambda: defaultdict(list))
        events = store.events_of(connection, siblings) if siblings else {}
        gone = withdrawals.against(connection, [e for found in events.values() for e in found]) if events else set()
        for key, found in sorted(events.items()):
            sibling = fold(event for event in found if (event.source, event.id) not in gone)
            placements[key[0]][siblings[key]] += sibling.agreed
        wanted = [
            (key[0], *one) for key, part in folded.items() for one in unpriced(part.agreed, horizon)
        ] + [
            (authority, *one)
            for authority, of_child in placements.items()
            for agreed in of_child.values()
            for one in unpriced(agreed, horizon)
        ]  # fmt: skip
        defaults = {p: self.settings.default_prices.get(p, DEFAULT_PRICE) for p in Provision}
        means: dict[str, dict[tuple[Provision, date], int]] = defaultdict(dict)
        for (authority, provision, day), pence in store.means(connection, wanted, defaults).items():
            means[authority][provision, day] = pence
        return {
            authority: Context(horizon, means[authority], placements[authority])
            for authority in {key[0] for key in folded}
        }

    def _save(
        self,
        connection: Connection,
        before: Mapping[Key, State],
        after: Mapping[Key, State],
        entries: Sequence[Entry],
        context_may_be_old: bool,
        recorded_at: datetime | None = None,
    ) -> datetime | None:
        """Keep what was decided and post it; the moment of posting, None where nothing changed."""
        new = {key: state for key, state in after.items() if key not in before}
        moved = {key: state for key, state in after.items() if key in before and state != before[key]}
        if not new and not moved:
            return None
        # Whatever can be is done before the clock is held.
        added, saved, postings = store.kept(new), store.kept(moved), store.prepare(entries)
        moves = _moves(before, new | moved)
        # From here to the commit nobody else posts. What others committed meanwhile is visible to the marks below, and
        # what they have not is decided by them after us: so nothing a commitment depends on can slip between.
        recorded_at = recorded_at or store.tick(connection)
        store.add(connection, added)
        store.save(connection, saved)
        store.post(connection, recorded_at, postings)
        stale.mark_unpriced(connection, moves.priced)
        stale.mark_appeals(connection, moves.children)
        if context_may_be_old:
            stale.mark(connection, moves.hanging)
        return recorded_at


class Moves(NamedTuple):
    """What changed commitments move beyond themselves, and which of them hang on others."""

    priced: set[tuple[str, str]]  # (authority, provision) whose mean they move
    children: set[tuple[str, str]]  # (authority, child) whose appeals are measured against them
    hanging: set[Key]


def _moves(before: Mapping[Key, State], changed: Mapping[Key, State]) -> Moves:
    moves = Moves(set(), set(), set())
    for key, state in changed.items():
        was = before.get(key, UNKNOWN)
        repriced = _price(was) != _price(state)
        for one in (was, state):
            if one.kind == "placement" and one.provision and repriced:
                moves.priced.add((key[0], one.provision))
            if one.kind == "placement" and one.child_ref:
                moves.children.add((key[0], one.child_ref))
        if state.unpriced or state.kind == "appeal":
            moves.hanging.add(key)
    return moves


def _latest(events: Sequence[Event]) -> tuple[str, str] | None:
    last = max(events, key=order, default=None)
    return (last.source, last.id) if last else None


def _price(state: State) -> tuple[object, ...]:
    """What a line's mean takes from a placement."""
    return state.provision, state.annual_pence, state.first_day, state.last_day


def state_of(folded: Folded, context: Context) -> State:
    """What is kept of a commitment: what its siblings need to know of it, and its schedule."""
    wanted = schedule(folded, context)
    if folded.agreed:
        first = folded.agreed[0]
        return State(
            kind=first.kind,
            provision=str(first.provision),
            child_ref=first.child_ref,
            first_day=first.start,
            last_day=first.end,
            annual_pence=first.annual_pence(context.horizon),
            unpriced=bool(unpriced(folded.agreed, context.horizon)),
            horizon=context.horizon if first.end is None else None,
            schedule=wanted,
        )
    if folded.appeals:
        appeal = folded.appeals[0]
        open_ended = appeal.sought is not None and appeal.concluded_on is None
        return State(
            kind="appeal",
            provision=str(Provision.TRIBUNAL),
            child_ref=appeal.child_ref,
            first_day=appeal.lodged_on,
            last_day=appeal.concluded_on,
            horizon=context.horizon if open_ended else None,
            schedule=wanted,
        )
    return State(schedule=wanted)


def budget_state_of(events: Iterable[Event]) -> State:
    """What is kept of a budget line, a grant or a reserve."""
    return State("budget", schedule=budget_schedule(events))
