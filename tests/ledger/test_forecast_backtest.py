"""The back-test: what it holds the forecast to, and what it says where the forecast is no better than a naive one."""

from dataclasses import replace

from ledger.forecast.backtest import BackTest, Trial, backtest
from tests.ledger.forecasting import FIRST_YEAR, World, live, seen


def trial(known_until: int, actual: int, middle: int, level: int, growth: int | None) -> Trial:
    return Trial(known_until, known_until + 1, actual, middle - 10, middle, middle + 10, level, growth)


def test_each_prefix_projects_the_rest_beside_the_naive_forecasts() -> None:
    world = World(spread=0.05, growth=0.05)
    truth = live(world, 5, 21)
    history = seen(world, truth, 5, 0)
    done: list[int] = []
    found = backtest(history, simulations=100, seed=1, progress=done.append)
    assert done == [1, 2, 3, 4]
    assert [(t.known_until, t.year) for t in found.trials] == [
        (FIRST_YEAR + known, FIRST_YEAR + year) for known in range(1, 5) for year in range(known + 1, 6)
    ]
    assert found.trials[0].carry_level == found.trials[3].carry_level == truth.totals[0]
    assert [t.actual for t in found.trials[:4]] == truth.totals[1:]
    last = found.trials[-1]
    assert last.carry_growth == round(truth.totals[3] * truth.totals[3] / truth.totals[2])
    assert found.trials == backtest(history, simulations=100, seed=1).trials
    later = replace(history, end=history.end.copy())
    later.end[4] += 1
    assert [t.middle for t in backtest(later, simulations=100, seed=1).trials] == [t.middle for t in found.trials]


def test_a_forecast_that_is_no_better_than_a_naive_one_says_so() -> None:
    worse = [trial(2020 + at, 100, 90, 100, 80) for at in range(3)]
    assert "did not beat carrying the last level on" in BackTest(4, worse).verdict()
    both = [trial(2020 + at, 100, 90, 100, 95) for at in range(3)]
    assert "did not beat carrying the last level and carrying the last growth" in BackTest(4, both).verdict()
    better = [trial(2020 + at, 100, 99, 90, 95) for at in range(3)]
    assert BackTest(4, better).verdict() == "This forecast beat both naive ones on this history."


def test_a_series_too_short_to_know_says_so() -> None:
    two = [trial(2020, 100, 99, 90, 95), trial(2021, 100, 99, 90, None)]
    assert "cannot be known from 3 years" in BackTest(3, two).verdict()
    assert "nothing to hold a forecast to" in BackTest(1, []).verdict()


def test_errors_are_means_over_the_trials_that_have_one() -> None:
    found = BackTest(3, [trial(2020, 100, 96, 90, None), trial(2021, 100, 102, 120, 105)])
    assert (found.errors.forecast, found.errors.carry_level, found.errors.carry_growth) == (3.0, 15.0, 5.0)
    assert (found.inside, found.origins) == (2, 2)
    assert BackTest(1, []).errors.forecast is None
