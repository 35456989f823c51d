"""What holds of every simulated year: no child is lost, made up, or where no child can be; and a seed is enough."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.forecast.history import History, history_of
from ledger.forecast.population import Population
from ledger.forecast.rates import draw, fit
from ledger.forecast.simulate import BLOCK, Projection, blocks_of, play, simulate
from ledger.forecast.transitions import Place, Transition
from ledger.forecast.valid_states import Setting
from tests.ledger.forecasting import World, live, seen

AHEAD = 4
WORLDS = st.builds(
    World,
    spread=st.floats(0, 0.5),
    growth=st.floats(-0.3, 0.3),
    people=st.sampled_from([1, 30, 2_000]),
    turning=st.sampled_from([0.0, 0.05]),
)


def history_of_world(world: World, years: int, seed: int) -> History | None:
    """A history, or None where nobody was seen in it."""
    truth = live(world, years, seed)
    return seen(world, truth, years, AHEAD) if truth.transitions else None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(world=WORLDS, years=st.integers(1, 5), seed=st.integers(0, 1_000))
def test_children_are_conserved_and_only_ever_where_they_can_be(world: World, years: int, seed: int) -> None:
    history = history_of_world(world, years, seed)
    if history is None:
        return
    before = np.repeat(history.end[-1][None], 7, axis=0)
    ahead = history.population[history.years :]
    for people, step in zip(
        ahead, play(fit(history), history.end[-1], ahead, np.random.default_rng(seed), 7), strict=True
    ):
        assert (step.children >= 0).all()
        assert not step.children[:, ~history.space.valid].any()
        change = step.children.sum(axis=(1, 2)) - before.sum(axis=(1, 2))
        assert (change == step.joined - step.left).all()
        assert (step.moved + step.left <= before.sum(axis=(1, 2))).all()
        grown = step.children.sum(axis=2)[:, 1:-1]
        assert (grown <= np.maximum(people, before.sum(axis=2))[:, :-2]).all(), "more children than people"
        before = step.children


@pytest.fixture(scope="module")
def history() -> History:
    world = World(spread=0.1, turning=0.02, people=1_000)
    return seen(world, live(world, 5, 11), 5, AHEAD)


def project(history: History, *, simulations: int = 120, seed: int = 3, years: int = AHEAD) -> Projection:
    ahead = history.population[history.years :][:years]
    return simulate(fit(history), history.end[-1], ahead, simulations=simulations, seed=seed)


def same(one: Projection, other: Projection) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Projection.__dataclass_fields__)


def test_the_same_seed_gives_the_same_children_and_another_seed_others(history: History) -> None:
    assert same(project(history), project(history))
    assert not same(project(history), project(history, seed=4))


def test_how_many_simulations_are_held_at_once_changes_nothing(history: History) -> None:
    """A block made by itself, first or last, is what it is among all; and more simulations only add to the first."""
    model, ahead = fit(history), history.population[history.years :]
    whole = simulate(model, history.end[-1], ahead, simulations=3 * BLOCK, seed=3)
    blocks = list(blocks_of(model, history.end[-1], ahead, simulations=3 * BLOCK, seed=3))
    assert [len(block.joined) for block in blocks] == [BLOCK] * 3
    for at, block in reversed(list(enumerate(blocks))):
        rng = np.random.default_rng(np.random.SeedSequence(3).spawn(3)[at])
        alone = [step.children.sum(axis=1) for step in play(model, history.end[-1], ahead, rng, BLOCK)]
        assert np.array_equal(np.stack(alone, axis=1), whole.children[at * BLOCK : (at + 1) * BLOCK])
        assert np.array_equal(block.children, whole.children[at * BLOCK : (at + 1) * BLOCK])
    fewer = simulate(model, history.end[-1], ahead, simulations=BLOCK, seed=3)
    assert np.array_equal(fewer.children, whole.children[:BLOCK])


def test_how_far_a_forecast_reaches_changes_nothing_of_its_first_years(history: History) -> None:
    assert np.array_equal(project(history, years=2).children, project(history).children[:, :2])


def test_needs_change_as_often_as_they_did_and_never_where_they_never_did(history: History) -> None:
    turning = fit(history).turning.mean
    assert ((turning > 0.01) & (turning < 0.03)).all()
    steady = World(spread=0.1, people=1_000)
    one_need = seen(steady, live(steady, 3, 11), 3, AHEAD)
    drawn = draw(fit(one_need), np.random.default_rng(1), 5)
    assert not drawn.turn.any()


def test_a_prefix_of_a_history_knows_nothing_of_its_later_years(history: History) -> None:
    world = World(spread=0.1, turning=0.02, people=1_000)
    early = seen(world, live(world, 5, 11), 3, AHEAD)
    assert same(project(history.prefix(3), years=1), project(early, years=1))


def test_what_never_happened_is_expected_to_stay_rare() -> None:
    """A year in which nobody joined, left or moved: the next is like it, not anything at all."""
    place = Place("special", "ASD")
    settings = {"special": Setting(0, 13, frozenset({"ASD"}), frozenset({"special"}), 2)}
    people = {(year, age): 2_000 for year in range(2020, 2026) for age in range(-2, 16)}
    population = Population(people, dict.fromkeys(people, 0), "people", 0)
    seen_moves = [Transition(2020, age, place, place, 50, 0) for age in (1, 5)]
    still = history_of(settings, seen_moves, population, AHEAD)
    projection = simulate(fit(still), still.end[-1], still.population[1:], simulations=400, seed=3)
    assert np.quantile(projection.joined[:, 0], 0.975) <= 5
    assert np.quantile(projection.left[:, 0], 0.975) <= 10
