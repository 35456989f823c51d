"""The local alternative to a placement out of area: which setting, by which price, and how many could move at once."""

from datetime import date

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb.events import Cost
from placements.domain.alternatives import (
    Alternative,
    Away,
    Prices,
    Room,
    alternative,
    moves,
    options,
    phase_of,
    takes,
)
from placements.domain.area import LocalMean
from placements.domain.tariff import PriceKey
from tests.cases import LEICESTER, Json, issued, made, registered, yearly
from tests.placements.test_door import post

ON = "2026-01-31"
DAY = date(2026, 1, 31)


def a_year(pounds: int) -> Cost:
    return Cost.model_validate(yearly(pounds))


TARIFF = {
    PriceKey(2025, "special"): a_year(30_000),
    PriceKey(2025, "special", "FOSSE"): a_year(28_000),
    PriceKey(2025, "special", "FOSSE", "B"): a_year(41_000),
    PriceKey(2024, "hospital"): a_year(1),
}
PRICES = Prices(TARIFF, {"independent": LocalMean(72_000_00, 44)}, DAY)
ASH, FOSSE = Room("ASH", "Ash Field", "special", "all-through", 2), Room("FOSSE", "Fosse", "special", "primary", 1)


def away(
    phase: str = "primary", provision: str = "special", band: str = "", cost: int | None = 60_000_00, id: str = "PL-1"
) -> Away:
    return Away(id, provision, phase, band, cost)


def test_the_cheapest_place_free_is_named_with_the_tariffs_price() -> None:
    assert alternative(away(), [ASH, FOSSE], PRICES) == Alternative("tariff", "FOSSE", "Fosse", 28_000_00)


def test_the_band_of_the_placement_is_the_band_of_the_price() -> None:
    assert alternative(away(band="B"), [ASH, FOSSE], PRICES).setting_id == "ASH", "band B at Fosse costs 41,000"


def test_a_child_of_another_phase_gets_no_place_in_a_primary_school() -> None:
    assert alternative(away("secondary"), [FOSSE], PRICES) == Alternative("no-place")
    assert alternative(away("secondary"), [ASH, FOSSE], PRICES).setting_id == "ASH"


def test_without_a_tariff_for_it_a_place_costs_the_mean_of_its_line() -> None:
    room = Room("OAK", "Oak House", "independent", "", 1)
    assert alternative(away(provision="independent"), [room], PRICES) == Alternative(
        "line-mean", "OAK", "Oak House", 72_000_00
    )


def test_a_free_place_nobody_has_a_price_for_is_named_without_one() -> None:
    room = Room("WARD", "Ward 7", "hospital", "", 1)
    found = alternative(away(provision="hospital"), [room], PRICES)
    assert found == Alternative("not-priced", "WARD", "Ward 7"), "the tariff of the year before is no price for now"


def test_a_full_setting_is_no_alternative() -> None:
    assert alternative(away(), [Room("ASH", "Ash Field", "special", "", 0)], PRICES) == Alternative("no-place")


@pytest.mark.parametrize(
    ("setting", "child", "expected"),
    [("", "primary", True), ("primary", "not-known", True), ("All-through", "post-16", True),
     ("all through", "early-years", True), ("Middle deemed primary", "secondary", True), ("infant", "primary", True),
     ("16 plus", "post-16", True), ("post-16", "post-16", True), ("post-16", "secondary", False),
     ("Nursery", "early-years", True), ("early-years", "primary", False), ("secondary", "primary", False)],
)  # fmt: skip
def test_a_setting_takes_the_children_of_its_phase(setting: str, child: str, expected: bool) -> None:
    assert takes(setting, child) is expected


def test_where_the_childs_phase_is_not_known_that_of_its_setting_is_sought() -> None:
    assert phase_of("secondary", "primary") == "secondary"
    assert phase_of("not-known", "Primary") == "primary"
    assert phase_of("not-known", "all-through") == "not-known"


