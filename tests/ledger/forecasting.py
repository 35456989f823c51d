"""Histories of children whose truth is known: made child by child from stated rates, by none of the product's code."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from ledger.forecast.arrays import Floats
from ledger.forecast.history import History, history_of
from ledger.forecast.population import Population
from ledger.forecast.transitions import Place, Transition
from ledger.forecast.valid_states import Setting

NEEDS = frozenset({"ASD", "SEMH"})
OUTSIDE = Place("NONSEND", "NONSEND")
FIRST_YEAR = 2010
UNRECORDED_YEARS = 10  # before it, so that the first January is like the later ones
AGES = range(-1, 15)
LEADS = frozenset({"mainstream", "special", "college"})
SETTINGS = {
    "mainstream": Setting(0, 13, NEEDS, LEADS, 2),
    "special": Setting(0, 13, NEEDS, LEADS, 3),
    "college": Setting(12, 14, frozenset({"ASD"}), frozenset({"special"}), 4),
}
PLACES = [Place(setting, need) for setting, it in SETTINGS.items() for need in sorted(it.needs)]
Children = dict[tuple[int, Place], int]


@dataclass(frozen=True)
class World:
    """What is true: how much years differ, how joining grows a year, how many people there are, who changes need."""

    spread: float
    growth: float = 0.0
    people: int = 4_000
    turning: float = 0.0


@dataclass
class Truth:
    """What a world went through."""

    transitions: list[Transition] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)  # the children at the end of each year


def leaving_rate(age: int, place: Place) -> float:
    """What share of a state leaves."""
    by_age = 0.35 if age == 11 else 0.3 if age > 11 else 0.02
    return by_age * (0.7 if place.setting == "special" else 1.0)


def moving_rate(age: int, place: Place) -> float:
    """What share of those who stay moves."""
    return (0.12 if age == 6 else 0.03) * (0.4 if place.setting == "special" else 1.0)


def joining_rate(age: int) -> float:
    """What share of the people outside joins."""
    return 0.008 if age < 2 else 0.004 if age < 11 else 0.001


def live(world: World, years: int, seed: int) -> Truth:
    """Plays a world for so many recorded years."""
    rng = np.random.default_rng(seed)
    children: Children = {}
    truth = Truth()
    for year in range(FIRST_YEAR - UNRECORDED_YEARS, FIRST_YEAR + years):
        effects = np.exp(world.spread * rng.standard_normal(3))
        effects[0] *= np.exp(world.growth * (year - FIRST_YEAR))
        steps = [*_inside(children, world, year, effects, rng), *_joiners(children, world, year, effects[0], rng)]
        children = {}
        for one in steps:
            if one.after.inside:
                key = one.age + 1, one.after
                children[key] = children.get(key, 0) + one.count
        if year >= FIRST_YEAR:
            truth.transitions += steps
            truth.totals.append(sum(children.values()))
    return truth


def _inside(
    children: Children, world: World, year: int, effects: Floats, rng: np.random.Generator
) -> Iterator[Transition]:
    """What the children in the system do."""
    for (age, place), number in sorted(children.items(), key=lambda one: (one[0][0], PLACES.index(one[0][1]))):
        stays = SETTINGS[place.setting].takes(place.need, age + 1)
        others = [
            other
            for other in PLACES
            if other.need == place.need
            and other.setting in SETTINGS[place.setting].goes_to - {place.setting}
            and SETTINGS[other.setting].takes(other.need, age + 1)
        ]
        leaves = min(1.0, leaving_rate(age, place) * effects[1]) if stays or others else 1.0
        left = int(rng.binomial(number, leaves))
        moves = 0.0 if not others else min(1.0, moving_rate(age, place) * effects[2]) if stays else 1.0
        moved = int(rng.binomial(number - left, moves))
        turned = int(rng.binomial(number - left - moved, world.turning)) if place.setting != "college" else 0
        ends = {OUTSIDE: left, place: number - left - moved - turned}
        if moved:
            ends |= dict(zip(others, rng.multinomial(moved, [1 / len(others)] * len(others)).tolist(), strict=True))
        if turned:
            ends[Place(place.setting, min(NEEDS - {place.need}))] = turned
        yield from (Transition(year, age, place, after, count, 2) for after, count in ends.items() if count)


def _joiners(
    children: Children, world: World, year: int, effect: float, rng: np.random.Generator
) -> Iterator[Transition]:
    """Who comes in, most of them to mainstream schools."""
    for age in AGES:
        open_to = [place for place in PLACES if SETTINGS[place.setting].takes(place.need, age + 1)]
        if not open_to:
            continue
        outside = world.people - sum(number for (at, _), number in children.items() if at == age)
        joins = rng.binomial(outside, min(1.0, joining_rate(age) * effect))
        weights = np.array([3.0 if place.setting == "mainstream" else 1.0 for place in open_to])
        shared = rng.multinomial(joins, weights / weights.sum()).tolist()
        yield from (
            Transition(year, age, OUTSIDE, after, count, 2)
            for after, count in zip(open_to, shared, strict=True)
            if count
        )


def population(world: World, years: int) -> Population:
    """The same people every year."""
    keys = [(FIRST_YEAR + year, age) for year in range(years) for age in AGES]
    lines = {key: 2 + at for at, key in enumerate(keys)}
    return Population(dict.fromkeys(keys, world.people), lines, "population.csv", len(keys) + 1)


def seen(world: World, truth: Truth, years: int, ahead: int) -> History:
    """The first years of a truth, as a history that looks so far ahead."""
    known = [one for one in truth.transitions if one.year < FIRST_YEAR + years]
    return history_of(SETTINGS, known, population(world, years + ahead), ahead)
