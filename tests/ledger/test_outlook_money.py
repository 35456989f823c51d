"""The outlook's money: day by day it is what a plain loop says; what is known stands; differences are of one future."""

from datetime import date

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.forecast.faults import BadInput
from ledger.outlook.course import course_of
from ledger.outlook.effects import effect_of
from ledger.outlook.flows import Demand, Flows, demand_of
from ledger.outlook.inputs import Funding, Inputs, LineInputs, read_inputs
from ledger.outlook.money import money_of
from ledger.outlook.run import outlook
from ledger.outlook.scenarios import Pack, read_pack
from ledger.outlook.timeline import YEARS, steps_from, timeline_of
from tests.ledger.outlooks import (
    GRANT,
    MAINSTREAM,
    OPENING,
    SPECIAL,
    authorities,
    authority,
    days,
    moved,
    naive_placements_pence,
    priced,
)

FUTURES, SEED = 3, 7
PLAIN = b"""
scenarios:
  - {name: plain, title: Plain, inflation: {percent: 0}, grant: {growth_percent: 0}}
"""
pytestmark = pytest.mark.usefixtures("new_prices_only")


def drawn(inputs: Inputs) -> Demand:
    return demand_of(inputs, steps_from(inputs.reference_day), simulations=FUTURES, seed=SEED)


def pack(*scenarios: str) -> Pack:
    return read_pack("scenarios.yaml", PLAIN + "\n".join(f"  - {one}" for one in scenarios).encode())


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(inputs=authorities())
def test_a_line_comes_to_what_its_days_come_to_one_by_one(inputs: Inputs) -> None:
    flows = drawn(inputs).flows
    course = course_of(inputs, flows, timeline_of(inputs, flows.lines), SEED)
    money = money_of(pack().whole[0], inputs, course, [], SEED)
    for line in inputs.lines:
        for future in range(FUTURES):
            naive = list(naive_placements_pence(inputs, flows, future, line).values())
            ours = money.placements[future, :, flows.lines.index(line.provision)]
            assert ours.tolist() == pytest.approx(naive, abs=2, rel=1e-9)


def simple(**more: object) -> Inputs:
    """A hundred special placements of £30,000, of which as many come as go; and a service beside them."""
    line = LineInputs.model_validate({
        "provision": "special", "placements": 100, "lived_child_days": 36_500,
        "child_days": {f"2026-{month:02d}": 100 * 30 for month in range(4, 13)},
        "committed_pence": {2025: 300_000_000, 2026: 226_000_000},
        "standing": priced(30_000, 100), "started": priced(36_000, 10),
    })  # fmt: skip
    services = LineInputs.model_validate(
        {"provision": "sen-support", "other_pence": {2025: 40_000_000, 2027: 90_000_000}}
    )
    given = {"lines": (line, services)} | more
    return authority(moved(SPECIAL, SPECIAL, 90), moved(None, SPECIAL, 10), moved(SPECIAL, None, 10), **given)  # type: ignore[arg-type]


def test_a_year_that_is_over_is_what_is_on_record() -> None:
    year = outlook(simple(), pack(), simulations=50, seed=1).scenarios[0].years[0]
    spread = year.outturn_pence
    assert spread is not None
    assert (spread.p10, spread.p50, spread.p90) == (340_000_000,) * 3
    assert year.reserve_pence.p50 == OPENING + GRANT - 340_000_000
    assert [(line.provision, line.known_pence) for line in year.lines] == [
        ("special", 300_000_000),
        ("sen-support", 40_000_000),
    ]


def test_services_go_on_as_this_year_dearer_by_the_year_unless_more_is_on_record() -> None:
    dearer = read_pack("scenarios.yaml", PLAIN.replace(b"{percent: 0}", b"{percent: {2026: 10, 2027: 0}}"))
    years = outlook(simple(), dearer, simulations=20, seed=1).scenarios[0].years
    services = [
        next(line.outturn_pence.p50 for line in year.lines if line.provision == "sen-support") for year in years
    ]
    assert services == [40_000_000, 44_000_000, 90_000_000, 44_000_000, 44_000_000]


