"""What events would do to the position if they came: folded with all that is known, and nothing of it kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from hnb import withdrawals
from hnb.database import arrays
from hnb.events import Event, EventWithdrawn
from hnb.money import divide_half_up
from hnb.provisions import Provision
from ledger import store
from ledger.domain.commitments import Agreed, Folded, fold
from ledger.domain.schedules import Context, Schedule, Unpriced, difference, unpriced
from ledger.handlers import COMMITMENT, Ledger, about, budget_state_of, state_of
from ledger.settings import DEFAULT_PRICE

WITHDRAWN = "hnb.event-withdrawn.v1"

_HERE = text("""
    SELECT i.source, i.id, i.about, i.type FROM inbox i
    JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS k (source, id) USING (source, id)
    WHERE i.authority = :authority
""")
_STATES = text("""
    SELECT c.about, c.kind, c.provision, c.child_ref, c.annual_pence, c.first_day, c.last_day, c.schedule
    FROM commitments c WHERE c.authority = :authority AND c.about = ANY(CAST(:abouts AS text[]))
""")
_UNPRICED = text("""
    SELECT about, child_ref FROM commitments
    WHERE authority = :authority AND unpriced AND provision = ANY(CAST(:provisions AS text[]))
""")
_APPEALS = text("""
    SELECT about FROM commitments
    WHERE authority = :authority AND kind = 'appeal' AND child_ref = ANY(CAST(:children AS text[]))
""")
# The ledger's own mean, over the placements as they would be: those looked at as decided here, all others as they are.
_MEANS = text("""
    WITH priced AS MATERIALIZED (
        SELECT provision, annual_pence, first_day, last_day FROM commitments
        WHERE authority = :authority AND kind = 'placement' AND annual_pence IS NOT NULL
        AND about <> ALL(CAST(:abouts AS text[]))
        UNION ALL
        SELECT * FROM unnest(CAST(:lines AS text[]), CAST(:annuals AS bigint[]), CAST(:firsts AS date[]),
            CAST(:lasts AS date[]))
    )
    SELECT k.provision, k.day, m.pence, m.placements
    FROM unnest(CAST(:provisions AS text[]), CAST(:days AS date[])) AS k (provision, day)
    CROSS JOIN LATERAL (
        SELECT sum(annual_pence)::bigint AS pence, count(*) AS placements FROM priced p
        WHERE p.provision = k.provision AND p.first_day <= k.day AND (p.last_day IS NULL OR p.last_day >= k.day)
    ) m
""")

Price = tuple[str, int, date, date | None]  # what a line's mean takes from a placement: line, pence a year, its days


class CannotPreview(Exception):
    """Events whose effect is not worked out beforehand."""


@dataclass(slots=True)
class Preview:
    """How much each (financial year, line) would move, kind by kind, and by how many commitments."""

    pence: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    commitments: Counter[tuple[int, str]] = field(default_factory=Counter)
    moved: int = 0

    def add(self, posted: Schedule, wanted: Schedule) -> None:
        """Count what one commitment would post."""
        postings = difference(posted, wanted)
        for cell in {posting.cell for posting in postings}:
            then, now = (part[cell].pence if cell in part else 0 for part in (wanted, posted))
            self.pence[cell.year, cell.line][cell.kind] += then - now
        self.commitments.update({(posting.cell.year, posting.cell.line) for posting in postings})
        self.moved += bool(postings)


@dataclass(frozen=True, slots=True)
class _Looking:
    """One look at an authority's books: the events that might come, and what they would take back."""

    connection: Connection
    ledger: Ledger
    authority: str
    new: Sequence[Event]
    taken_back: set[tuple[str, str]]

    def folded(self, abouts: Iterable[str]) -> dict[str, Folded]:
        """Commitments as they would be."""
        return {subject: fold(events) for subject, events in self.standing(abouts).items()}

    def standing(self, abouts: Iterable[str]) -> dict[str, list[Event]]:
        """All that would be known of each of these, without what would be withdrawn."""
        wanted = sorted(set(abouts))
        found: dict[str, list[Event]] = {subject: [] for subject in wanted}
        for key, events in store.events_of(self.connection, [(self.authority, subject) for subject in wanted]).items():
            found[key[1]] += events
        for event in self.new:
            subject = about(event)
            if subject in found:
                found[subject].append(event)
        every = [event for events in found.values() for event in events]
        gone = withdrawals.against(self.connection, every) | self.taken_back
        return {subject: [e for e in events if (e.source, e.id) not in gone] for subject, events in found.items()}


