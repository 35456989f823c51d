"""What a history says of leaving, moving, changing need and joining: posteriors to draw whole simulations from."""

from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Bools, Floats, Ints, expit, logit
from ledger.forecast.history import History
from ledger.forecast.pooling import Rates, Shares, fit_rates, fit_shares
from ledger.forecast.space import STAGES, Space
from ledger.forecast.years import Course, Trend, YearEffects, drifting_years, index_years, steady_years, weigh_trends


@dataclass(frozen=True)
class Flow:
    """How often something happens: the profile over cells, and the level it has from year to year."""

    cells: Ints  # places in the flattened states
    rates: Rates
    exposed: Ints  # [cell]
    years: YearEffects

    def draw(self, rng: np.random.Generator, simulations: int, size: int) -> Floats:
        """[simulation, state] log odds, of states where it cannot happen none (-inf).

        Only the profile is drawn here: each draw is shifted to the same number of events in the past, since how sure
        their number is stands in the years' level already.
        """
        rate = self.rates.draw(rng, simulations)
        wanted = (self.exposed * self.rates.mean).sum()
        slope = np.maximum((self.exposed * rate * (1 - rate)).sum(axis=1), 1e-6)
        shift = np.clip((wanted - (self.exposed * rate).sum(axis=1)) / slope, -1, 1)
        odds = np.full((simulations, size), -np.inf)
        odds[:, self.cells] = logit(rate) + shift[:, None]
        return odds


@dataclass(frozen=True)
class Model:
    """All that a history says, ready to be drawn from."""

    space: Space
    leaving: Flow  # over [age, pair]
    moving: Flow  # over [age, pair], of those who do not leave
    joining: Flow  # over [age], of the people outside
    routes: Shares  # [setting and stage] to settings, of movers
    spread: Shares  # [age] to pairs, of joiners
    turning: Rates  # [need] of those who stay in the system
    turns: Shares  # [need] to needs
    trend: Trend
    must_leave: Bools  # [age, pair] no setting takes the child a year older
    must_move: Bools  # [age, pair] this setting does not, another does


def fit(history: History) -> Model:
    """The posteriors of a history."""
    space = history.space
    can_move = space.may_move.any(axis=2)
    must_leave = space.valid & ~space.valid_next & ~can_move
    must_move = space.valid & ~space.valid_next & can_move
    stays = history.start - history.left
    leaving = _flow(history.left, history.start, space.valid & ~must_leave, _state_labels(space))
    moving = _flow(history.moved, stays, space.valid_next & can_move & space.valid, _state_labels(space))
    joining, trend = _joining(history)
    turning, turns = _turning(history)
    return Model(
        space, leaving, moving, joining, _routes(history), _spread(history), turning, turns, trend,
        must_leave, must_move,
    )  # fmt: skip


def _state_labels(space: Space) -> list[Ints]:
    """Stage, then stage and setting, of every state."""
    stage = np.repeat(space.stage_of[:, None], len(space.pairs), axis=1)
    return [stage.ravel(), (stage * len(space.settings) + space.setting_of[None]).ravel()]


def _flow(events: Ints, exposed: Ints, able: Bools, labels: list[Ints]) -> Flow:
    """A flow of the states where it can happen, whose level stays."""
    cells = np.flatnonzero(able)
    x, n = events.reshape(len(events), -1)[:, cells], exposed.reshape(len(exposed), -1)[:, cells]
    rates = fit_rates(x.sum(axis=0), n.sum(axis=0), [label[cells] for label in labels])
    return Flow(cells, rates, n.sum(axis=0), steady_years(index_years(logit(rates.mean), x, n)))


def _joining(history: History) -> tuple[Flow, Trend]:
    space = history.space
    outside = np.maximum(history.population[: history.years] - history.start.sum(axis=2), 0)
    cells = np.flatnonzero(space.valid_next.any(axis=1))
    x, n = history.joined.sum(axis=2)[:, cells], outside[:, cells]
    rates = fit_rates(x.sum(axis=0), n.sum(axis=0), [space.stage_of[cells]])
    index = index_years(logit(rates.mean), x, n)
    trend = weigh_trends(index)
    return Flow(cells, rates, n.sum(axis=0), drifting_years(index, trend)), trend


def _routes(history: History) -> Shares:
    """Where movers go: by setting, then by setting and stage."""
    space = history.space
    settings = len(space.settings)
    by_stage = np.zeros((settings, STAGES, settings), dtype=np.int64)
    for age, stage in enumerate(space.stage_of):
        by_stage[:, stage] += history.routes[:, age].sum(axis=0)
    counts = by_stage.reshape(-1, settings)
    allowed = np.repeat(space.leads, STAGES, axis=0)
    by_setting = np.bincount(space.setting_of, weights=history.end.sum(axis=(0, 1)), minlength=settings)
    return fit_shares(counts, allowed, _one_child(by_setting), [np.repeat(np.arange(settings), STAGES)])


def _spread(history: History) -> Shares:
    """Where joiners start: by stage, then by academic year."""
    children = history.end.sum(axis=(0, 1))
    return fit_shares(
        history.joined.sum(axis=0), history.space.valid_next, _one_child(children), [history.space.stage_of]
    )


def _turning(history: History) -> tuple[Rates, Shares]:
    """How often needs change, and to what."""
    turned = history.turned.sum(axis=0)
    stays = np.diag(np.diag(turned))
    needs = len(history.space.needs)
    children = np.bincount(history.space.need_of, weights=history.end.sum(axis=(0, 1)), minlength=needs)
    rates = fit_rates((turned - stays).sum(axis=1), turned.sum(axis=1), [])
    return rates, fit_shares(turned - stays, ~np.eye(needs, dtype=bool), _one_child(children), [])


def _one_child(children: Floats | Ints) -> Floats:
    """One child spread as the children were; evenly where there was none."""
    total = children.sum()
    spread: Floats = children / total if total else np.full(len(children), 1 / max(1, len(children)))
    return spread


@dataclass(frozen=True)
class Drawn:
    """One draw of everything for so many simulations: what a simulated world is like, before its children move."""

    leave: Floats  # [simulation, state] log odds
    move: Floats
    join: Floats  # [simulation, age]
    leave_years: Course
    move_years: Course
    join_years: Course
    routes: Floats  # [simulation, setting and stage, setting]
    spread: Floats  # [simulation, age, pair]
    turn: Floats  # [simulation, need] rates
    turns: Floats  # [simulation, need, need]


def draw(model: Model, rng: np.random.Generator, simulations: int) -> Drawn:
    """Draws the parameters of each simulation, so that not knowing them is in the interval."""
    space = model.space
    states = space.ages * len(space.pairs)
    ever_turned = model.turning.events[0].sum() > 0
    return Drawn(
        leave=model.leaving.draw(rng, simulations, states),
        move=model.moving.draw(rng, simulations, states),
        join=model.joining.draw(rng, simulations, space.ages),
        leave_years=model.leaving.years.draw(rng, simulations),
        move_years=model.moving.years.draw(rng, simulations),
        join_years=model.joining.years.draw(rng, simulations),
        routes=model.routes.draw(rng, simulations),
        spread=model.spread.draw(rng, simulations),
        # Records that never changed a need are taken not to change needs at all.
        turn=model.turning.draw(rng, simulations) if ever_turned else np.zeros((simulations, len(space.needs))),
        turns=model.turns.draw(rng, simulations),
    )


def chance(odds: Floats, shift: Floats) -> Floats:
    """The rate of log odds in a year; what cannot happen (-inf) still cannot."""
    with np.errstate(over="ignore"):
        return expit(odds + shift)
