"""Every measure is worth, future by future, what a plain loop over days says."""

from collections import defaultdict
from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.outlook.course import Course, course_of
from ledger.outlook.effects import Effect, effect_of
from ledger.outlook.flows import demand_of
from ledger.outlook.inputs import Appeals, Inputs
from ledger.outlook.measures import EarlyIntervention, Growth, InsteadOf, Measure, Places, Tribunals, Uplift
from ledger.outlook.timeline import YEARS, steps_from, timeline_of
from tests.ledger.naive_measures import (
    Future,
    Pence,
    filled_places,
    joiners_change,
    share_from,
    won_appeals,
)
from tests.ledger.outlooks import authorities, priced

FUTURES, SEED = 2, 7
SO = "It is so as it is said."
LINES = ("none", "mainstream", "special", "early-intervention")
# The first of a month: within a month all days are alike, so that nothing is rounded to its middle.
DAYS = st.sampled_from([date(2026, 9, 1), date(2027, 1, 1), date(2028, 3, 1), date(2020, 1, 1)])
looked_at = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
pytestmark = pytest.mark.usefixtures("new_prices_only")


def seen(inputs: Inputs, measure: Measure) -> tuple[Course, Effect]:
    demand = demand_of(inputs, steps_from(inputs.reference_day), simulations=FUTURES, seed=SEED)
    course = course_of(inputs, demand.flows.over(LINES), timeline_of(inputs, LINES), SEED)
    return course, effect_of(measure, 0, inputs, course, SEED)


def the_same(found: Effect, course: Course, naive: list[Pence], abs: float, rel: float) -> None:
    for future, plain in enumerate(naive):
        for year in range(YEARS):
            for at, line in enumerate(LINES):
                asked = plain.get((course.timeline.first_year + year, line), 0.0)
                assert found.pence[future, year, at] == pytest.approx(asked, abs=abs, rel=rel), (future, year, line)


def futures(inputs: Inputs, course: Course) -> list[Future]:
    return [Future(inputs, course.flows, at) for at in range(FUTURES)]


def added(*parts: Pence) -> Pence:
    found: Pence = {}
    for part in parts:
        for key, pence in part.items():
            found[key] = found.get(key, 0.0) + pence
    return found


@looked_at
@given(inputs=authorities(), day=DAYS, percent=st.sampled_from([-100.0, 20.0]))
def test_more_joiners_cost_what_each_of_their_days_costs(inputs: Inputs, day: date, percent: float) -> None:
    course, found = seen(inputs, Growth(kind="growth", joiners_percent=percent, **{"from": day}, assumes=SO))
    the_same(
        found, course, [joiners_change(one, percent / 100, day) for one in futures(inputs, course)], abs=2, rel=1e-9
    )


@looked_at
@given(inputs=authorities(), day=DAYS, years=st.integers(0, 3))
def test_early_intervention_saves_each_day_that_a_child_does_not_come_or_comes_later(
    inputs: Inputs, day: date, years: int
) -> None:
    measure = EarlyIntervention.model_validate({
        "kind": "early-intervention", "from": day, "avoided_percent": 10, "delayed_percent": 20 if years else 0,
        "delay_months": 12 * years, "cost_pounds_a_year": 50_000, "assumes": SO,
    })  # fmt: skip
    course, found = seen(inputs, measure)
    naive = []
    for one in futures(inputs, course):
        service = {(year, "early-intervention"): share * 5_000_000 for year, share in share_from(one, day).items()}
        late = [joiners_change(one, -0.2, day), joiners_change(one, 0.2, day, back_after=years)] if years else []
        naive.append(added(service, joiners_change(one, -0.1, day), *late))
    the_same(found, course, naive, abs=2, rel=1e-9)


@looked_at
@given(inputs=authorities(), day=DAYS)
def test_an_uplift_makes_each_day_from_then_on_dearer(inputs: Inputs, day: date) -> None:
    course, found = seen(inputs, Uplift(kind="uplift", provision="special", percent=10, **{"from": day}, assumes=SO))
    shares = share_from(futures(inputs, course)[0], day)
    asked = [1 + 0.1 * shares.get(course.timeline.first_year + year, 0.0) for year in range(YEARS)]
    assert found.dearer[:, LINES.index("special")].tolist() == pytest.approx(asked)
    assert not found.pence.any()


