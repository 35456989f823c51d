"""What both statutory returns are made of: sheets of figures, and what is known of plans, placements and contracts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hnb.calendar import year_end, year_start
from hnb.events import EhcpIssued, Event, PlacementEnded, PlacementMade, PlacesCommissioned
from ledger.domain.commitments import Agreed, order
from ledger.domain.positions import Figures, in_total
from ledger.domain.schedules import Context, charges

Unit = Literal["text", "count", "pence"]
Value = str | int | None
Line = tuple[str, str]  # a commitment's id, and the provision line its pence stand on


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title, and what its figures are: words, a count, or integer pence."""

    title: str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a return."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True, slots=True)
class Placed:
    """One placement as last said: whose it is, under which plan, and its first and last day (None while open)."""

    provision: str
    child_ref: str
    plan_id: str | None
    first: date
    last: date | None

    def in_year(self, year: int) -> bool:
        """Whether any day of it is in a financial year."""
        last = year_end(year) if self.last is None else self.last
        return max(self.first, year_start(year)) <= min(last, year_end(year))


@dataclass(frozen=True, slots=True)
class Known:
    """What events say of plans (by id, and the latest of each child), placements and contracts for places (by id)."""

    plans: Mapping[str, EhcpIssued]
    plans_of: Mapping[str, EhcpIssued]
    placements: Mapping[str, Placed]
    contracts: frozenset[str]

    def plan_of(self, placed: Placed) -> EhcpIssued | None:
        """The plan a placement names or, where it names none that is known, its child's latest."""
        return self.plans.get(placed.plan_id or "") or self.plans_of.get(placed.child_ref)


def known(events: Iterable[Event]) -> Known:
    """What these events, withdrawn ones left out, say; whatever order they were heard in, the latest by time wins."""
    plans: dict[str, EhcpIssued] = {}
    made: dict[str, PlacementMade] = {}
    ends: dict[str, date] = {}
    contracts: set[str] = set()
    for event in sorted(events, key=order):
        match event.data:
            case EhcpIssued() as plan:
                plans.pop(plan.plan_id, None)  # so that the dict's order is that of each plan's latest word
                plans[plan.plan_id] = plan
            case PlacementMade() as placement:
                made[placement.placement_id] = placement
            case PlacementEnded(placement_id=id, end_date=day):
                ends[id] = day
            case PlacesCommissioned(contract_id=id):
                contracts.add(id)
    placements = {
        id: Placed(str(one.provision), one.child_ref, one.plan_id, one.start_date, ends.get(id, one.end_date))
        for id, one in made.items()
    }
    return Known(
        plans, {plan.child_ref: plan for plan in plans.values()}, placements, frozenset(contracts - made.keys())
    )


def contributed(agreed: Agreed, context: Context, year: int) -> int:
    """Pence of a year that health and social care pay of this: never more than it costs, as its schedule has it."""
    cost = partners = 0
    for charge in charges(agreed, context):
        if charge.year == year and charge.contribution:
            partners -= charge.pence
        elif charge.year == year:
            cost += charge.pence
    return min(cost, partners)


def cost_of_block(lines: Mapping[str, Figures]) -> int:
    """What the High Needs Block's lines of a position come to: committed and spent, the general fund's left out."""
    return sum(figures.cost_pence for line, figures in lines.items() if in_total(line))
