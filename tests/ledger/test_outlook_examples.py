"""Every measure's worked example in docs/forecasting.md, worked by hand; and every fault of a scenarios file."""

from datetime import date
from pathlib import Path

import pytest

from ledger.forecast.faults import BadInput
from ledger.outlook.inputs import Inputs, read_inputs
from ledger.outlook.result import Outlook, ScenarioOutlook, YearOutlook
from ledger.outlook.run import outlook
from ledger.outlook.scenarios import Pack, read_pack, shipped_pack

DOCS = Path(__file__).parents[2] / "docs"
EXAMPLES = DOCS / "examples" / "forecast"
DOCUMENT = " ".join((DOCS / "forecasting.md").read_text().split())
PRICE = {"special": 30_000, "independent": 60_000, "mainstream": 9_000}
JOIN = {"special": 20, "independent": 12, "mainstream": 60}  # a year, as history has it
FIRST, NEXT = 0, 1
POUND, MILLION = 100, 100_000_000


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return read_inputs("authority.json", (EXAMPLES / "authority.json").read_bytes())


@pytest.fixture(scope="module")
def found(inputs: Inputs) -> Outlook:
    pack = read_pack("measures.yaml", (EXAMPLES / "measures.yaml").read_bytes())
    return outlook(inputs, pack, simulations=1_000, seed=2025)


def scenario(found: Outlook, name: str) -> ScenarioOutlook:
    return next(one for one in found.scenarios if one.name == name)


def outturn(year: YearOutlook, line: str | None = None) -> int:
    spread = (
        year.outturn_pence if line is None else next(one.outturn_pence for one in year.lines if one.provision == line)
    )
    assert spread is not None
    return spread.p50


def saved(found: Outlook, name: str, year: int) -> float:
    """Pounds by the end of a year, on average over all futures."""
    return scenario(found, name).worth[year].saved_pence.mean / POUND


def test_the_first_year_is_on_record_and_the_reserve_follows(found: Outlook) -> None:
    year = scenario(found, "steady").years[FIRST]
    on_record = sum(PRICE[line] * there for line, there in (("special", 200), ("independent", 60), ("mainstream", 400)))
    assert outturn(year) == (on_record + 1_000_000) * POUND == 1_420_000_000
    assert year.reserve_pence.p50 == (-1_500_000 + 12_000_000 - 14_200_000) * POUND


def test_inflation_multiplies_every_later_year(found: Outlook) -> None:
    steady, dearer = scenario(found, "steady"), scenario(found, "inflation")
    assert outturn(dearer.years[FIRST]) == outturn(steady.years[FIRST])
    for year in range(1, 5):
        assert outturn(dearer.years[year]) == pytest.approx(outturn(steady.years[year]) * 1.05, abs=5)


def test_a_growing_grant_adds_up(found: Outlook) -> None:
    grants = [year.grant_pence.p50 for year in scenario(found, "grant").years if year.grant_pence]
    assert grants == [1_200_000_000, 1_224_000_000, 1_248_480_000, 1_273_449_600, 1_298_918_592]
    extra = sum(grant - 1_200_000_000 for grant in grants)
    assert scenario(found, "grant").worth[4].saved_pence.p10 == extra


def test_an_uplift_counts_from_its_day(found: Outlook) -> None:
    steady, dearer = scenario(found, "steady"), scenario(found, "uplift")
    of_year = (date(2027, 4, 1) - date(2026, 10, 1)).days / 365
    for year, share in ((1, of_year), (2, 1.0), (3, 1.0)):
        asked = outturn(steady.years[year], "special") * (1 + 0.10 * share)
        assert outturn(dearer.years[year], "special") == pytest.approx(asked, abs=2)
        assert outturn(dearer.years[year], "mainstream") == outturn(steady.years[year], "mainstream")


def to_the_end_of_2026(first: date) -> float:
    """The share of 2026-27 from a day on."""
    return (date(2027, 4, 1) - first).days / 365


def hand_growth() -> float:
    """A fifth more of those who join, over the year, at what a new place costs."""
    return sum(0.20 * JOIN[line] * PRICE[line] for line in JOIN) / 2


def hand_places() -> float:
    """Twelve a year would start in an independent school: one a month, from September on, until ten places are full."""
    inside = 7 / 2  # on average: none on the first day, seven on the last
    saved = inside * (60_000 - 30_000) - (10 - inside) * 10_000
    return to_the_end_of_2026(date(2026, 9, 1)) * saved - 50_000


