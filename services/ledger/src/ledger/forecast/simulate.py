"""Plays the coming years child by child, in whole children, many simulations at once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Bools, Floats, Ints
from ledger.forecast.rates import Drawn, Model, chance, draw
from ledger.forecast.space import PHASES, STAGES, Space

# Chance is drawn block by block, each from its own seed: however many blocks are held or computed at once, in whatever
# order, the figures are the same. Changing it changes every figure, and so raises MODEL.
BLOCK = 50


@dataclass(frozen=True)
class Projection:
    """What happened in each simulation and year."""

    children: Ints  # [simulation, year, pair] in January
    joined: Ints  # [simulation, year] since the January before
    left: Ints
    moved: Ints
    gone: Ints  # [simulation, year, setting] who left it since the January before, for another or for good
    phases: Ints  # [simulation, year, phase, setting] children in January
    came: Ints  # [simulation, year, setting] who joined it since the January before, from outside the system


@dataclass(frozen=True)
class Step:
    """One year of some simulations."""

    children: Ints  # [simulation, age, pair] at its end
    joined: Ints  # [simulation]
    left: Ints
    moved: Ints
    gone: Ints  # [simulation, setting]
    phases: Ints  # [simulation, phase, setting]
    came: Ints


Progress = Callable[[int], None]


def simulate(
    model: Model, start: Ints, population: Ints, *, simulations: int, seed: int, progress: Progress = lambda done: None
) -> Projection:
    """Projects `start` [age, pair] through the years of `population` [year, age].

    Memory is bounded by a block's states; of each block only the counts by pair are kept. `progress` is told how many
    simulations are done.
    """
    blocks = []
    for one in blocks_of(model, start, population, simulations=simulations, seed=seed):
        blocks.append(one)
        progress(sum(len(block.joined) for block in blocks))
    return Projection(
        *(np.concatenate([getattr(block, name) for block in blocks]) for name in Projection.__dataclass_fields__)
    )


def blocks_of(model: Model, start: Ints, population: Ints, *, simulations: int, seed: int) -> Iterator[Projection]:
    """The simulations block by block."""
    seeds = np.random.SeedSequence(seed).spawn(-(-simulations // BLOCK))
    for at, own in enumerate(seeds):
        size = min(BLOCK, simulations - at * BLOCK)
        steps = list(play(model, start, population, np.random.default_rng(own), size))
        yield Projection(
            np.stack([step.children.sum(axis=1) for step in steps], axis=1),
            np.stack([step.joined for step in steps], axis=1),
            np.stack([step.left for step in steps], axis=1),
            np.stack([step.moved for step in steps], axis=1),
            np.stack([step.gone for step in steps], axis=1),
            np.stack([step.phases for step in steps], axis=1),
            np.stack([step.came for step in steps], axis=1),
        )


def play(model: Model, start: Ints, population: Ints, rng: np.random.Generator, size: int) -> Iterator[Step]:
    """The years of `size` simulations, one after the other."""
    drawn = draw(model, rng, size)
    children = np.repeat(start[None], size, axis=0)
    for year, people in enumerate(population):
        outside = np.maximum(people - children.sum(axis=2), 0)
        joiners = _join(drawn, year, outside, rng)
        after, left, moved, gone = _go_on(model, drawn, year, children, rng)
        after = _turn(model.space, drawn, after, rng)
        after[:, 1:] += joiners[:, :-1]
        came = by_setting(model.space, joiners.sum(axis=1))
        step = Step(after, came.sum(axis=1), left, moved, gone, by_phase(model.space, after), came)
        children = after
        yield step


def _join(drawn: Drawn, year: int, outside: Ints, rng: np.random.Generator) -> Ints:
    """[simulation, age, pair] who come in, by the academic year they come from."""
    joiners = rng.binomial(outside, chance(drawn.join, drawn.join_years.shift(year, rng)[:, None]))
    found = np.zeros_like(drawn.spread, dtype=np.int64)
    simulation, age = np.nonzero(joiners)
    found[simulation, age] = rng.multinomial(joiners[simulation, age], drawn.spread[simulation, age])
    return found


def _go_on(
    model: Model, drawn: Drawn, year: int, children: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints]:
    """Who is where a year older, [simulation, age, pair]; how many left and moved, and out of which settings."""
    size, states = len(children), model.space.ages * len(model.space.pairs)
    flat = np.flatnonzero(children)
    simulation, state = np.divmod(flat, states)
    there = children.ravel()[flat]
    leaving = chance(drawn.leave.ravel()[flat], drawn.leave_years.shift(year, rng)[simulation])
    left = rng.binomial(there, np.where(model.must_leave.ravel()[state], 1.0, leaving))
    moving = chance(drawn.move.ravel()[flat], drawn.move_years.shift(year, rng)[simulation])
    moved = rng.binomial(there - left, np.where(model.must_move.ravel()[state], 1.0, moving))
    after = np.zeros(size * states, dtype=np.int64)
    stayed = there - left - moved
    after[flat[stayed > 0] + len(model.space.pairs)] = stayed[stayed > 0]  # the same pair, one age up
    some = moved > 0
    _move(model.space, drawn.routes, (simulation[some], state[some], moved[some]), after, rng)
    gone = np.zeros((size, len(model.space.settings)), dtype=np.int64)
    np.add.at(gone, (simulation, model.space.setting_of[state % len(model.space.pairs)]), left + moved)
    return after.reshape(children.shape), _by(simulation, left, size), _by(simulation, moved, size), gone


def _move(space: Space, routes: Floats, movers: tuple[Ints, Ints, Ints], after: Ints, rng: np.random.Generator) -> None:
    """Spreads movers over the settings that take them a year older, and adds them to `after`."""
    simulation, state, moved = movers
    pairs = len(space.pairs)
    age, pair = np.divmod(state, pairs)
    group = space.setting_of[pair] * STAGES + space.stage_of[age]
    goes = _shared_out(moved, routes[simulation, group], space.may_move[age, pair], rng)
    row, setting = np.nonzero(goes)
    arrives = space.pair_at[space.need_of[pair[row]], setting]
    np.add.at(after, (simulation[row] * space.ages + age[row] + 1) * pairs + arrives, goes[row, setting])


def _turn(space: Space, drawn: Drawn, children: Ints, rng: np.random.Generator) -> Ints:
    """Lets needs change, within the settings where children are."""
    if not drawn.turn.any():
        return children
    able = space.may_turn.any(axis=1)
    turned = rng.binomial(children, np.where(able, drawn.turn[:, space.need_of], 0.0)[:, None, :])
    simulation, age, pair = np.nonzero(turned)
    number = turned[simulation, age, pair]
    shares = drawn.turns[simulation, space.need_of[pair]]
    goes = _shared_out(number, shares, space.may_turn[pair], rng)
    row, need = np.nonzero(goes)
    after = children - turned
    np.add.at(after, (simulation[row], age[row], space.pair_at[need, space.setting_of[pair[row]]]), goes[row, need])
    return after


def _shared_out(number: Ints, shares: Floats, allowed: Bools, rng: np.random.Generator) -> Ints:
    """[row, kind] each row's children over what is allowed to them; something is, in every row."""
    weight = np.where(allowed, shares + 1e-12, 0.0)
    return rng.multinomial(number, weight / weight.sum(axis=1, keepdims=True))


def by_setting(space: Space, by_pair: Ints) -> Ints:
    """[…, setting] sums of […, pair]."""
    member = space.setting_of[:, None] == np.arange(len(space.settings))[None]
    found: Ints = by_pair @ member.astype(np.int64)
    return found


def by_phase(space: Space, children: Ints) -> Ints:
    """[…, phase, setting] sums of [simulation, age, pair]."""
    found = np.zeros((len(children), len(PHASES), children.shape[2]), dtype=np.int64)
    for phase in range(len(PHASES)):
        found[:, phase] = children[:, space.phase_of == phase].sum(axis=1)
    return by_setting(space, found)


def _by(simulation: Ints, number: Ints, size: int) -> Ints:
    total = np.zeros(size, dtype=np.int64)
    np.add.at(total, simulation, number)
    return total
