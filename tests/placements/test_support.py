"""Early support: grants by programme and setting, pooled rooms, children helped, and plans that came later."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from placements.domain.support import break_even
from tests.cases import LEICESTER, Json, ceased, granted, issued, made, registered, withdrawn, yearly
from tests.journeys.waiting import until
from tests.placements.test_door import post

SHARED = 30_000_00


def support(door: TestClient, **asked: Any) -> Json:
    answer = door.get("/early-support", params={"authority": LEICESTER, "financial_year": 2025, **asked})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def once(pounds: int) -> Json:
    return {"amount_pence": pounds * 100, "per": "once"}


def test_grants_are_summed_by_programme_and_setting_for_the_days_of_the_year(door: TestClient) -> None:
    """A yearly price of 3,650 from 1 April 2025 to 30 September 2026: 3,650 in 2025-26, 183 days of 365 after it."""
    post(door, [
        registered("SCH-1", name="Overdale Junior School", provision="mainstream"),
        granted("GR-1", yearly(3_650), setting="SCH-1", children=5, end="2026-09-30"),
        granted("GR-2", once(1_350), setting="SCH-1", children=1, start="2025-09-01"),
        granted("GR-3", None, setting="SCH-1"),
        granted("GR-4", once(900), "inclusion-fund", setting="SCH-1", children=3),
        granted("GR-5", once(700), "early-intervention"),
        granted("GR-6", once(99_999), "sen-support"),
        granted("GR-7", once(500), start="2026-04-01", end="2027-03-31"),
    ])  # fmt: skip
    rows = {(r["programme"], r["setting_id"]): r for r in support(door)["settings"]}
    assert set(rows) == {("element-3", "SCH-1"), ("inclusion-fund", "SCH-1"), ("early-intervention", None)}
    element_3 = rows["element-3", "SCH-1"]
    assert element_3["setting_name"] == "Overdale Junior School"
    assert (element_3["grants"], element_3["without_a_price"], element_3["cost_pence"]) == (3, 1, 5_000_00)
    assert (element_3["children"], element_3["grants_without_children"]) == (6, 1)
    assert element_3["cost_per_child_pence"] == 833_33
    assert rows["early-intervention", None]["cost_per_child_pence"] is None, "nobody said how many children"
    assert support(door)["total"]["cost_pence"] == 5_000_00 + 900_00 + 700_00
    after = support(door, financial_year=2026)
    assert after["total"]["cost_pence"] == 500_00 + 1_830_00
    assert after["programmes"]["element-3"]["grants"] == 2


def test_pooled_group_provision_is_several_childrens_money_in_one_room(door: TestClient) -> None:
    """The review's visits: a school pools its pupils' money for one room."""
    post(door, [
        registered("SCH-1", name="Rainbow Room", provision="mainstream"),
        granted("GR-1", yearly(30_000), setting="SCH-1", children=7),
        granted("GR-2", yearly(4_800), setting="SCH-1", children=1),
        granted("GR-3", yearly(9_000), children=4),
        granted("GR-4", None, setting="SCH-1", children=2),
    ])  # fmt: skip
    pooled = {row["grant_id"]: row for row in support(door)["pooled"]}
    assert set(pooled) == {"GR-1", "GR-4"}
    assert (pooled["GR-1"]["children"], pooled["GR-1"]["cost_pence"]) == (7, SHARED)
    assert pooled["GR-1"]["cost_per_child_pence"] == 4_285_71
    assert pooled["GR-4"]["cost_per_child_pence"] is None


def test_later_plans_are_counted_among_the_children_who_are_known_alone(door: TestClient) -> None:
    post(door, [
        granted("GR-1", once(10_000), children=10, child_refs=["a", "b", "c", "d"], start="2025-09-01"),
        granted("GR-2", once(5_000), "inclusion-fund", child_refs=["a", "e"], start="2025-04-22"),
        issued("P-a", "a", "2025-05-06"), issued("P-b", "b", "2025-09-02"), ceased("P-b", "2026-01-01"),
        issued("P-c", "c", "2025-09-01"), issued("P-x", "x", "2025-10-01"),
    ])  # fmt: skip
    answer = support(door)
    element_3 = answer["programmes"]["element-3"]
    known = ("children", "children_known", "with_a_plan_before", "with_a_later_plan", "without_a_plan")
    # Of this grant alone a had a plan before it; of both, a was first helped in April, and the plan is later.
    assert [element_3[key] for key in known] == [10, 4, 2, 1, 1]
    assert [answer["total"][key] for key in known] == [12, 5, 1, 2, 2]


def test_no_saving_is_claimed_and_the_comparison_shows_its_assumption(door: TestClient) -> None:
    """30,000 and 40,000 a year are a mean of 35,000: 70,001 of support is what three such placements cost."""
    post(door, [
        issued("P-1", "a"), made("PL-1", yearly(30_000), child="a"), issued("P-2", "b"),
        made("PL-2", yearly(40_000), child="b"), made("PL-3", yearly(1_000_000), child="no-plan"),
        granted("GR-1", once(70_001)),
    ])  # fmt: skip
    comparison = support(door)["comparison"]
    assert (comparison["mean_plan_pence"], comparison["mean_plan_on"]) == (35_000_00, "2026-03-31")
    assert comparison["break_even_plans"] == 3
    assert comparison["assumption"].startswith("No saving is claimed")
    assert "saving" not in " ".join(key for key in comparison)


def test_without_a_priced_plan_there_is_no_comparison(door: TestClient) -> None:
    post(door, granted("GR-1", once(70_001)))
    comparison = support(door)["comparison"]
    assert (comparison["mean_plan_pence"], comparison["break_even_plans"]) == (None, None)
    assert [break_even(70_000, mean) for mean in (35_000, 34_999, None, 0)] == [2, 3, None, None]


def test_a_withdrawn_grant_helped_nobody(door: TestClient) -> None:
    grant = granted("GR-1", once(100), children=1)
    post(door, grant)
    assert support(door)["total"]["grants"] == 1
    post(door, withdrawn(grant))
    until(lambda: support(door)["total"]["grants"] == 0)
    assert support(door)["settings"] == []


@pytest.mark.parametrize(
    ("more", "field"),
    [({"children": 1, "child_refs": ["a", "b"]}, "data.child_refs"), ({"child_refs": ["a", "a"]}, "data.child_refs"),
     ({"child_refs": []}, "data.child_refs"), ({"child_refs": ["A123456789012"]}, "data.child_refs.0"),
     ({"child_refs": [f"c{i}" for i in range(251)]}, "data.child_refs")],
)  # fmt: skip
def test_children_named_twice_too_many_or_by_a_upn_are_refused(door: TestClient, more: Json, field: str) -> None:
    answer = post(door, granted("GR-1", once(100), **more))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_child_of_a_grant_is_no_subject(door: TestClient) -> None:
    answer = post(door, granted("GR-1", once(100), child_refs=["a", "b"]) | {"subject": "b"})
    assert [error["field"] for error in answer.json()["errors"]] == ["subject"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"authority": ""}, "authority"), ({"financial_year": "2025-26"}, "financial_year"),
     ({"financial_year": 1066}, "financial_year"), ({"format": "pdf"}, "format")],
)  # fmt: skip
def test_what_is_asked_wrongly_is_refused_by_field(door: TestClient, asked: Json, field: str) -> None:
    answer = door.get("/early-support", params={"authority": LEICESTER} | asked)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
