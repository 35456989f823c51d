"""Children against places: by hand, month by month and future by future."""

from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.outlook.flows import demand_of
from ledger.outlook.inputs import Capacity, Inputs, LineInputs
from ledger.outlook.places import needs_outlook, notes_on_places, places_outlook
from ledger.outlook.result import PlacesOutlook
from ledger.outlook.timeline import steps_from, timeline_of
from tests.ledger.outlooks import SPECIAL, authorities, authority, days, moved, priced, year_of

FUTURES, SEED = 5, 3


def growing(*capacities: Capacity) -> Inputs:
    """A hundred children in special schools a year ago, a hundred and thirty now."""
    line = LineInputs(
        provision="special", placements=130, standing=priced(30_000, 130), starts=(0,) * 8 + (40,) + (0,) * 3
    )
    moves = moved(SPECIAL, SPECIAL, 90), moved(SPECIAL, None, 10), moved(None, SPECIAL, 40)
    return authority(*moves, lines=(line,), capacities=capacities)


def looked(inputs: Inputs, futures: int = 200) -> tuple[PlacesOutlook, ...]:
    demand = demand_of(inputs, steps_from(inputs.reference_day), simulations=futures, seed=SEED)
    return places_outlook(inputs, demand, timeline_of(inputs, ("special",)))


def test_places_run_out_in_the_month_in_which_the_middle_future_has_more_children() -> None:
    found = looked(growing(Capacity(provision="special", phase="all-through", places=140, filled=130)))[0]
    assert found.runs_out == "2026-09", "forty start in September, and ten leave over the year"
    first = found.years[0]
    assert first.financial_year == 2026
    assert first.chance_over > 0.9
    assert first.waiting.p50 == first.children.p50 - 140
    assert first.wait_weeks is not None
    assert first.wait_weeks.p50 > 52, "of 140 places some fourteen come free a year, and more than those are waiting"


def test_where_there_is_room_nobody_waits() -> None:
    found = looked(growing(Capacity(provision="special", places=1_000, filled=130)))[0]
    assert found.runs_out is None
    assert {(year.chance_over, year.waiting.p90) for year in found.years} == {(0.0, 0)}


def test_as_large_a_share_as_now_wants_these_settings() -> None:
    half, whole = looked(
        growing(
            Capacity(provision="special", phase="primary", places=100, filled=65),
            Capacity(provision="special", phase="all-through", places=100, filled=130),
        )
    )
    assert half.years[0].children.p50 == pytest.approx(whole.years[0].children.p50 / 2, abs=1)


def test_places_that_children_without_a_plan_fill_stay_filled() -> None:
    """A hundred and thirty have a plan, and two hundred and thirty places are filled."""
    capacity = Capacity(provision="special", places=400, filled=230)
    found, alone = (
        looked(growing(one))[0].years[3].children.p50 for one in (capacity, capacity.model_copy(update={"filled": 130}))
    )
    assert found == alone + 100


def test_where_no_place_comes_free_the_wait_is_the_longest() -> None:
    moves = moved(SPECIAL, SPECIAL, 40), moved(None, SPECIAL, 40), moved(SPECIAL, None, 1)
    line = LineInputs(provision="special", placements=80, standing=priced(30_000, 80))
    full = Capacity(provision="special", places=1, filled=80)
    first = looked(authority(*moves, lines=(line,), capacities=(full,)))[0].years[0]
    assert first.waiting.p10 > 0
    assert first.wait_weeks is not None
    assert (first.wait_weeks.p10, first.wait_weeks.p90) == (520, 520)


def test_what_is_held_against_no_places_is_said() -> None:
    def said(*capacities: Capacity) -> list[str]:
        inputs = growing(*capacities)
        return notes_on_places(inputs, demand_of(inputs, 4, simulations=2, seed=SEED))

    assert said() == ["No setting in the area says how many places it has in: Special schools."]
    assert said(Capacity(provision="special", places=140, filled=130)) == []
    assert said(
        Capacity(provision="special", places=100, filled=90),
        Capacity(provision="special", in_area=False, places=40, filled=40),
    ) == ["Children out of the area, or where places are not known, are held against none: 40 in Special schools."]
    assert said(Capacity(provision="special", places=400, filled=230)) == [
        "Places filled by children without a plan are taken to stay so: 100 in Special schools."
    ]


def test_a_phase_grows_as_the_children_of_its_academic_years_do() -> None:
    moves = moved(SPECIAL, SPECIAL, 50, academic_year=6), moved(SPECIAL, SPECIAL, 50, academic_year=1)
    line = LineInputs(provision="special", placements=100, standing=priced(30_000, 100))
    secondary = Capacity(provision="special", phase="secondary", places=60, filled=50)
    found = looked(authority(*moves, lines=(line,), capacities=(secondary,)))[0]
    assert found.years[0].children.p50 <= 51, "those of academic year 7 now; the others are in primary for years"
    assert found.filled == 50


def test_settings_out_of_the_area_are_nobodys_capacity() -> None:
    assert looked(growing(Capacity(provision="special", in_area=False, places=20, filled=20))) == ()


def test_needs_are_those_of_provisions_whose_places_are_known() -> None:
    inputs = growing(Capacity(provision="special", places=140, filled=130))
    demand = demand_of(inputs, 4, simulations=50, seed=SEED)
    (one,) = needs_outlook(inputs, demand)
    assert (one.provision, one.need, one.now) == ("special", "ASD", 130)
    assert [year.financial_year for year in one.years] == [2027, 2028, 2029, 2030]
    assert needs_outlook(growing(), demand) == ()


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(inputs=authorities(), places=st.integers(1, 200))
def test_every_years_fullest_month_is_what_a_loop_over_months_finds(inputs: Inputs, places: int) -> None:
    inputs = inputs.model_copy(update={"capacities": (Capacity(provision="special", places=places, filled=40),)})
    demand = demand_of(inputs, steps_from(inputs.reference_day), simulations=FUTURES, seed=SEED)
    found = places_outlook(inputs, demand, timeline_of(inputs, ("special",)))[0]
    line = next(line for line in inputs.lines if line.provision == "special")
    children = demand.flows.children[:, :, demand.flows.lines.index("special")]
    with_a_plan = min(line.placements, 40)
    fullest: dict[int, list[int]] = {}
    for future in range(FUTURES):
        months: dict[tuple[str, int], list[float]] = {}
        for one in days(inputs, line):
            before, after = children[future, one.step], children[future, one.step + 1]
            there = before + (after - before) * one.started
            wanting = there * with_a_plan / children[future, 0] + 40 - with_a_plan
            months.setdefault((f"{one.day:%Y-%m}", one.step), []).append(wanting)
        of_year: dict[int, int] = {}
        for (month, _), wanted in months.items():
            year = year_of(date.fromisoformat(f"{month}-01"))
            of_year[year] = max(of_year.get(year, 0), round(float(np.mean(wanted))))
        for year, most in of_year.items():
            fullest.setdefault(year, []).append(most)
    for looked_at in found.years:
        naive = sorted(fullest[looked_at.financial_year])
        assert (looked_at.children.p10, looked_at.children.p90) == pytest.approx((naive[0], naive[-1]), abs=1)
        if min(abs(places - most) for most in naive) > 1:  # a half child is rounded one way or the other
            assert looked_at.chance_over == sum(most > places for most in naive) / FUTURES
