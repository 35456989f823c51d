"""Rates and shares of many small cells, each as sure as its data: a thin cell borrows from the group it is in.

Groups are nested: all children, their stage, their stage and setting, down to the cell. A cell's prior has its group's
rate for a mean and a strength, in children, which the data decide: the value under which the spread of the cells about
their groups is likeliest (empirical Bayes). Where cells differ no more than chance would have it, the strength is great
and they are as good as one; where they differ, each keeps to its own.
"""

from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Bools, Floats, Ints, log_gamma, total_by

STRENGTHS = np.geomspace(1, 10_000, 33)  # children a group's rate counts for in a cell of it
LEAST_SHAPE = 1e-6  # no smaller Beta or gamma shape is drawn from: it would be nought but for rounding


@dataclass(frozen=True)
class Level:
    """The cells of one level: which group of the level above each is in, and how much that group counts for."""

    group: Ints
    strength: float


def nest(labels: list[Ints], cells: int) -> list[Ints]:
    """Labels of every level, from one for all down to one for each cell, numbered without holes."""
    levels = [np.zeros(cells, dtype=np.int64)]
    levels += [np.unique(label, return_inverse=True)[1].astype(np.int64) for label in labels]
    return [*levels, np.arange(cells, dtype=np.int64)]


def _sizes(nested: list[Ints]) -> list[int]:
    """How many groups each level has: the top has one, even where there is no cell."""
    return [1, *(int(label.max(initial=-1)) + 1 for label in nested[1:])]


def _group_of(upper: Ints, lower: Ints) -> Ints:
    group = np.zeros(int(lower.max(initial=-1)) + 1, dtype=np.int64)
    group[lower] = upper
    return group


@dataclass(frozen=True)
class Rates:
    """Beta posteriors of how often something happens, by cell: level by level from the top."""

    events: list[Ints]
    exposed: list[Ints]
    levels: list[Level]  # of every level but the top
    mean: Floats  # [cell]

    def draw(self, rng: np.random.Generator, simulations: int) -> Floats:
        """[simulation, cell]: a group's rate is drawn first, its cells' about it, so that they are wrong together."""
        rate = rng.beta(self.events[0] + 0.5, self.exposed[0] - self.events[0] + 0.5, (simulations, 1))
        for level, events, exposed in zip(self.levels, self.events[1:], self.exposed[1:], strict=True):
            prior = rate[:, level.group]
            yes = np.maximum(level.strength * prior + events, LEAST_SHAPE)
            no = np.maximum(level.strength * (1 - prior) + exposed - events, LEAST_SHAPE)
            rate = rng.beta(yes, no)
        return rate


def fit_rates(events: Ints, exposed: Ints, labels: list[Ints]) -> Rates:
    """Rates by cell; `labels` say, level by level from the widest, which group a cell is in."""
    nested = nest(labels, len(events))
    sizes = _sizes(nested)
    all_events = [total_by(label, events, size) for label, size in zip(nested, sizes, strict=True)]
    all_exposed = [total_by(label, exposed, size) for label, size in zip(nested, sizes, strict=True)]
    mean: Floats = (all_events[0] + 0.5) / (all_exposed[0] + 1)
    levels = []
    for at in range(1, len(nested)):
        group = _group_of(nested[at - 1], nested[at])
        prior, x, n = mean[group], all_events[at], all_exposed[at]
        strength = _rate_strength(x, n, prior)
        levels.append(Level(group, strength))
        mean = (strength * prior + x) / (strength + n)
    return Rates(all_events, all_exposed, levels, mean)


def _rate_strength(events: Ints, exposed: Ints, prior: Floats) -> float:
    """The strength under which the cells' counts are likeliest: each is a Beta-binomial about its group's rate."""
    seen = exposed > 0
    x, n = events[seen], exposed[seen]
    k = STRENGTHS[:, None]
    yes, no = k * prior[seen], k * (1 - prior[seen])
    likely = log_gamma(yes + x) - log_gamma(yes) + log_gamma(no + n - x) - log_gamma(no)
    likely += log_gamma(k) - log_gamma(k + n)
    return float(STRENGTHS[likely.sum(axis=1).argmax()])


@dataclass(frozen=True)
class Shares:
    """Dirichlet posteriors of where children go, by cell, over the same kinds everywhere: level by level."""

    counts: list[Floats]  # [group, kind], of the top level with what everything may be at least
    allowed: list[Bools]
    levels: list[Level]
    mean: Floats  # [cell, kind]

    def draw(self, rng: np.random.Generator, simulations: int) -> Floats:
        """[simulation, cell, kind]; of a cell to which nothing is allowed, noughts."""
        shape = np.maximum(self.counts[0], LEAST_SHAPE)
        share = _scaled(rng.standard_gamma(shape, (simulations, *shape.shape)), self.allowed[0])
        for level, counts, allowed in zip(self.levels, self.counts[1:], self.allowed[1:], strict=True):
            prior = _scaled(share[:, level.group], allowed)
            share = _scaled(rng.standard_gamma(np.maximum(level.strength * prior + counts, LEAST_SHAPE)), allowed)
        return share


def fit_shares(counts: Ints, allowed: Bools, base: Floats, labels: list[Ints]) -> Shares:
    """Shares by cell. `base` is one child spread over the kinds: what nobody did yet is rare, and not impossible."""
    nested = nest(labels, len(counts))
    sizes = _sizes(nested)
    all_counts = [total_by(label, counts, size).astype(np.float64) for label, size in zip(nested, sizes, strict=True)]
    all_counts[0] += base
    open_to = [total_by(label, allowed.astype(np.int64), size) > 0 for label, size in zip(nested, sizes, strict=True)]
    mean = _scaled(all_counts[0], open_to[0])
    levels = []
    for at in range(1, len(nested)):
        group = _group_of(nested[at - 1], nested[at])
        prior = _scaled(mean[group], open_to[at])
        strength = _share_strength(all_counts[at], prior)
        levels.append(Level(group, strength))
        mean = _scaled(strength * prior + all_counts[at], open_to[at])
    return Shares(all_counts, open_to, levels, mean)


def _share_strength(counts: Floats, prior: Floats) -> float:
    """The strength under which the cells' counts are likeliest: each is a Dirichlet-multinomial about its group's."""
    cell, kind = np.nonzero(counts)
    x, m = counts[cell, kind], np.maximum(prior[cell, kind], LEAST_SHAPE)
    n = counts.sum(axis=1)
    k = STRENGTHS[:, None]
    likely = (log_gamma(k * m + x) - log_gamma(k * m)).sum(axis=1) + (log_gamma(k) - log_gamma(k + n)).sum(axis=1)
    return float(STRENGTHS[likely.argmax()])


def _scaled(weight: Floats, allowed: Bools) -> Floats:
    """Weights as shares of one over what is allowed; evenly where all that is allowed came out as nothing."""
    kept = np.where(allowed, weight + 1e-12, 0.0)
    total = kept.sum(axis=-1, keepdims=True)
    scaled: Floats = np.divide(kept, total, out=np.zeros_like(kept), where=total > 0)
    return scaled
