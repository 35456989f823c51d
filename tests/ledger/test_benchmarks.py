"""Councils beside each other: rates, medians and ranks by hand, and growth that sums to the penny."""

from collections.abc import Iterable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb_local.simulator.published import made_up_files
from ledger.api.benchmarks import shown
from ledger.domain.benchmarks import Compared, NotKnown, Published, comparators_of, compare, growth, median, split
from ledger.published.editions import Figure
from ledger.published.reading import read_csv
from tests.ledger.published_files import BRISTOL, DERBY, ENGLAND, LEICESTER, NAMES

NOTTINGHAM = "E06000018"
PLANS_UP = st.integers(1, 1_000_000)
PENCE = st.integers(0, 10**14)


def published(*figures: tuple[str, str, int, int | str]) -> Published:
    return Published(
        Figure(who, what, year, None, value) if isinstance(value, str) else Figure(who, what, year, value)
        for who, what, year, value in figures
    )


def one(found: Iterable[Compared], name: str) -> Compared:
    return next(rate for rate in found if rate.rate.name == name)


def test_plans_are_set_against_the_population_of_the_summer_before() -> None:
    known = published(
        (LEICESTER, "plans", 2025, 4_000), (LEICESTER, "population_0_25", 2024, 100_000),
        (LEICESTER, "population_0_25", 2025, 999), (DERBY, "plans", 2025, 3_000),
        (DERBY, "population_0_25", 2024, 60_000), (ENGLAND, "plans", 2025, 600_000),
        (ENGLAND, "population_0_25", 2024, 20_000_000),
    )  # fmt: skip
    found = one(compare(known, LEICESTER, [DERBY]), "plans")
    assert (found.year, found.of_year) == (2025, 2024)
    assert (found.authority.rate, found.comparators[0].rate, found.england) == (Fraction(4), Fraction(5), Fraction(3))
    assert (found.authority.rank, found.comparators[0].rank, found.ranked) == (2, 1, 2)


def test_where_no_newer_population_is_known_the_last_one_serves() -> None:
    known = published((LEICESTER, "appeals", 2025, 88), (LEICESTER, "population_0_25", 2023, 110_000))
    found = one(compare(known, LEICESTER, []), "appeals")
    assert (found.authority.rate, found.of_year) == (Fraction(8), 2023)


def test_equals_share_a_place_and_what_is_withheld_has_none() -> None:
    population = [(who, "population_0_25", 2024, 10_000) for who in (LEICESTER, DERBY, BRISTOL, NOTTINGHAM)]
    known = published(
        (LEICESTER, "appeals", 2024, 10), (DERBY, "appeals", 2024, 10), (BRISTOL, "appeals", 2024, 20),
        (NOTTINGHAM, "appeals", 2024, "c"), *population,
    )  # fmt: skip
    found = one(compare(known, LEICESTER, [DERBY, BRISTOL, NOTTINGHAM]), "appeals")
    assert found.authority.rank == 2
    assert [place.rank for place in found.comparators] == [2, 1, None]
    assert found.comparators[2].why == "withheld, so that nobody can be told from it"
    assert (found.median, found.ranked) == (Fraction(15), 3)


def test_a_withheld_line_leaves_spending_unknown_and_a_line_that_is_none_adds_nothing() -> None:
    base = (LEICESTER, "population_0_25", 2024, 100)
    known = published((LEICESTER, "outturn:1.2.3", 2024, 700), (LEICESTER, "outturn:1.2.13", 2024, "z"),
                      (LEICESTER, "outturn:1.9.1", 2024, 10**9), base)  # fmt: skip
    assert one(compare(known, LEICESTER, []), "spend_per_head").authority.rate == 7
    withheld = published((LEICESTER, "outturn:1.2.3", 2024, 700), (LEICESTER, "outturn:1.2.13", 2024, "c"), base)
    assert compare(withheld, LEICESTER, []) == []


def test_what_was_planned_counts_only_where_no_outturn_is_known() -> None:
    budget = (LEICESTER, "budget:1.2.3", 2025, 900)
    assert published(budget).told(LEICESTER, "spend", 2025).value == 900
    both = published(budget, (LEICESTER, "outturn:1.2.3", 2024, 700))
    assert both.years(LEICESTER, "spend") == [2024]


