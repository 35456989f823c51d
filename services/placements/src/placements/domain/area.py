"""Placements out of area beside what local places cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hnb.events import Cost
from hnb.money import divide_half_up
from hnb.prices import annual

ASSUMPTION = (
    "Each placement out of area is compared with the mean yearly price of the authority's live placements in its own "
    "area of the same provision, those with a yearly price alone. It assumes that such a place is free and would meet "
    "the child's needs, which the register does not know; transport is in neither figure. Where no local placement of "
    "the provision has a price there is no comparison, and the placement is in no total but the count."
)


@dataclass(frozen=True, slots=True)
class LocalMean:
    """The mean yearly price of local placements of one provision, in pence, and over how many it is taken."""

    pence: int
    placements: int


def local_means(prices: Iterable[tuple[str, Cost, int]]) -> dict[str, LocalMean]:
    """The mean by provision of local placements, given as provision, what so many cost together, and how many.

    Those paid for once have no yearly price, and are left out.
    """
    pence: dict[str, int] = defaultdict(int)
    placements: dict[str, int] = defaultdict(int)
    for provision, cost, count in prices:
        a_year = a_year_pence(cost)
        if a_year is not None:
            pence[provision] += a_year
            placements[provision] += count
    return {p: LocalMean(divide_half_up(pence[p], placements[p]), placements[p]) for p in pence}


def a_year_pence(cost: Cost | None) -> int | None:
    """What a price comes to in a year; None where it is not known, or paid once and so no yearly price."""
    return None if cost is None else annual(cost)


@dataclass(frozen=True, slots=True)
class Compared:
    """One placement out of area beside its local mean, in pence a year; None where either is not known."""

    cost_a_year_pence: int | None
    local: LocalMean | None

    @property
    def difference_pence(self) -> int | None:
        if self.cost_a_year_pence is None or self.local is None:
            return None
        return self.cost_a_year_pence - self.local.pence


def compare(provision: str, cost: Cost | None, means: Mapping[str, LocalMean]) -> Compared:
    """A placement out of area beside the mean of its provision."""
    return Compared(a_year_pence(cost), means.get(provision))


def totals(compared: Iterable[Compared]) -> dict[str, int]:
    """Counts, and pence a year of those placements that can be compared."""
    rows = list(compared)
    both = [one for one in rows if one.difference_pence is not None]
    cost = sum(one.cost_a_year_pence or 0 for one in both)
    local = sum(one.local.pence for one in both if one.local)
    return {
        "placements": len(rows), "priced": sum(one.cost_a_year_pence is not None for one in rows),
        "cost_a_year_pence": sum(one.cost_a_year_pence or 0 for one in rows), "compared": len(both),
        "compared_cost_a_year_pence": cost, "compared_local_pence": local, "difference_pence": cost - local,
    }  # fmt: skip
