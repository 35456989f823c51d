"""Early support in a financial year: what was granted, for how many children, and how many have a plan since."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hnb.calendar import Span, year_span
from hnb.events import Cost
from hnb.money import divide_half_up
from hnb.prices import due

# Element 3 without a plan and the Inclusion Fund (S251 1.2.4), and early intervention (1.2.8).
PROGRAMMES = ("element-3", "inclusion-fund", "early-intervention")
ASSUMPTION = (
    "No saving is claimed. Whether a child would have needed a plan without this support is not known, and children "
    "who get it differ from those who do not. `break_even_plans` says only this: the year's support costs as much as "
    "so many plan placements do in one year, at `mean_plan_pence`, the mean yearly price of the authority's live "
    "placements of children with a plan in force on `mean_plan_on`. Later plans are counted among `children_known` "
    "alone, the children whom grants name, up to the day the report is asked for; of the others the register cannot "
    "tell. Children are counted once in `children_known`, and once for each grant in `children`."
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant: whom it helps, where, and its price over its days. `children` is None where nobody said how many."""

    grant_id: str
    provision: str
    setting_id: str | None
    setting_name: str | None
    children: int | None
    child_refs: tuple[str, ...]
    span: Span
    cost: Cost | None

    @property
    def helped(self) -> int | None:
        """How many children it helps: as said, else as many as it names."""
        return self.children if self.children is not None else len(self.child_refs) or None

    def in_year(self, year: int) -> int | None:
        """Pence it costs in a financial year; None while its price is not known."""
        return None if self.cost is None else due(self.cost, self.span, self.span, year_span(year))


Row = dict[str, Any]


def by_setting(grants: Sequence[Grant], year: int, issued: Mapping[str, Sequence[date]]) -> list[Row]:
    """A row a programme and setting; `issued` are the days each known child's plans were issued."""
    groups: dict[tuple[str, str], list[Grant]] = defaultdict(list)
    for grant in grants:
        groups[grant.provision, grant.setting_id or ""].append(grant)
    return [
        {
            "financial_year": year, "programme": programme, "setting_id": setting or None,
            "setting_name": next((g.setting_name for g in found if g.setting_name), None),
            **measures(found, year, issued),
        }
        for (programme, setting), found in sorted(groups.items())
    ]  # fmt: skip


def measures(grants: Sequence[Grant], year: int, issued: Mapping[str, Sequence[date]]) -> Row:
    """What grants come to: pence in the year, children helped, and plans among the children who are known.

    The cost per child is over the grants that have a price and say how many children they help, and over no others.
    """
    priced = [(grant, pence) for grant in grants if (pence := grant.in_year(year)) is not None]
    shared = [(grant.helped, pence) for grant, pence in priced if grant.helped]
    children = sum(helped or 0 for helped, _ in shared)
    helped_from = _first_helped(grants)
    before = {child for child, day in helped_from.items() if any(on <= day for on in issued.get(child, ()))}
    later = {child for child in helped_from if child not in before and issued.get(child)}
    return {
        "grants": len(grants), "without_a_price": len(grants) - len(priced),
        "cost_pence": sum(pence for _, pence in priced),
        "children": sum(grant.helped or 0 for grant in grants),
        "grants_without_children": sum(grant.helped is None for grant in grants),
        "cost_per_child_pence": divide_half_up(sum(p for _, p in shared), children) if children else None,
        "children_known": len(helped_from), "with_a_plan_before": len(before), "with_a_later_plan": len(later),
        "without_a_plan": len(helped_from) - len(before) - len(later),
    }  # fmt: skip


def pooled(grants: Iterable[Grant], year: int) -> list[Row]:
    """Group provision: grants that put the money of several children into one room, with what each child's part is."""
    return [
        {
            "grant_id": grant.grant_id, "programme": grant.provision, "setting_id": grant.setting_id,
            "setting_name": grant.setting_name, "children": grant.children, "cost_pence": pence,
            "cost_per_child_pence": None if pence is None else divide_half_up(pence, grant.children),
        }
        for grant in grants
        if grant.setting_id is not None and grant.children is not None and grant.children > 1
        for pence in (grant.in_year(year),)
    ]  # fmt: skip


def break_even(cost_pence: int, mean_plan_pence: int | None) -> int | None:
    """How many plan placements cost as much in a year, rounded up; None where their mean is not known or nothing."""
    return -(-cost_pence // mean_plan_pence) if mean_plan_pence else None


def _first_helped(grants: Iterable[Grant]) -> dict[str, date]:
    first: dict[str, date] = {}
    for grant in grants:
        for child in grant.child_refs:
            first[child] = min(first.get(child, grant.span.first), grant.span.first)
    return first
