"""Who waits for a place and for how long; who is placed out of area, and what local places cost."""

from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from placements.domain.area import compare, local_means
from placements.domain.phases import phase
from tests.cases import (
    LEICESTER,
    Json,
    ceased,
    ended,
    issued,
    lodged,
    made,
    read,
    registered,
    repriced,
    withdrawn,
    yearly,
)
from tests.journeys.waiting import until
from tests.placements.conftest import Metric
from tests.placements.test_door import post

ON = "2026-01-31"


def waiting(door: TestClient, on: str = ON, **asked: Any) -> dict[str, Json]:
    answer = door.get("/waiting", params={"authority": LEICESTER, "on": on, **asked})
    assert answer.status_code == 200, answer.text
    return {one["plan_id"]: one for one in answer.json()["waiting"]}


def test_a_child_whose_placement_starts_later_waits_for_it_until_then(door: TestClient) -> None:
    post(door, [issued("P-1", "a", "2025-11-01"), made("PL-1", child="a", start="2026-02-23"),
                issued("P-2", "b", "2025-12-31")])  # fmt: skip
    assert set(waiting(door)) == {"P-2"}, "a place is to come for the other"
    assert waiting(door, only="to-come")["P-1"]["place_from"] == "2026-02-23"
    assert set(waiting(door, only="all")) == {"P-1", "P-2"}
    assert set(waiting(door, on="2026-02-22", only="all")) == {"P-1", "P-2"}
    assert set(waiting(door, on="2026-02-23", only="all")) == {"P-2"}


def test_a_wait_after_a_lost_place_runs_from_the_day_after_its_last(door: TestClient) -> None:
    post(door, [issued("P-1", "a", "2025-05-01"), made("PL-1", child="a", start="2025-06-02"),
                ended("PL-1", "2025-12-19")])  # fmt: skip
    found = waiting(door)["P-1"]
    assert (found["days"], found["waiting_since"], found["days_waiting"]) == (275, "2025-12-20", 42)
    assert not waiting(door, on="2025-12-19")
    assert waiting(door, on="2025-06-01", only="all")["P-1"]["days_waiting"] == 31


def test_a_placement_that_ends_before_it_starts_is_no_place(door: TestClient) -> None:
    post(door, [issued("P-1", "a", "2025-05-01"), made("PL-1", child="a", start="2026-09-01"),
                ended("PL-1", "2026-08-31")])  # fmt: skip
    assert waiting(door)["P-1"]["place_from"] is None


def test_a_plan_waits_from_the_day_it_is_issued_to_the_day_before_it_ceases(door: TestClient) -> None:
    cease = ceased("P-1", "2026-03-01")
    post(door, [issued("P-1", "a", "2025-05-01"), cease])
    waits = {on: set(waiting(door, on=on)) for on in ("2025-04-30", "2025-05-01", "2026-02-28", "2026-03-01")}
    assert list(waits.values()) == [set(), {"P-1"}, {"P-1"}, set()]
    post(door, withdrawn(cease))
    until(lambda: set(waiting(door, on="2026-03-01")) == {"P-1"})


def test_waits_are_counted_by_phase_need_and_what_the_family_seeks(door: TestClient, metric: Metric) -> None:
    sought = {"provision": "independent", "cost": yearly(66_500), "start_date": "2026-01-05"}
    post(door, [
        issued("P-1", "a", "2025-07-01", year_group=6, primary_need="SEMH"),
        issued("P-2", "b", "2025-12-01", year_group=7, primary_need="SEMH"),
        issued("P-3", "c", "2025-12-31", year_group=7, primary_need="SEMH"),
        issued("P-4", "d", "2025-12-01", year_group=9, primary_need="SEMH"), lodged("AP-1", child="d", sought=sought),
        issued("P-5", "e", "2025-12-01"), made("PL-5", child="e", start="2026-02-23"),
        issued("P-6", "f", "2025-12-01", year_group=1, primary_need="ASD"), made("PL-6", child="f"),
    ])  # fmt: skip
    answer = door.get("/waiting/summary", params={"authority": LEICESTER, "on": ON}).json()
    assert (answer["plans"], answer["on"]) == (6, ON)
    rows = [tuple(row.values())[1:] for row in answer["waiting"]]
    assert rows == [
        ("secondary", "SEMH", "independent", 1, 0, 61, 61),
        ("secondary", "SEMH", "not-known", 3, 0, 61, 214),  # Year 6 in July is Year 7 in September
        ("not-known", "not-known", "not-known", 0, 1, 61, 61),
    ]
    assert metric("hnb_plans_waiting", {"authority": LEICESTER}) == 4, "by today PL-5 has started"