def test_the_median_is_the_middle_or_between_the_two() -> None:
    assert median([]) is None
    assert median([Fraction(3), Fraction(1), Fraction(2)]) == 2
    assert median([Fraction(4), Fraction(1)]) == Fraction(5, 2)


def test_growth_by_hand_gives_what_both_made_half_to_each() -> None:
    # 100 plans at £10 become 120 at £15: 20 more at £10 is £200, £5 more on 100 is £500, and both together £100.
    found = split(LEICESTER, (2023, 2024), (100, 120), (100_000, 180_000))
    assert (found.caseload_pence, found.price_pence, found.whole_pence) == (25_000, 55_000, 80_000)
    assert found.caseload_share == Fraction(25, 80)


@settings(deadline=None)
@given(PLANS_UP, PLANS_UP, PENCE, PENCE)
def test_caseload_and_price_sum_to_the_growth_to_the_penny(before: int, after: int, was: int, now: int) -> None:
    found = split(LEICESTER, (2023, 2024), (before, after), (was, now))
    assert found.caseload_pence + found.price_pence == now - was
    exact = Fraction(after - before) * (Fraction(was, before) + Fraction(now, after)) / 2
    assert abs(found.caseload_pence - exact) <= Fraction(1, 2)
    back = split(LEICESTER, (2023, 2024), (after, before), (now, was))
    assert abs(found.caseload_pence + back.caseload_pence) <= 1


@settings(deadline=None)
@given(PLANS_UP, PLANS_UP, st.integers(1, 10**7))
def test_at_one_price_all_growth_is_caseload_and_with_one_caseload_all_is_price(
    before: int, after: int, price: int
) -> None:
    same_price = split(LEICESTER, (2023, 2024), (before, after), (before * price, after * price))
    assert same_price.price_pence == 0
    same_plans = split(LEICESTER, (2023, 2024), (before, before), (before * price, after * price))
    assert same_plans.caseload_pence == 0


def test_growth_needs_plans_and_spending_in_both_years() -> None:
    spent = [(LEICESTER, "outturn:1.2.3", year, 1_000) for year in (2022, 2023, 2024)]
    known = published(*spent, (LEICESTER, "plans", 2024, 10), (LEICESTER, "plans", 2025, 0))
    assert growth(known, LEICESTER) is None
    known = published(*spent, (LEICESTER, "plans", 2024, 10), (LEICESTER, "plans", 2025, 12))
    found = growth(known, LEICESTER)
    assert found is not None
    assert (found.first_year, found.last_year, found.plans) == (2023, 2024, (10, 12))
    assert growth(known, LEICESTER, (2022, 2024)) is None


def test_a_council_is_known_by_its_code_its_name_or_enough_of_it() -> None:
    names = {**NAMES, "E08000025": "Birmingham", "E06000001": "Bristow", ENGLAND: "England"}
    assert comparators_of(["derby", BRISTOL, "Birm", "Derby "], names, LEICESTER) == [DERBY, BRISTOL, "E08000025"]
    for asked, says in (
        ("Brist", "could be Bristow, Bristol, City of"), ("Atlantis", "no published file names 'Atlantis'"),
        ("Leicester", "no comparator of itself"), ("England", "always shown"),
    ):  # fmt: skip
        with pytest.raises(NotKnown, match=says):
            comparators_of([asked], names, LEICESTER)


def test_the_demos_files_say_of_leicester_what_the_review_does() -> None:
    editions = [read_csv(name, text.encode()) for name, text in made_up_files().items()]
    known = Published(figure for edition in editions for figure in edition.figures)
    near = next(edition.neighbours for edition in editions if edition.neighbours)
    found = compare(known, LEICESTER, near[LEICESTER])
    said = {rate.rate.name: (shown(rate.authority.rate, "percent"), shown(rate.england, "percent")) for rate in found}
    assert said["pupils_with_plan"] == (4.6, 5.3)
    assert said["sen_support"] == (12.3, 14.2)
    assert known.told(ENGLAND, "plans", 2025).value == 638_745
    nation = growth(known, ENGLAND)
    assert nation is not None
    assert nation.caseload_share is not None
    assert round(float(nation.caseload_share), 3) == 0.907
    assert {rate.rate.name for rate in found} == {
        "pupils_with_plan", "sen_support", "plans", "appeals", "spend_per_head", "spend_per_plan",
    }  # fmt: skip
