"""The tariff: which price governs a placement in each academic year, and what must be said so that it does."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from hnb.events import OWN_SOURCES, Cost, EventWithdrawn, PlacementRepriced, make_event

SOURCE = OWN_SOURCES["placements"]
ANY = ""  # a blank setting or band: the price is for all of them
SEPTEMBER = 9  # an academic year is 1 September to 31 August, named by the year it starts in

# The earliest time the contract takes. Of two prices for one day the later by `time` wins, so whatever a case system
# says about a day outranks the tariff, whenever either arrives.
BEFORE_ALL_ELSE = datetime(1990, 1, 1, tzinfo=UTC)


class PriceKey(NamedTuple):
    """What a price is for; a blank setting or band is any."""

    academic_year: int
    provision: str
    setting_id: str = ANY
    band: str = ANY


Tariff = Mapping[PriceKey, Cost]


@dataclass(frozen=True, slots=True)
class Placed:
    """What the tariff must know of a placement.

    `last_day` is None where the end is open. `has_cost` says that it came with a cost of its own; `agreed_from` is the
    first day from which the case system itself has said a price, if it has.
    """

    provision: str
    setting_id: str
    band: str
    first_day: date
    last_day: date | None
    has_cost: bool = False
    agreed_from: date | None = None


class Said(NamedTuple):
    """A price said of a placement from a day on: the how-manieth of that day, and whether it still stands."""

    effective_on: date
    nth: int
    event_id: str
    cost: Cost
    stands: bool


@dataclass(frozen=True, slots=True)
class Change:
    """What to say about one placement: prices to take back, and prices from their days."""

    withdrawn: tuple[Said, ...] = ()
    priced: tuple[Said, ...] = ()


def academic_year(day: date) -> int:
    """The academic year a day falls in: 31 August 2026 is in 2025, 1 September 2026 in 2026."""
    return day.year if day.month >= SEPTEMBER else day.year - 1


def price_of(tariff: Tariff, placed: Placed, year: int) -> Cost | None:
    """A placement's price in an academic year; None where the tariff has none.

    The closer price wins: for its setting and band, for its setting, for its provision and band, for its provision. A
    placement without a band has only the prices for any.
    """
    for setting_id in (placed.setting_id, ANY):
        for band in dict.fromkeys((placed.band, ANY)):
            cost = tariff.get(PriceKey(year, placed.provision, setting_id, band))
            if cost is not None:
                return cost
    return None


def prices_wanted(tariff: Tariff, placed: Placed) -> dict[date, Cost]:
    """The prices that should stand for a placement, by the day each is from; none where it came with a cost.

    One from its first day and one from each 1 September while it runs, where the price of that academic year is known
    and another than before: a price is in force until the next, so that a year not known yet keeps the last that is.
    What the case system has priced itself is left to it, from the first day it speaks of.
    """
    if placed.has_cost or not tariff:
        return {}
    known = max(key.academic_year for key in tariff)
    last = known if placed.last_day is None else min(known, academic_year(placed.last_day))
    wanted: dict[date, Cost] = {}
    before: Cost | None = None
    for year in range(academic_year(placed.first_day), last + 1):
        day = max(placed.first_day, date(year, SEPTEMBER, 1))
        if placed.last_day is not None and placed.last_day < day:
            break
        if placed.agreed_from is not None and placed.agreed_from <= day:
            break
        cost = price_of(tariff, placed, year)
        if cost is not None and cost != before:
            wanted[day] = before = cost
    return wanted


def change(wanted: Mapping[date, Cost], said: Iterable[Said], mint: "Mint") -> Change:
    """What takes the prices that stand to those wanted; nothing where they are the same."""
    said = list(said)
    standing = {one.effective_on: one for one in said if one.stands}
    rounds = {one.effective_on: 0 for one in said}
    for one in said:
        rounds[one.effective_on] = max(rounds[one.effective_on], one.nth)
    gone = [one for day, one in sorted(standing.items()) if wanted.get(day) != one.cost]
    new = []
    for day, cost in sorted(wanted.items()):
        if day not in standing or standing[day].cost != cost:
            nth = rounds.get(day, 0) + 1
            new.append(Said(day, nth, mint.price_id(day, nth), cost, stands=True))
    return Change(tuple(gone), tuple(new))


@dataclass(frozen=True, slots=True)
class Mint:
    """Makes the events about one placement: the same placement, day and round give the same event, id and all."""

    authority: str
    placement_id: str

    def price_id(self, day: date, nth: int) -> str:
        """The id of the nth price said from a day on."""
        return f"price-{self._digest(str(day), str(nth))}"

    def price(self, said: Said) -> str:
        """The event that says a price. Each round is a second later than the last, so that the newest wins its day."""
        data = {"placement_id": self.placement_id, "effective_on": str(said.effective_on), "cost": said.cost}
        return make_event(
            "hnb.placement-repriced.v1",
            source=SOURCE,
            id=said.event_id,
            time=_moment(said),
            authority=self.authority,
            data=PlacementRepriced.model_validate({**data, "reason": "correction"}),
        )

    def withdrawal(self, said: Said) -> str:
        """The event that takes a price back."""
        return make_event(
            "hnb.event-withdrawn.v1",
            source=SOURCE,
            id=f"no-{said.event_id}",
            time=_moment(said),
            authority=self.authority,
            data=EventWithdrawn(
                withdrawn_source=SOURCE, withdrawn_id=said.event_id, reason="the tariff's price no longer stands"
            ),
        )

    def _digest(self, *parts: str) -> str:
        whole = "\n".join((self.authority, self.placement_id, *parts))
        return hashlib.sha256(whole.encode()).hexdigest()[:40]


def _moment(said: Said) -> datetime:
    return BEFORE_ALL_ELSE + timedelta(seconds=said.nth)


def following(current: Tariff, given: Tariff, *, whole: bool) -> dict[PriceKey, Cost]:
    """The next version: the given prices for the academic years they name, the current ones for all other years.

    As the `whole` tariff, the given prices alone: years they do not name have no price any more.
    """
    named = {key.academic_year for key in given}
    kept = {} if whole else {key: cost for key, cost in current.items() if key.academic_year not in named}
    return {**kept, **given}


def digest(tariff: Tariff) -> bytes:
    """What tells two versions apart: SHA-256 over every price, in order."""
    lines = sorted("\t".join(map(str, (*key, cost.amount_pence, cost.per, cost.weeks))) for key, cost in tariff.items())
    return hashlib.sha256("\n".join(lines).encode()).digest()


@dataclass(frozen=True, slots=True)
class Compared:
    """How many prices of a version are new, changed, gone and as before."""

    new: int
    changed: int
    gone: int
    unchanged: int


def compare(before: Tariff, after: Tariff) -> Compared:
    """How one version differs from another."""
    both = before.keys() & after.keys()
    changed = sum(before[key] != after[key] for key in both)
    return Compared(len(after.keys() - both), changed, len(before.keys() - both), len(both) - changed)