def read(connection: Connection, ledger: Ledger, authority: str, events: Sequence[Event]) -> Preview:
    """How the position would move if these events came now, to the penny; those that are here already move nothing.

    It follows everything the ledger decides again: what has no price and stands at the mean of a line whose prices
    would move, and the appeals of the children concerned. CannotPreview for the withdrawal of a withdrawal.
    """
    new, taken_back, touched = _new(connection, authority, events)
    looking = _Looking(connection, ledger, authority, new, taken_back)
    touched |= {subject for event in new if (subject := about(event)) is not None}
    standing = looking.standing(touched)
    then = {subject: fold(found) for subject, found in standing.items() if subject.startswith(COMMITMENT)}
    posted, old, children = _states(connection, authority, touched)
    children |= {one.child_ref for folded in then.values() for one in folded.agreed if one.child_ref}
    prices = {subject: _price(folded, ledger.settings.horizon(ledger.today())) for subject, folded in then.items()}
    lines = {p[0] for s in then if prices[s] != old.get(s) for p in (prices[s], old.get(s)) if p}
    waiting = {
        row.about: row.child_ref
        for row in connection.execute(_UNPRICED, {"authority": authority, **_array("provisions", lines)})
        if row.about not in then
    }
    children |= {child for child in waiting.values() if child}
    appeals = connection.scalars(_APPEALS, {"authority": authority, **_array("children", children)}).all()
    beside = {*waiting, *appeals} - then.keys()
    then |= looking.folded(beside)
    posted |= _states(connection, authority, beside)[0]
    context = _context(looking, then, prices)
    preview = Preview()
    for subject, folded in then.items():
        preview.add(posted.get(subject, {}), state_of(folded, context).schedule)
    for subject in touched - then.keys():
        preview.add(posted.get(subject, {}), budget_state_of(standing[subject]).schedule)
    return preview


def _new(
    connection: Connection, authority: str, events: Sequence[Event]
) -> tuple[list[Event], set[tuple[str, str]], set[str]]:
    """The events that are not here yet, the keys of what they take back, and what those are about."""
    keys = {(event.source, event.id) for event in events}
    targets = {
        (event.source, event.id): (event.data.withdrawn_source, event.data.withdrawn_id)
        for event in events
        if isinstance(event.data, EventWithdrawn)
    }
    asked = {"authority": authority, **arrays("sources ids", sorted({*keys, *targets.values()}))}
    here = {(row.source, row.id): row for row in connection.execute(_HERE, asked)}
    if any(target in targets or (target in here and here[target].type == WITHDRAWN) for target in targets.values()):
        raise CannotPreview("the withdrawal of a withdrawal is not previewed")
    new = list({(event.source, event.id): event for event in events if (event.source, event.id) not in here}.values())
    void = withdrawals.against(connection, [event for event in new if isinstance(event.data, EventWithdrawn)])
    standing = {(event.source, event.id) for event in new} - void
    taken_back = {target for key, target in targets.items() if key in standing}
    subjects = {here[target].about for target in taken_back if target in here and here[target].about is not None}
    return new, taken_back, subjects


def _states(
    connection: Connection, authority: str, abouts: Iterable[str]
) -> tuple[dict[str, Schedule], dict[str, Price], set[str]]:
    """What stands posted, what each line's mean takes, and whose placements they are, as last decided."""
    posted, prices, children = {}, {}, set()
    for row in connection.execute(_STATES, {"authority": authority, **_array("abouts", abouts)}):
        posted[row.about] = store.read_schedule(row.schedule)
        if row.kind == "placement" and row.annual_pence is not None:
            prices[row.about] = (row.provision, row.annual_pence, row.first_day, row.last_day)
        if row.child_ref:
            children.add(row.child_ref)
    return posted, prices, children


def _price(folded: Folded, horizon: date) -> Price | None:
    """What the mean of its line would take from a commitment, if it is a placement with a price."""
    for one in folded.agreed[:1]:
        pence = one.annual_pence(horizon)
        if one.kind == "placement" and pence is not None:
            return str(one.provision), pence, one.start, one.end
    return None


def _context(looking: _Looking, then: Mapping[str, Folded], prices: Mapping[str, Price | None]) -> Context:
    """What `Ledger.contexts` says, with the commitments looked at as they would be."""
    horizon = looking.ledger.settings.horizon(looking.ledger.today())
    sought = {appeal.child_ref for folded in then.values() for appeal in folded.appeals if appeal.sought}
    stored = store.placements_of(looking.connection, {(looking.authority, child) for child in sought})
    siblings = {subject for (_, subject) in stored}
    beside = looking.folded(siblings - then.keys())
    placements: dict[str, list[Agreed]] = defaultdict(list)
    for _, folded in sorted({**then, **beside}.items()):
        if folded.agreed and folded.agreed[0].kind == "placement" and folded.agreed[0].child_ref in sought:
            placements[folded.agreed[0].child_ref] += folded.agreed
    wanted = [one for folded in (*then.values(), *beside.values()) for one in unpriced(folded.agreed, horizon)]
    return Context(horizon, _means(looking, wanted, prices), placements)


def _means(looking: _Looking, wanted: Iterable[Unpriced], prices: Mapping[str, Price | None]) -> dict[Unpriced, int]:
    asked = sorted(set(wanted))
    if not asked:
        return {}
    binds: dict[str, Any] = {
        "authority": looking.authority,
        **_array("abouts", prices),
        **arrays("lines annuals firsts lasts", [price for price in prices.values() if price]),
        **arrays("provisions days", asked),
    }
    usual = looking.ledger.settings.default_prices
    return {
        (Provision(row.provision), row.day): divide_half_up(row.pence, row.placements)
        if row.placements
        else usual.get(Provision(row.provision), DEFAULT_PRICE)
        for row in looking.connection.execute(_MEANS, binds)
    }


def _array(name: str, values: Iterable[str]) -> dict[str, str]:
    return arrays(name, [(value,) for value in sorted(values)])
