"""Where each child with a plan was on a day, and what the years between such days moved: from plans and placements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hnb.events import EhcpCeased, EhcpIssued, Event, PlacementMade
from ledger.domain.commitments import Agreed, fold, order
from ledger.outlook.inputs import NO_PLACEMENT, Moves, Place
from ledger.outlook.timeline import anniversary

UNKNOWN_NEED = "unknown"
YOUNGEST, OLDEST = -10, 28  # academic years an outlook tells apart; a plan ends by year 21
# A year in which none of so many children left is one of which only those still here were ever recorded.
FEW_CHILDREN = 50


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as last said: its days (the last is that on which it ceased, None while it goes on), need and year."""

    child_ref: str
    first: date
    last: date | None
    need: str
    year_group: int | None

    def on(self, day: date) -> bool:
        """Whether it is in force."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Placement:
    """A placement, as last said and folded."""

    id: str
    child_ref: str
    agreed: Agreed

    @property
    def provision(self) -> str:
        return str(self.agreed.provision)

    def on(self, day: date) -> bool:
        """Whether it is in force."""
        return self.agreed.start <= day and (self.agreed.end is None or day <= self.agreed.end)


@dataclass(frozen=True)
class Register:
    """Every child's plans and placements, in an order of their own: whatever order they were heard in."""

    plans: Mapping[str, Sequence[Plan]]  # by child, the latest issued last
    placements: Mapping[str, Sequence[Placement]]  # by child

    def has_plan(self, child_ref: str, day: date) -> bool:
        """Whether a plan of the child is in force on a day."""
        return any(plan.on(day) for plan in self.plans.get(child_ref, ()))

    def place(self, child_ref: str, day: date) -> Place | None:
        """Where a child with a plan is on a day; None where no plan is in force.

        Of two placements the one that started last counts, then the one whose id comes last.
        """
        plans = [plan for plan in self.plans.get(child_ref, ()) if plan.on(day)]
        if not plans:
            return None
        there = [one for one in self.placements.get(child_ref, ()) if one.on(day)]
        last = max(there, key=lambda one: (one.agreed.start, one.id), default=None)
        return Place(provision=last.provision if last else NO_PLACEMENT, need=plans[-1].need)

    def academic_year(self, child_ref: str, day: date) -> int | None:
        """On a day: a year group is that of the day its plan was issued on, and rises each September."""
        known = next((plan for plan in reversed(self.plans[child_ref]) if plan.year_group is not None), None)
        if known is None or known.year_group is None:
            return None
        return known.year_group + _academic(day) - _academic(known.first)


def register_of(events: Iterable[Event]) -> Register:
    """The children that events speak of; those withdrawn are left out by whoever calls."""
    issued: dict[str, EhcpIssued] = {}
    ceased: dict[str, date] = {}
    facts: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=order):
        match event.data:
            case EhcpIssued():
                issued[event.data.plan_id] = event.data
            case EhcpCeased():
                ceased[event.data.plan_id] = event.data.ceased_on
            case _ if (id := getattr(event.data, "placement_id", None)) is not None:
                facts[id].append(event)
    plans: dict[str, list[Plan]] = defaultdict(list)
    for id, plan in sorted(issued.items(), key=lambda one: (one[1].issued_on, one[0])):
        need = plan.primary_need or UNKNOWN_NEED
        plans[plan.child_ref].append(Plan(plan.child_ref, plan.issued_on, ceased.get(id), need, plan.year_group))
    placements: dict[str, list[Placement]] = defaultdict(list)
    for id, said in sorted(facts.items()):
        made = [event.data for event in said if isinstance(event.data, PlacementMade)]
        if made:
            child = _whose(made[-1], issued)
            placements[child].append(Placement(id, child, next(a for a in fold(said).agreed if a.kind == "placement")))
    return Register(dict(plans), dict(placements))


def _whose(made: PlacementMade, issued: Mapping[str, EhcpIssued]) -> str:
    """The child of the plan it names, where that is known: two systems may call one child by two pseudonyms."""
    plan = issued.get(made.plan_id or "")
    return plan.child_ref if plan else made.child_ref


def _academic(day: date) -> int:
    return day.year if day.month >= 9 else day.year - 1


@dataclass(frozen=True)
class Seen:
    """What the years before the reference day moved, and what had to be left out."""

    moves: tuple[Moves, ...]
    first_day: date  # where history begins
    years: int
    unplaced: int  # children whose academic year is not known, or no academic year of a child
    needless: int  # children counted whose need is not known


def moves_of(register: Register, reference_day: date) -> Seen | None:
    """The moves of as many whole years as are recorded; None where there is not one."""
    counts: Counter[tuple[int, int, Place | None, Place | None]] = Counter()
    children = sorted(register.plans)
    years = 0
    now = {child: register.place(child, reference_day) for child in children}
    unplaced = {child for child in children if now[child] is not None and _year(register, child, reference_day) is None}
    while True:
        day = anniversary(reference_day, -years - 1)
        before = {child: register.place(child, day) for child in children}
        if not _recorded(before, now):
            break
        for child in children:
            year = _year(register, child, day)
            if (before[child] or now[child]) and year is not None:
                counts[day.year, year, before[child], now[child]] += 1
        now, years = before, years + 1
    if not years:
        return None
    moves = tuple(
        Moves(year=year, academic_year=age, before=was, after=then, children=number)
        for (year, age, was, then), number in sorted(counts.items(), key=_by_name)
    )
    here = [place for child in children if (place := register.place(child, reference_day)) is not None]
    needless = sum(place.need == UNKNOWN_NEED for place in here)
    return Seen(moves, anniversary(reference_day, -years), years, len(unplaced), needless)


def _recorded(before: Mapping[str, Place | None], after: Mapping[str, Place | None]) -> bool:
    """Whether a year is on record: somebody was placed as it began, and not only those who stayed."""
    there = [child for child, place in before.items() if place is not None]
    placed = any(place.provision != NO_PLACEMENT for child in there if (place := before[child]) is not None)
    return placed and (len(there) < FEW_CHILDREN or any(after[child] is None for child in there))


def _year(register: Register, child: str, day: date) -> int | None:
    """The academic year, where an outlook knows it."""
    year = register.academic_year(child, day)
    return year if year is not None and YOUNGEST <= year <= OLDEST else None


def _by_name(one: tuple[tuple[int, int, Place | None, Place | None], int]) -> tuple[int, int, str, str]:
    (year, age, was, then), _ = one
    return year, age, *("" if place is None else f"{place.provision} {place.need}" for place in (was, then))  # type: ignore[return-value]
