"""Whether an interval that says 95% holds 95%: the forecast held to histories whose truth is known.

`make test` holds it to 60 of them, always the same; HNB_FORECAST_HISTORIES=200 to as many as said.
"""

import os
from math import comb, lgamma

import numpy as np

from ledger.forecast.arrays import log_gamma
from ledger.forecast.pooling import fit_rates
from ledger.forecast.rates import fit
from ledger.forecast.simulate import simulate
from ledger.forecast.summary import figure_of
from ledger.forecast.years import YearIndex, index_years, weigh_trends
from tests.ledger.forecasting import FIRST_YEAR, Truth, World, live, seen

HISTORIES = int(os.environ.get("HNB_FORECAST_HISTORIES") or 60)
AHEAD = 3
SIMULATIONS = 200
STATED = 0.95
UNLIKELY = 0.005  # a count of misses less likely than this, on either side, is no sampling error


def chance_of_at_most(hits: int, of: int, rate: float) -> float:
    return sum(comb(of, k) * rate**k * (1 - rate) ** (of - k) for k in range(hits + 1))


PRICES = {"mainstream": 9_200, "special": 34_500, "college": 14_500}


def cost_of(truth: Truth, year: int) -> int:
    """What the children at the end of a year cost."""
    return sum(
        PRICES[one.after.setting] * one.count for one in truth.transitions if one.year == year and one.after.inside
    )


def world_of(seed: int) -> tuple[World, int]:
    """A world drawn anew, quiet or restless, growing or shrinking, and how many of its years are known."""
    rng = np.random.default_rng([7, seed])
    return World(spread=abs(rng.normal(0, 0.1)), growth=rng.normal(0, 0.04)), int(rng.integers(2, 9))


def test_intervals_of_95_hold_the_truth_of_95_in_100_histories() -> None:
    held = np.zeros((2, AHEAD), dtype=int)
    for seed in range(HISTORIES):
        world, years = world_of(seed)
        truth = live(world, years + AHEAD, seed)
        history = seen(world, truth, years, AHEAD)
        ahead = history.population[years:]
        projection = simulate(fit(history), history.end[-1], ahead, simulations=SIMULATIONS, seed=seed)
        prices = np.array([PRICES[setting] for _, setting in history.space.pairs])
        for at, actual in enumerate(truth.totals[years:]):
            children = figure_of(projection.children[:, at].sum(axis=1))
            cost = figure_of(projection.children[:, at] @ prices)
            held[0, at] += children.low <= actual <= children.high
            held[1, at] += cost.low <= cost_of(truth, FIRST_YEAR + years + at) <= cost.high
    print(f"of {HISTORIES} histories, 95% intervals held the children in {held[0]} and their cost in {held[1]}")
    for hits in held.ravel().tolist():
        assert chance_of_at_most(hits, HISTORIES, STATED) > UNLIKELY, "too narrow"
        assert 1 - chance_of_at_most(hits - 1, HISTORIES, STATED) > UNLIKELY or HISTORIES < 100, "too wide"


def test_a_restless_history_makes_a_wider_interval_than_a_quiet_one() -> None:
    widths = []
    for spread in (0.0, 0.25):
        world = World(spread=spread)
        history = seen(world, live(world, 9, 5), 8, 1)
        ahead = history.population[8:]
        figure = figure_of(simulate(fit(history), history.end[-1], ahead, simulations=400, seed=1).children.sum((1, 2)))
        widths.append((figure.high - figure.low) / figure.middle)
    assert widths[1] > 2 * widths[0]


def test_a_trend_that_goes_on_is_believed_and_four_years_tell_of_none() -> None:
    growth = YearIndex(np.linspace(0, 0.72, 10), np.full(10, 0.001))
    trend = weigh_trends(growth)
    assert trend.chances[0] < 0.01
    assert trend.chances[-1] == max(trend.chances)
    for years in (1, 4):
        assert weigh_trends(YearIndex(growth.shift[:years], growth.variance[:years])).dampings == (None,)


def test_years_that_only_differ_show_no_trend() -> None:
    shift = np.array([0.1, -0.1, 0.05, -0.05, 0.12, -0.08, 0.02, -0.1, 0.1, 0.0])
    trend = weigh_trends(YearIndex(shift, np.full(10, 0.001)))
    assert trend.errors[0] == min(trend.errors)
    assert trend.chances[0] == max(trend.chances)


def test_a_thin_cell_borrows_from_its_group_and_a_full_one_keeps_to_its_own() -> None:
    """Two groups, 2% and 40%, of cells that are alike inside; a cell of one child says nothing of itself."""
    group = np.repeat([0, 1], 20)
    exposed = np.where(np.arange(40) % 20 == 0, 1, 500)
    events = np.where(np.arange(40) % 20 == 0, 0, np.where(group == 0, 10, 200))
    mean = fit_rates(events, exposed, [group]).mean
    assert abs(mean[0] - 0.02) < 0.005
    assert abs(mean[20] - 0.4) < 0.02
    odd = events.copy()
    odd[5] = 250
    assert abs(fit_rates(odd, exposed, [group]).mean[5] - 0.5) < 0.05


def test_a_year_is_as_far_from_the_others_as_its_events_are() -> None:
    exposed = np.full((3, 4), 1_000)
    events = np.array([[100] * 4, [200] * 4, [50] * 4])
    odds = np.log(np.full(4, 0.1) / 0.9)
    shift = index_years(odds, events, exposed).shift
    assert abs(shift[0]) < 0.01
    assert abs(shift[1] - np.log((0.2 / 0.8) / (0.1 / 0.9))) < 0.01
    assert shift[2] < -0.7


def test_the_logarithm_of_the_gamma_function_is_right_to_nine_digits() -> None:
    x = np.geomspace(1e-6, 1e6, 60)
    assert np.allclose(log_gamma(x), [lgamma(one) for one in x], rtol=1e-9, atol=1e-9)