def test_the_change_of_a_year_is_caseload_price_and_the_rest_to_the_penny() -> None:
    first, *later = outlook(simple(), pack(), simulations=200, seed=1).scenarios[0].years
    assert first.outturn_pence is not None
    for year in later:
        assert year.since_first is not None
        assert year.outturn_pence is not None
        change = year.outturn_pence.mean - first.outturn_pence.mean
        assert sum(year.since_first.model_dump().values()) == pytest.approx(change, abs=1)
        assert year.since_first.price_pence > 0, "those who come cost £36,000 and those who go cost £30,000"


def test_the_grant_is_as_known_and_grows_from_the_last_that_is() -> None:
    known = {2025: Funding(grant_pence=100), 2026: Funding(grant_pence=200)}
    growing = read_pack("scenarios.yaml", PLAIN.replace(b"growth_percent: 0", b"growth_percent: 10"))
    years = outlook(simple(funding=known), growing, simulations=2, seed=1).scenarios[0].years
    assert [year.grant_pence and year.grant_pence.p50 for year in years] == [100, 200, 220, 242, 266]


def test_a_scenario_that_changes_nothing_is_worth_nothing_in_every_future() -> None:
    same = outlook(simple(), pack("{name: same, title: The same, based_on: plain}"), simulations=100, seed=4).scenarios[
        1
    ]
    assert {(worth.saved_pence.p10, worth.saved_pence.p90, worth.likely) for worth in same.worth} == {(0, 0, 0.0)}


def test_the_reviews_path_is_met_at_its_points_and_says_what_lies_between() -> None:
    review = (
        "{name: review, title: The review, source: The scrutiny review, assumes: [What the review states.], "
        "stated_reserve_pounds: {2025-03-31: -22200000, 2026-03-31: -44800000, 2028-03-31: -78000000}}"
    )
    found = outlook(simple(), pack(review), simulations=2, seed=1, level_pence=-6_000_000_000).scenarios[1]
    assert {year.financial_year: year.reserve_pence.p50 for year in found.years} == {
        2024: -2_220_000_000, 2025: -4_480_000_000, 2026: -6_140_000_000, 2027: -7_800_000_000,
    }  # fmt: skip
    assert found.stated
    assert found.assumes[-1] == "The reserve at 31 March 2027 is on a straight line between what the source says."
    assert found.past is not None
    assert found.past.middle_year == 2026


def test_the_stability_grant_is_nine_tenths_of_the_deficit_of_its_day() -> None:
    """The announced grant, with the review's deficit: £40.32m of £44.8m, which leaves £4.48m."""
    leicester = simple(funding={2025: Funding(grant_pence=340_000_000, reserve_opening_pence=-4_480_000_000)})
    one = (
        "{name: granted, title: Granted, based_on: plain, "
        "stability_grant: {share_percent: 90, deficit_at: 2026-03-31, paid_in: 2026}}"
    )
    plain, granted = outlook(leicester, pack(one), simulations=20, seed=1).scenarios
    paid = granted.years[1].stability_grant_pence
    assert paid is not None
    assert paid.p10 == paid.p90 == 4_032_000_000
    assert granted.years[0].reserve_pence.p50 + paid.p50 == -448_000_000
    assert {year.saved_pence.p50 for year in granted.worth[1:]} == {4_032_000_000}
    assert plain.years[2].stability_grant_pence is None


