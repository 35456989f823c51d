"""How much rates differ from year to year, and whether joining has a trend: by the history, as far as it can tell.

On the scale of log odds a year's rate is `level + trend + effect`, the effect drawn anew each year and shared by all
cells: a busy year is busy everywhere, which is what makes totals less sure than their parts.
"""

from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Floats, Ints, expit

SPREADS = np.linspace(0, 0.8, 81)  # standard deviations of a year's effect that are weighed against each other
USUAL_SPREAD = 0.12  # half-normal: without history half of the years lie within 8% of their level
USUAL_DRIFT = 0.06  # a year: without history the trend of joining lies within 12% a year either way
DAMPINGS = (0.6, 0.8, 0.9, 1.0)  # what is tried beside no trend: how much of it is left after each year
UNKNOWN_DAMPING = 0.8  # of a trend that is only allowed for
LEAST_KNOWN = 0.5  # events: a year in which nothing happened still says that it is rare
FEWEST_TO_FIT, FEWEST_ORIGINS = 3, 2  # years to fit a trend by, Januaries to choose by: five years of transitions


@dataclass(frozen=True)
class YearIndex:
    """Each year's rates beside the mean of all years: the shift of the log odds, and the variance chance gives it."""

    shift: Floats
    variance: Floats


def index_years(odds: Floats, events: Ints, exposed: Ints) -> YearIndex:
    """[year] from [cell] log odds and [year, cell] counts; half an event is added on both sides: none is no gap."""
    shift = np.zeros(len(events))
    base = expit(odds)
    happened = events.sum(axis=1) + 0.5
    for _ in range(30):
        rate = expit(odds + shift[:, None])
        slope = (exposed * rate * (1 - rate)).sum(axis=1) + 0.5
        step = (happened - (exposed * rate).sum(axis=1) - 0.5 * np.exp(shift)) / slope
        shift = np.clip(shift + np.clip(step, -1, 1), -4, 4)
    information = (exposed * base * (1 - base)).sum(axis=1)
    return YearIndex(shift, 1 / np.maximum(information, LEAST_KNOWN))


@dataclass(frozen=True)
class Trend:
    """The chance of each damping of joining's trend, by how well each foretold the past.

    `dampings` has None first, for no trend; `errors` are mean absolute errors in the past, on the scale of log odds
    (0.05 is about 5%), and empty where too few years tell: then there is none.
    """

    dampings: tuple[float | None, ...]
    chances: tuple[float, ...]
    errors: tuple[float, ...]


NO_TREND = Trend((None,), (1.0,), ())


@dataclass(frozen=True)
class Years:
    """What is believed of the level after the last year and its trend, for each spread: means, roots of covariances."""

    centre: Floats  # [spread, 2]
    root: Floats  # [spread, 2, 2]


@dataclass(frozen=True)
class YearEffects:
    """What the coming years may be like: the chances of spreads and dampings, and the level and trend under each."""

    chance: Floats  # [spread]
    trend: Trend
    without: Years  # where there is no trend
    within: Years

    def draw(self, rng: np.random.Generator, simulations: int) -> "Course":
        """A level, a trend and a spread for each simulation."""
        at = rng.choice(len(SPREADS), size=simulations, p=self.chance)
        kind = rng.choice(len(self.trend.dampings), size=simulations, p=self.trend.chances)
        none = np.array([damping is None for damping in self.trend.dampings])[kind]
        centre = np.where(none[:, None], self.without.centre[at], self.within.centre[at])
        root = np.where(none[:, None, None], self.without.root[at], self.within.root[at])
        drawn = centre + np.einsum("sij,sj->si", root, rng.standard_normal((simulations, 2)))
        damping = np.array([damping or UNKNOWN_DAMPING for damping in self.trend.dampings])[kind]
        return Course(drawn[:, 0], drawn[:, 1], damping, SPREADS[at])


@dataclass(frozen=True)
class Course:
    """The years of each simulation: [simulation] each."""

    level: Floats
    trend: Floats
    damping: Floats
    spread: Floats

    def shift(self, year: int, rng: np.random.Generator) -> Floats:
        """[simulation] the shift of the log odds in a year, the first being 0, with the year's effect drawn.

        Drawn year by year, so that how far a forecast reaches changes nothing of its first years.
        """
        grown = (self.damping[:, None] ** np.arange(1, year + 2)).sum(axis=1)
        shifts: Floats = self.level + self.trend * grown + self.spread * rng.standard_normal(len(self.level))
        return shifts