def hand_early() -> float:
    """Of joiners from September on a tenth (5 to 15 of 100) never come and a tenth come a year later."""
    joining, since = sum(JOIN[line] * PRICE[line] for line in JOIN), to_the_end_of_2026(date(2026, 9, 1))
    return 0.20 * joining * since * since / 2 - 60_000 * since


def hand_tribunals() -> float:
    """Thirty appeals of which 80 in 100 are won, where twenty were and 9 of 12 (eight of ten, and a guess) were won."""
    return (30 * 0.80 - 20 * 9 / 12) * 25_000 / 2


def test_more_joiners_cost_half_a_year_at_first(found: Outlook) -> None:
    assert -saved(found, "growth", NEXT) == pytest.approx(hand_growth(), rel=0.06)


def test_new_places_fill_month_by_month_and_then_save_the_difference(found: Outlook) -> None:
    assert saved(found, "places", NEXT) == pytest.approx(hand_places(), abs=2_000)
    full_year = saved(found, "places", 4) - saved(found, "places", 3)
    assert full_year == pytest.approx(10 * (60_000 - 30_000), rel=0.02)


def test_early_intervention_saves_those_who_never_come_and_those_who_come_later(found: Outlook) -> None:
    assert saved(found, "early", NEXT) == pytest.approx(hand_early(), rel=0.15)
    assert scenario(found, "early").worth[4].likely > 0.95


def test_appeals_won_go_on_costing(found: Outlook) -> None:
    assert -saved(found, "tribunals", NEXT) == pytest.approx(hand_tribunals(), rel=0.05)


def test_the_document_has_the_figures_worked_out_here_and_those_of_the_run(found: Outlook) -> None:
    by_hand = (
        f"half of it in the first, £{hand_growth():,.0f}.",
        f"− £50,000 = £{round(-hand_places(), -2):,.0f} lost;",
        f"× 212/365 = £{round(hand_early(), -2):,.0f} saved.",
        f"£{hand_tribunals():,.0f} in the first year.",
        "£12.24m, £12.48m, £12.73m, £12.99m; worth by March 2030",
        f"above £12m together, £{sum(12 * 1.02**year - 12 for year in range(1, 5)):.2f}m",
        f"90% of £3.70m, £{0.9 * 3.7:.2f}m.",
        f"−£{(3.7 + 6) / 2:.2f}m half-way.",
        f"90% of £44.8m, £{0.9 * 44.8:.2f}m: £{0.1 * 44.8:.2f}m are left at 31 March 2026",
        f"£{78 - 0.9 * 44.8:.2f}m rather than £78.0m in March 2028",
    )
    of_the_run = [
        f"£{round(abs(saved(found, name, NEXT)), -2):,.0f} for {called}"
        for name, called in (
            ("growth", "growth"), ("places", "places"), ("early", "early intervention"), ("tribunals", "tribunals"),
        )
    ]  # fmt: skip
    for told in (*by_hand, *of_the_run):
        assert told in DOCUMENT, told


def test_places_that_run_out_are_as_the_document_works_them_out() -> None:
    """A tenth leave and forty come, each September."""
    full = read_inputs("full.json", (EXAMPLES / "full.json").read_bytes())
    (found,) = outlook(full, shipped_pack(), simulations=1_000, seed=2025).places
    children, years = 130.0, []
    for _ in range(4):
        children += 40 - children / 10
        years.append(round(children))
    waiting = years[0] - 140
    assert [year.children.p50 for year in found.years] == pytest.approx(years, abs=2)
    assert found.years[0].waiting.p50 == pytest.approx(waiting, abs=1)
    assert found.years[0].wait_weeks is not None
    assert found.years[0].wait_weeks.p50 == pytest.approx(waiting * 52 / 14, abs=2)
    first, second, third, fourth = years
    assert (
        f"{first}, {second}, {third} and {fourth} in the next four years. Places run out in {found.runs_out};"
        in DOCUMENT
    )
    assert f"{waiting} wait by March" in DOCUMENT
    assert f"{waiting} × 52 / 14 = {waiting * 52 / 14:.0f} weeks" in DOCUMENT


def test_the_stability_grant_and_a_stated_path_are_exact(found: Outlook) -> None:
    granted = scenario(found, "stability").years[NEXT].stability_grant_pence
    assert granted is not None
    assert granted.p10 == granted.p90 == round(0.9 * 370_000_000)
    stated = [year.reserve_pence.p50 for year in scenario(found, "stated").years]
    assert stated == [-370_000_000, -485_000_000, -600_000_000]