def test_new_places_take_no_more_children_than_they_hold_and_none_twice() -> None:
    moves = moved(SPECIAL, SPECIAL, 40), moved(None, SPECIAL, 60), moved(MAINSTREAM, MAINSTREAM, 200)
    mainstream = LineInputs(provision="mainstream", placements=200, standing=priced(9_000, 200))
    inputs = simple(moves=moves, lines=(*simple().lines, mainstream))
    one = (
        "{name: places, title: Places, based_on: plain, measures: [{kind: places, provision: mainstream, places: 25, "
        "opens: 2027-09-01, place_cost_pounds: 20000, instead_of: [{provision: special}], assumes: They are suited.}]}"
    )
    scenario = pack(one).whole[1]
    flows: Flows = drawn(inputs).flows.over(("none", "mainstream", "special"))
    course = course_of(inputs, flows, timeline_of(inputs, flows.lines), SEED)
    found = effect_of(scenario.measures[0], 0, inputs, course, SEED)
    assert found.children.sum(axis=2) == pytest.approx(0, abs=1e-9)
    inside = found.children[:, :, 1]
    opened = np.array([day >= date(2027, 9, 1) for day in course.timeline.first_days])
    assert not inside[:, ~opened].any()
    assert inside.max() == pytest.approx(25)
    # Full from its second year on: 25 children, each £16,000 dearer elsewhere, and no empty place.
    assert found.pence[:, 4].sum(axis=1) == pytest.approx(25 * (20_000 - 36_000) * 100, rel=0.02)


def test_the_same_inputs_scenarios_and_seed_give_the_same_to_the_penny() -> None:
    measure = "{kind: growth, joiners_percent: -5, assumes: Fewer join.}"
    inputs, scenarios = simple(), pack(f"{{name: fewer, title: Fewer, based_on: plain, measures: [{measure}]}}")
    again = read_inputs("kept.json", inputs.written)
    kept = read_pack("kept.json", scenarios.written)
    assert again.digest == inputs.digest
    assert kept == scenarios
    one = outlook(inputs, scenarios, simulations=60, seed=9)
    assert outlook(again, kept, simulations=60, seed=9) == one
    assert outlook(inputs, scenarios, simulations=60, seed=10) != one


def test_children_without_a_price_are_never_free() -> None:
    line = LineInputs(provision="special", placements=100)
    with pytest.raises(
        BadInput, match="special: children are there, and no price in `standing` or `started` says what they cost"
    ):
        outlook(simple(lines=(line,)), pack(), simulations=2, seed=1)


def test_an_unknown_grant_is_no_grant_of_nothing() -> None:
    with pytest.raises(BadInput, match=r"funding\.2025: the grant of 2025-26 is not known"):
        outlook(simple(funding={}), pack(), simulations=2, seed=1)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"{", "kept.json: Invalid JSON"),
        (b"{}", "kept.json: authority: Field required"),
        (b'{"authority": "Leicester"}', "kept.json: authority: String should match pattern"),
    ],
)
def test_a_file_of_inputs_that_is_none_is_refused_by_field(raw: bytes, told: str) -> None:
    with pytest.raises(BadInput) as bad:
        read_inputs("kept.json", raw)
    assert told in str(bad.value)


@settings(deadline=None, derandomize=True)
@given(day=st.dates(date(2020, 1, 1), date(2032, 12, 31)))
def test_a_years_starts_all_happen_and_its_days_are_all_there(day: date) -> None:
    inputs = simple(reference_day=day)
    timeline = timeline_of(inputs, ("special",))
    line = inputs.lines[0]
    assert int(timeline.days.sum()) == sum(1 for _ in days(inputs, line))
    whole = [timeline.starting[timeline.step == step].sum() for step in range(timeline.steps - 1)]
    assert whole == pytest.approx([1.0] * len(whole))
    assert timeline.by_year(timeline.share[None])[0][1:] == pytest.approx([1.0] * (YEARS - 1))


def test_inputs_name_each_line_once_and_their_history_reaches_the_day() -> None:
    inputs = simple()
    with pytest.raises(BadInput, match="lines names a provision twice"):
        read_inputs("ours.json", inputs.model_copy(update={"lines": (inputs.lines[0],) * 2}).written)
    with pytest.raises(BadInput, match="moves end in 2026, and the reference day is 2027-04-01"):
        read_inputs("ours.json", inputs.model_copy(update={"reference_day": date(2027, 4, 1)}).written)
    mistyped = inputs.written.replace(b'"2026-04"', b'"2026-4"')
    with pytest.raises(BadInput, match=r"ours.json: lines.0.child_days.2026-4"):
        read_inputs("ours.json", mistyped)