@pytest.mark.parametrize(
    ("year_group", "issued_on", "on", "expected"),
    [(-1, "2025-09-01", "2026-08-31", "early-years"), (-1, "2025-09-01", "2026-09-01", "primary"),
     (11, "2025-08-31", "2025-09-01", "post-16"), (11, "2025-09-01", "2026-08-31", "secondary"),
     (20, "2025-09-01", "2026-08-31", "post-16"), (None, "2025-09-01", "2026-08-31", "not-known")],
)  # fmt: skip
def test_a_year_group_rises_each_first_of_september(
    year_group: int | None, issued_on: str, on: str, expected: str
) -> None:
    assert phase(year_group, date.fromisoformat(issued_on), date.fromisoformat(on)) == expected


def out_of_area(door: TestClient, **asked: Any) -> Json:
    answer = door.get("/out-of-area", params={"authority": LEICESTER, "on": ON, **asked})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_a_placement_out_of_area_stands_beside_the_mean_of_local_places(door: TestClient, metric: Metric) -> None:
    """Local: 30,000, 11,000 a term (33,000 a year) and 1,000 a week of 39 (39,000): a mean of 34,000."""
    post(door, [
        registered("AWAY", in_area=False, name="Far Hill"), registered("HOME"),
        made("PL-1", yearly(60_000), child="a", setting="AWAY"), repriced("PL-1", "2025-09-01", yearly(66_500)),
        repriced("PL-1", "2026-04-01", yearly(70_000)),
        made("PL-2", None, child="b", setting="AWAY"),
        made("PL-3", yearly(50_000), child="c", setting="AWAY", provision="hospital"),
        made("PL-4", yearly(90_000), child="d", setting="AWAY", end="2026-01-30"),
        made("PL-5", yearly(30_000), child="e", setting="HOME"),
        made("PL-6", {"amount_pence": 11_000_00, "per": "term"}, child="f", setting="HOME"),
        made("PL-7", {"amount_pence": 1_000_00, "per": "week"}, child="g", setting="HOME"),
        made("PL-8", {"amount_pence": 9_000_00, "per": "once"}, child="h", setting="HOME"),
        made("PL-9", yearly(1), child="i", setting="NOWHERE"),
    ])  # fmt: skip
    answer = out_of_area(door)
    rows = {row["placement_id"]: row for row in answer["placements"]}
    assert {id: (r["cost_a_year_pence"], r["local_mean_pence"], r["difference_pence"]) for id, r in rows.items()} == {
        "PL-1": (66_500_00, 34_000_00, 32_500_00), "PL-2": (None, 34_000_00, None), "PL-3": (50_000_00, None, None),
    }  # fmt: skip
    assert rows["PL-1"]["local_placements"] == 3
    totals = ("placements", "priced", "cost_a_year_pence", "compared", "compared_cost_a_year_pence",
              "compared_local_pence", "difference_pence")  # fmt: skip
    assert [answer["total"][key] for key in totals] == [3, 2, 116_500_00, 1, 66_500_00, 34_000_00, 32_500_00]
    assert answer["setting_not_registered"] == 1
    assert "assumes" in answer["assumption"]
    assert out_of_area(door, on="2026-04-01")["placements"][0]["cost_a_year_pence"] == 70_000_00
    assert metric("hnb_placements_out_of_area", {"authority": LEICESTER, "provision": "special"}) == 2


def test_pages_of_placements_out_of_area_tell_the_same_totals(door: TestClient) -> None:
    post(door, [registered("AWAY", in_area=False), *(made(f"PL-{i}", yearly(i), child=f"c{i}", setting="AWAY")
                                                     for i in range(1, 6))])  # fmt: skip
    first = out_of_area(door, limit=3)
    rest = out_of_area(door, limit=3, after=first["next"])
    assert [r["placement_id"] for r in first["placements"] + rest["placements"]] == [f"PL-{i}" for i in range(1, 6)]
    assert (first["total"], rest["next"]) == (rest["total"], None)


def test_a_withdrawn_repricing_no_longer_counts(door: TestClient) -> None:
    uplift = repriced("PL-1", "2025-09-01", yearly(66_500))
    post(door, [registered("SET-1", in_area=False), made("PL-1", yearly(60_000)), uplift])
    assert out_of_area(door)["total"]["cost_a_year_pence"] == 66_500_00
    post(door, withdrawn(uplift))
    until(lambda: out_of_area(door)["total"]["cost_a_year_pence"] == 60_000_00)


def test_out_of_area_is_asked_of_one_authority(door: TestClient) -> None:
    answer = door.get("/out-of-area")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["authority"]


def test_a_local_mean_rounds_half_up_and_leaves_out_what_has_no_yearly_price() -> None:
    costs = [event.data.cost for event in read(made("A", {"amount_pence": 1, "per": "year"}),  # type: ignore[attr-defined]
                                               made("B", {"amount_pence": 2, "per": "year"}),
                                               made("C", {"amount_pence": 9, "per": "once"}))]  # fmt: skip
    means = local_means([("special", costs[0], 1), ("special", costs[1], 1), ("special", costs[2], 7)])
    assert (means["special"].pence, means["special"].placements) == (2, 2)
    assert compare("hospital", costs[0], means).difference_pence is None