PLACEMENTS = st.lists(
    st.builds(
        Away, st.integers(1, 10_000).map(lambda n: f"PL-{n}"), st.sampled_from(["special", "independent"]),
        st.sampled_from(["primary", "secondary", "not-known"]), st.sampled_from(["", "B"]),
        st.none() | st.integers(0, 90_000_00),
    ),
    max_size=12, unique_by=lambda one: one.placement_id,
)  # fmt: skip
ROOMS = st.lists(
    st.builds(
        Room, st.sampled_from(["ASH", "FOSSE", "OAK", "ELM"]), st.just("A school"),
        st.sampled_from(["special", "independent"]), st.sampled_from(["", "primary", "secondary"]), st.integers(0, 3),
    ),
    max_size=4, unique_by=lambda one: one.setting_id,
)  # fmt: skip


@settings(deadline=None)
@given(PLACEMENTS, ROOMS)
def test_no_free_place_is_used_twice_and_nothing_is_gained_that_no_alternative_gains(
    placements: list[Away], rooms: list[Room]
) -> None:
    found = moves(placements, rooms, PRICES)
    best = [
        max(0, one.cost_a_year_pence - (first.cost_a_year_pence or 0))
        for one in placements
        if one.cost_a_year_pence is not None
        and (first := alternative(one, rooms, PRICES)).cost_a_year_pence is not None
    ]
    assert found.placements <= min(sum(room.free for room in rooms), sum(gain > 0 for gain in best))
    assert 0 <= found.difference_pence <= sum(best)
    assert (found.placements == 0) == (found.difference_pence == 0)


@settings(deadline=None)
@given(PLACEMENTS, ROOMS)
def test_with_room_for_all_everybody_moves_who_costs_less_there(placements: list[Away], rooms: list[Room]) -> None:
    wide = [Room(one.setting_id, one.name, one.provision, one.phase, len(placements) + 1) for one in rooms]
    gains = []
    for one in placements:
        there = alternative(one, wide, PRICES).cost_a_year_pence
        if one.cost_a_year_pence is not None and there is not None and there < one.cost_a_year_pence:
            gains.append(one.cost_a_year_pence - there)
    found = moves(placements, wide, PRICES)
    assert (found.placements, found.difference_pence) == (len(gains), sum(gains))


@settings(deadline=None)
@given(PLACEMENTS, ROOMS)
def test_every_option_is_of_the_provision_has_room_and_none_is_cheaper_than_the_first(
    placements: list[Away], rooms: list[Room]
) -> None:
    by_id = {room.setting_id: room for room in rooms}
    for one in placements:
        found = options(one, rooms, PRICES)
        priced = [option.cost_a_year_pence for option in found if option.cost_a_year_pence is not None]
        assert priced == sorted(priced)
        for option in found:
            room = by_id[option.setting_id or ""]
            assert (room.provision, room.free > 0) == (one.provision, True)


def out_of_area(door: TestClient) -> Json:
    answer = door.get("/out-of-area", params={"authority": LEICESTER, "on": ON})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_one_free_place_stands_beside_both_children_and_one_of_them_could_move(door: TestClient) -> None:
    post(door, [
        registered("AWAY", None, in_area=False, name="Far Hill"), registered("HOME", 2, "2020-01-01", name="Fosse"),
        registered("FULL", 1, "2020-01-01", name="Full"), registered("UNSAID", None, name="Unsaid"),
        issued("P-1", "a", year_group=3), made("PL-1", yearly(60_000), child="a", setting="AWAY"),
        made("PL-2", yearly(50_000), child="b", setting="AWAY"),
        made("PL-3", yearly(45_000), child="c", setting="AWAY", provision="hospital"),
        made("PL-4", yearly(34_000), child="d", setting="HOME"),
        made("PL-5", yearly(30_000), child="e", setting="FULL"),
    ])  # fmt: skip
    answer = out_of_area(door)
    rows = {row["placement_id"]: row for row in answer["placements"]}
    beside = ("phase", "alternative_basis", "alternative_setting_id", "alternative_a_year_pence",
              "alternative_difference_pence")  # fmt: skip
    assert {id: tuple(row[key] for key in beside) for id, row in rows.items()} == {
        "PL-1": ("primary", "line-mean", "HOME", 32_000_00, 28_000_00),
        "PL-2": ("not-known", "line-mean", "HOME", 32_000_00, 18_000_00),
        "PL-3": ("not-known", "no-place", None, None, None),
    }
    total = answer["total"]
    assert (total["with_alternative"], total["could_move"], total["could_move_difference_pence"]) == (2, 1, 28_000_00)
    assert "not an offer" in answer["alternative"]
