"""The local alternative to a placement out of area: the cheapest suitable place that is free, and its price."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from placements.domain.area import LocalMean, a_year_pence
from placements.domain.phases import NOT_KNOWN
from placements.domain.tariff import ANY, Placed, Tariff, academic_year, price_of

MEANING = (
    "The local alternative is the cheapest setting in the area with a place free on the day that offers the same "
    "provision and takes children of that phase: at the tariff's price for it or, where the tariff has none, at the "
    "mean yearly price of local placements of that provision. It is a price and not an offer: whether the place would "
    "meet the child's needs the register does not know. Where no such setting is known to have a place free there is "
    "none; one whose capacity nobody said counts as having no place free."
)
Basis = Literal["tariff", "line-mean", "not-priced", "no-place"]
BASES: dict[Basis, str] = {
    "tariff": "the tariff's price",
    "line-mean": "mean of local placements: the tariff has no price",
    "not-priced": "a place is free, but neither the tariff nor a local placement has a price",
    "no-place": "none is known to be free",
}
# Which of a child's phases a setting takes, by a word of the phase it is registered with; any other phase is its own.
_TAKES = {
    "nursery": ("early-years",), "infant": ("primary",), "first": ("primary",), "junior": ("primary",),
    "primary": ("primary",), "middle": ("primary", "secondary"), "secondary": ("secondary",),
    "sixth": ("post-16",), "16": ("post-16",),
}  # fmt: skip
_ALL_THROUGH = "all-through"


@dataclass(frozen=True, slots=True)
class Away:
    """A placement out of area: what it offers, and to a child of which phase (empty or `not-known`: nobody said)."""

    placement_id: str
    provision: str
    phase: str
    band: str = ANY
    cost_a_year_pence: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """A setting in the area with places free."""

    setting_id: str
    name: str
    provision: str
    phase: str
    free: int


@dataclass(frozen=True, slots=True)
class Alternative:
    """What stands against one placement out of area: where, on which basis, and pence a year where that is known."""

    basis: Basis
    setting_id: str | None = None
    name: str | None = None
    cost_a_year_pence: int | None = None


def takes(setting_phase: str, child_phase: str) -> bool:
    """Whether a setting of a phase takes a child of a phase. Where either is not said, that rules nothing out.

    >>> takes("All-through", "primary"), takes("Middle deemed secondary", "primary"), takes("secondary", "primary")
    (True, True, False)
    """
    offered = setting_phase.strip().lower().replace("all through", _ALL_THROUGH)
    if not offered or offered == _ALL_THROUGH or child_phase in ("", NOT_KNOWN):
        return True
    words = offered.replace("-", " ").split()
    named = next((_TAKES[word] for word in words if word in _TAKES), (offered,))
    return child_phase in named


def phase_of(child_phase: str, setting_phase: str) -> str:
    """The phase a place is sought in: the child's; where that is not known, that of the setting it is at."""
    if child_phase != NOT_KNOWN:
        return child_phase
    offered = setting_phase.strip().lower()
    return offered if offered and offered != _ALL_THROUGH else NOT_KNOWN


@dataclass(frozen=True, slots=True)
class Prices:
    """What local places cost on a day: by the tariff in force, and on the mean of each provision."""

    tariff: Tariff
    means: Mapping[str, LocalMean]
    on: date

    def of(self, room: Room, band: str) -> tuple[Basis, int | None]:
        """What a place there costs in a year, and where the price comes from."""
        placed = Placed(room.provision, room.setting_id, band, self.on, None)
        priced = a_year_pence(price_of(self.tariff, placed, academic_year(self.on)))
        if priced is not None:
            return "tariff", priced
        mean = self.means.get(room.provision)
        return ("not-priced", None) if mean is None else ("line-mean", mean.pence)


def options(away: Away, rooms: Iterable[Room], prices: Prices) -> list[Alternative]:
    """Every suitable place for one placement, the cheapest first, those without a price last."""
    found = []
    for room in rooms:
        if room.free > 0 and room.provision == away.provision and takes(room.phase, away.phase):
            basis, pence = prices.of(room, away.band)
            found.append(Alternative(basis, room.setting_id, room.name, pence))
    return sorted(found, key=_cheapest_first)


def alternative(away: Away, rooms: Iterable[Room], prices: Prices) -> Alternative:
    """The cheapest suitable place with room, as if this placement alone were looked at."""
    return next(iter(options(away, rooms, prices)), Alternative("no-place"))


@dataclass(frozen=True, slots=True)
class Moves:
    """How many placements could move if each free place were used once, and what less they would cost in a year."""

    placements: int
    difference_pence: int


def moves(away: Sequence[Away], rooms: Sequence[Room], prices: Prices) -> Moves:
    """Each free place used once, by the largest difference first; only where the local place costs less.

    The sum over all alternatives counts one free place for every child that might have it: this does not.
    """
    gains = [
        (one.cost_a_year_pence - option.cost_a_year_pence, one.placement_id, option.setting_id or "")
        for one in away
        if one.cost_a_year_pence is not None
        for option in options(one, rooms, prices)
        if option.cost_a_year_pence is not None and option.cost_a_year_pence < one.cost_a_year_pence
    ]
    free = Counter({room.setting_id: room.free for room in rooms})
    moved: dict[str, int] = {}
    for gain, placement_id, setting_id in sorted(gains, key=lambda gain: (-gain[0], gain[1], gain[2])):
        if placement_id not in moved and free[setting_id] > 0:
            free[setting_id] -= 1
            moved[placement_id] = gain
    return Moves(len(moved), sum(moved.values()))


def _cheapest_first(one: Alternative) -> tuple[bool, int, str]:
    return one.cost_a_year_pence is None, one.cost_a_year_pence or 0, one.setting_id or ""