def test_the_shipped_scenarios_meet_the_review_at_its_points_with_and_without_the_grant(inputs: Inputs) -> None:
    shipped = outlook(inputs, shipped_pack(), simulations=50, seed=1)
    review = {year.financial_year: year.reserve_pence.p50 for year in scenario(shipped, "review").years}
    granted = {year.financial_year: year.reserve_pence.p50 for year in scenario(shipped, "review-with-grant").years}
    assert [review[2024], review[2025], review[2027]] == [-2_220_000_000, -4_480_000_000, -7_800_000_000]
    assert [granted[2024], granted[2025], granted[2027]] == [-2_220_000_000, -448_000_000, -3_768_000_000]
    assert granted[2027] - review[2027] == round(0.9 * 4_480_000_000)
    assert "31 March 2027 is on a straight line" in scenario(shipped, "review").assumes[-1]
    kinds = {measure.kind for one in shipped_pack().scenarios for measure in one.measures}
    assert kinds == {"growth", "places", "early-intervention", "tribunals"}


BASE = "- {name: base, title: Base, inflation: {percent: 0}, grant: {growth_percent: 0}}"
SO = "assumes: It is so as said."
PLACES = f"kind: places, provision: special, places: 10, opens: 2026-09-01, place_cost_pounds: 1, {SO}"
EARLY = f"kind: early-intervention, from: 2026-09-01, cost_pounds_a_year: 1, {SO}"
UPLIFT = f"kind: uplift, provision: special, {SO}"
STATED = "name: x, title: Ten, source: A report, assumes: [It says so itself.]"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("- {name: x, title: Ten, colour: red}", "scenario x.colour: is not a field here"),
        ("- {name: Big X, title: Ten}", "scenario Big X.name: String should match pattern"),
        ("- {title: Ten}", "scenario 2.name: is missing"),
        ("- {name: base, title: Again}", "two scenarios are called base"),
        ("- {name: x, title: Base}", "two scenarios have the title Base"),
        ("- {name: x, title: Ten, based_on: y}", "x is based_on y, which is no scenario above it"),
        ("- {name: x, title: Ten, inflation: {percent: 400}}", "scenario x.inflation.percent"),
        ("- {name: x, title: Ten, inflation: {percent: {26: 4}}}", "scenario x.inflation.percent"),
        ("- {name: x, title: Ten, override_ends: 2028-03-30}", "override_ends: 2028-03-30 is no 31 March"),
        ("- {name: x, title: Ten, measures: [{kind: hope, assumes: It is so as said.}]}", "scenario x.measures.0"),
        (f"- {{name: x, title: Ten, measures: [{{{UPLIFT}, percent: 301}}]}}", "less than or equal to 300"),
        (f"- {{name: x, title: Ten, measures: [{{{UPLIFT}, percent: 3, from: soon}}]}}", "scenario x.measures.0.from"),
        (f"- {{name: x, title: Ten, measures: [{{{PLACES}}}]}}", "scenario x.measures.0.instead_of: is missing"),
        (
            f"- {{name: x, title: Ten, measures: [{{{PLACES}, instead_of: [{{provision: boarding}}]}}]}}",
            "scenario x.measures.0.instead_of.0.provision",
        ),
        ("- {name: x, title: Ten, measures: [{kind: growth, joiners_percent: 10}]}", "measures.0.assumes: is missing"),
        (
            f"- {{name: x, title: Ten, measures: [{{{EARLY}, avoided_percent: {{low: 9, high: 3}}}}]}}",
            "low is 9, above high, 3",
        ),
        (
            f"- {{name: x, title: Ten, measures: [{{{EARLY}, delayed_percent: 5}}]}}",
            "delayed_percent and delay_months go together",
        ),
        (
            "- {name: x, title: Ten, stability_grant: {share_percent: 90, deficit_at: 2026-03-31, paid_in: 2024}}",
            "paid_in is before deficit_at",
        ),
        (
            f"- {{{STATED}, based_on: base, stated_reserve_pounds: {{2026-03-31: -1}}}}",
            "a stated reserve stands alone",
        ),
        ("- {name: x, title: Ten, stated_reserve_pounds: {2026-03-31: -1}}", "names its source and what it assumes"),
        (
            f"- {{{STATED}, stated_reserve_pounds: {{2026-03-01: -1}}}}",
            "2026-03-01 is no 31 March",
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_scenario_is_named_with_the_scenario_and_the_field(more: str, told: str) -> None:
    with pytest.raises(BadInput) as bad:
        read_pack("ours.yaml", f"scenarios:\n  {BASE}\n  {more}\n".encode())
    assert str(bad.value).startswith("ours.yaml: ")
    assert told in str(bad.value)


def test_a_fault_is_told_once_and_only_of_the_type_that_was_meant() -> None:
    more = f"- {{name: x, title: Ten, measures: [{{{EARLY}, avoided_percent: 120}}]}}"
    with pytest.raises(BadInput) as bad:
        read_pack("ours.yaml", f"scenarios:\n  {BASE}\n  {more}\n".encode())
    said = "ours.yaml: scenario x.measures.0.avoided_percent: Input should be less than or equal to 100."
    assert str(bad.value) == said


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"scenarios: [{name: a, name: b}]", "ours.yaml, line 1: name stands there twice."),
        (b"scenarios:\n- {override_ends: 2026-02-30}", "ours.yaml, line 2: 2026-02-30 is no date."),
        (b"[" * 5_000, "ours.yaml: this is nested too deeply."),
        (b"a: !!python/name:os.system", "ours.yaml, line 1: could not determine a constructor"),
        (f"colour: red\nscenarios:\n  {BASE}".encode(), "ours.yaml: colour: is not a field here."),
        (b"scenarios: [", "ours.yaml, line 1: this is not YAML."),
        (b"a: \xff", "ours.yaml: this is not YAML."),
        (b"- just a list", "ours.yaml: Input should be a valid dictionary"),
        (b"scenarios: []", "ours.yaml: scenarios: Tuple should have at least 1 item"),
        (b"scenarios: [{name: a, title: Alone}]", "a is the first: it has to say inflation and grant"),
        (b"x" * (1 << 18) + b"y", "more than 256 KiB"),
    ],
)
def test_a_file_that_holds_no_scenarios_is_refused_whole(raw: bytes, told: str) -> None:
    with pytest.raises(BadInput) as bad:
        read_pack("ours.yaml", raw)
    assert told in str(bad.value)