def weigh_trends(index: YearIndex) -> Trend:
    """How well each damping would have foretold the later years from the earlier, and the chances that follow.

    A chance falls with the root mean square error to the power of the Januaries looked on from: the likelihood of
    normal errors of unknown size, the errors from one January counting as one, since they go together.
    """
    years = len(index.shift)
    origins = range(FEWEST_TO_FIT, years)
    if len(origins) < FEWEST_ORIGINS:
        return NO_TREND
    tried: dict[float | None, list[float]] = {None: [], **{damping: [] for damping in DAMPINGS}}
    for known in origins:
        seen = YearIndex(index.shift[:known], index.variance[:known])
        believed = drifting_years(seen, NO_TREND)
        level = (believed.chance @ believed.without.centre)[0]
        last, slope = believed.chance @ believed.within.centre
        ahead = np.arange(1, years - known + 1)
        truth = index.shift[known:]
        tried[None] += np.abs(level - truth).tolist()
        for damping in DAMPINGS:
            tried[damping] += np.abs(last + slope * np.cumsum(damping**ahead) - truth).tolist()
    errors = np.array([tried[damping] for damping in tried])
    log = -len(origins) * np.log(np.sqrt((errors**2).mean(axis=1)) + 1e-6)
    chance = np.exp(log - log.max())
    return Trend(tuple(tried), tuple((chance / chance.sum()).tolist()), tuple(errors.mean(axis=1).tolist()))


def steady_years(index: YearIndex) -> YearEffects:
    """Years about a level that stays."""
    centre, root, weight = np.zeros((len(SPREADS), 2)), np.zeros((len(SPREADS), 2, 2)), np.zeros(len(SPREADS))
    for at, spread in enumerate(SPREADS):
        centre[at, 0], variance, weight[at] = _flat(index, spread)
        root[at, 0, 0] = np.sqrt(variance)
    steady = Years(centre, root)
    return YearEffects(_chances(weight), NO_TREND, steady, steady)


def drifting_years(index: YearIndex, trend: Trend) -> YearEffects:
    """Years about a level that may have a trend.

    Where it has none, the middle has none, but the width still allows for what the years may show of one.
    """
    weight, flat = np.zeros(len(SPREADS)), np.zeros((len(SPREADS), 2))
    centre, root, wide = np.zeros((len(SPREADS), 2)), np.zeros((len(SPREADS), 2, 2)), np.zeros((len(SPREADS), 2, 2))
    for at, spread in enumerate(SPREADS):
        centre[at], covariance, weight[at] = _sloped(index, spread)
        flat[at, 0] = _flat(index, spread)[0]
        away = centre[at] - flat[at]
        root[at] = np.linalg.cholesky(covariance)
        wide[at] = np.linalg.cholesky(covariance + np.outer(away, away))
    return YearEffects(_chances(weight), trend, Years(flat, wide), Years(centre, root))


def _flat(index: YearIndex, spread: float) -> tuple[float, float, float]:
    """The level's mean and variance, and the log likelihood of the spread, where the level stays."""
    weight = 1 / (spread**2 + index.variance)
    level = float((weight * index.shift).sum() / weight.sum())
    likely = np.log(weight).sum() - np.log(weight.sum()) - (weight * (index.shift - level) ** 2).sum()
    return level, float(1 / weight.sum()), float(likely / 2)


def _sloped(index: YearIndex, spread: float) -> tuple[Floats, Floats, float]:
    """The mean and covariance of (level after the last year, trend), and the log likelihood of the spread."""
    years = len(index.shift)
    design = np.column_stack([np.ones(years), np.arange(1 - years, 1)])
    weight = 1 / (spread**2 + index.variance)
    precision = design.T @ (design * weight[:, None]) + np.diag([0, USUAL_DRIFT**-2])
    covariance: Floats = np.real(np.linalg.inv(precision))
    pulled = design.T @ (weight * index.shift)
    centre: Floats = np.asarray(covariance @ pulled, dtype=np.float64)
    rest = (weight * index.shift**2).sum() - pulled @ centre
    likely = np.log(weight).sum() - np.linalg.slogdet(precision)[1] - rest
    return centre, covariance, float(likely / 2)


def _chances(likely: Floats) -> Floats:
    """Posterior chances of the spreads: likelihood times the half-normal prior."""
    log = likely - 0.5 * (SPREADS / USUAL_SPREAD) ** 2
    chance = np.exp(log - log.max())
    chances: Floats = chance / chance.sum()
    return chances