@looked_at
@given(inputs=authorities(), day=DAYS)
def test_appeals_won_cost_each_day_until_their_children_leave(inputs: Inputs, day: date) -> None:
    """So many have ended that the share upheld is known: half."""
    appeals = Appeals(lodged=20, concluded=10**9, upheld=5 * 10**8, sought_pence=(2_000_000, 2_000_000))
    measure = Tribunals.model_validate({
        "kind": "tribunals", "from": day, "appeals_percent": 50, "upheld_percent": 80, "provision": "special",
        "assumes": SO,
    })  # fmt: skip
    inputs = inputs.model_copy(update={"appeals": appeals})
    course, found = seen(inputs, measure)
    naive = [won_appeals(one, 30 * 0.8 - 20 * 0.5, 2_000_000, "special", day) for one in futures(inputs, course)]
    the_same(found, course, naive, rel=1e-3, abs=2)


def places_are_worth(inputs: Inputs, measure: Places, suitable: float, instead_pence: float | None = None) -> None:
    """`suitable` is the share of the source's starts that take a place; each would have cost so much a year there."""
    course, found = seen(inputs, measure)
    into, source = str(measure.provision), str(measure.instead_of[0].provision)
    moved = max(np.abs(found.children).max(), 1.0)
    opening = course.timeline.first_year + (course.timeline.year_at(measure.opens) or 0)
    for at, one in enumerate(futures(inputs, course)):
        instead = one.price(source) if instead_pence is None else instead_pence
        plain: Pence = defaultdict(float, {(opening, into): measure.set_up_pounds * 100})
        for today, taken in filled_places(one, measure.places, measure.opens, into, source, suitable):
            empty = (measure.places - taken) * measure.empty_place_pounds
            plain[today.year, into] += today.share * 100 * (taken * measure.place_cost_pounds + empty)
            plain[today.year, source] -= today.share * taken * instead
        # A place that is free again within a month is filled within it here, and at its middle there.
        near = 0.02 * moved * max(100 * measure.place_cost_pounds, instead)
        for year in range(YEARS):
            for line in (into, source):
                asked = plain[course.timeline.first_year + year, line]
                assert found.pence[at, year, LINES.index(line)] == pytest.approx(asked, abs=near), (year, line)


@looked_at
@given(inputs=authorities(), day=DAYS, places=st.integers(1, 80))
def test_places_are_worth_what_each_day_of_each_of_them_is(inputs: Inputs, day: date, places: int) -> None:
    measure = Places(
        kind="places", provision="special", places=places, opens=day, place_cost_pounds=20_000, set_up_pounds=70_000,
        instead_of=(InsteadOf(provision="mainstream"),), suitable_percent=50, assumes=SO,
    )  # fmt: skip
    places_are_worth(inputs, measure, 0.5)


@looked_at
@given(inputs=authorities(), day=DAYS)
def test_of_those_who_go_out_of_the_area_as_many_come_as_went_of_late_and_save_what_they_cost(
    inputs: Inputs, day: date
) -> None:
    """One of the four who started in a special school did so out of the area, at £70,000."""
    away = {line.provision: line.model_copy(update={"started_out_of_area": priced(70_000, 1)}) for line in inputs.lines}
    each = next(line.placements for line in inputs.lines if line.provision == "special")
    inputs = inputs.model_copy(update={"lines": tuple(away.values())})
    measure = Places(
        kind="places", provision="mainstream", places=15, opens=day, place_cost_pounds=20_000,
        instead_of=(InsteadOf(provision="special", out_of_area=True),), assumes=SO,
    )  # fmt: skip
    there = sum(one.children for one in inputs.moves if one.after and one.after.provision == "special")
    places_are_worth(inputs, measure, 0.25, 7_000_000 * each / there)