def test_what_no_open_appeal_says_is_left_out_and_said(inputs: Inputs) -> None:
    silent = inputs.model_copy(update={"appeals": inputs.appeals.model_copy(update={"sought_pence": ()})})
    pack = read_pack("measures.yaml", (EXAMPLES / "measures.yaml").read_bytes())
    found = outlook(silent, pack, simulations=10, seed=1)
    assert scenario(found, "tribunals").worth[4].saved_pence.p50 == 0
    assert any(note.startswith("Tribunals: What a won appeal costs is not known") for note in found.notes)


def test_a_grant_of_a_day_long_past_is_taken_to_be_in_the_reserve(inputs: Inputs) -> None:
    later = inputs.model_copy(update={
        "reference_day": date(2028, 6, 1), "funding": {2028: inputs.funding[2025]},
        "moves": tuple(move.model_copy(update={"year": 2027}) for move in inputs.moves),
    })  # fmt: skip
    found = outlook(later, shipped_pack(), simulations=10, seed=1)
    assert scenario(found, "stability-grant").worth[4].saved_pence.p50 == 0
    assert any("what the stability grant paid for 2026-03-31" in note for note in found.notes)


@pytest.mark.parametrize(
    ("day", "told"),
    [
        (
            "2026-03-31",
            "Ten: 2026-03-31 is past: the measure counts from 2026-04-01 on, beside what history has of it.",
        ),
        ("2030-04-01", "Ten: 2030-04-01 is after these years: the measure changes nothing in them."),
    ],
)
def test_a_measure_that_begins_outside_the_years_says_so(inputs: Inputs, day: str, told: str) -> None:
    more = f"- {{name: x, title: Ten, based_on: base, measures: [{{{UPLIFT}, percent: 3, from: {day}}}]}}"
    found = outlook(inputs, read_pack("ours.yaml", f"scenarios:\n  {BASE}\n  {more}\n".encode()), simulations=5, seed=1)
    assert told in found.notes
    changed = scenario(found, "x").worth[4].saved_pence.p50
    assert (changed == 0) == ("after" in told)


def test_packs_are_the_same_after_being_written() -> None:
    shipped = shipped_pack()
    assert read_pack("kept", shipped.written) == shipped
    assert Pack.model_validate_json(shipped.written).digest == shipped.digest
