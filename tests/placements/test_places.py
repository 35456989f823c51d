"""Settings and their places: capacity by day, children, vacancies, rooms over-full, commissioned places."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from placements.domain.places import Occupancy, occupancy
from tests.cases import LEICESTER, Json, commissioned, ended, made, registered, withdrawn, yearly
from tests.journeys.waiting import until
from tests.placements.conftest import Metric
from tests.placements.test_door import post

RAINBOW = "rainbow-room"


def settings(door: TestClient, **asked: Any) -> dict[str, Json]:
    answer = door.get("/settings", params={"authority": LEICESTER, **asked})
    assert answer.status_code == 200, answer.text
    return {one["setting_id"]: one for one in answer.json()["settings"]}


def test_capacity_is_a_step_from_the_day_each_registration_names(door: TestClient) -> None:
    post(door, [
        registered(capacity=12, capacity_from="2026-09-01", time="2025-06-01T09:00:00Z"),
        registered(capacity=10, time="2025-04-01T09:00:00Z"),
        registered(capacity=8, capacity_from="2024-09-01", time="2025-07-01T09:00:00Z"),
    ])  # fmt: skip
    on = {day: settings(door, on=day)["SET-1"]["capacity"] for day in (
        "2024-08-31", "2024-09-01", "2025-03-31", "2025-04-01", "2026-08-31", "2026-09-01")}  # fmt: skip
    assert list(on.values()) == [None, 8, 8, 10, 10, 12]


def test_of_two_capacities_for_one_day_the_later_said_stands_whichever_came_first(door: TestClient) -> None:
    later = registered(capacity=11, capacity_from="2025-09-01", time="2025-08-02T09:00:00Z")
    earlier = registered(capacity=9, capacity_from="2025-09-01", time="2025-08-01T09:00:00Z")
    post(door, later)
    post(door, earlier)
    assert settings(door, on="2025-09-01")["SET-1"]["capacity"] == 11
    post(door, withdrawn(later))
    until(lambda: settings(door, on="2025-09-01")["SET-1"]["capacity"] == 9)
    post(door, withdrawn(earlier))
    until(lambda: not settings(door, on="2025-09-01"))


def test_a_registration_that_names_no_capacity_leaves_it_as_it_was(door: TestClient) -> None:
    renamed = registered(capacity=None, name="Ash Field School", time="2025-09-01T09:00:00Z")
    post(door, [registered(capacity=10), renamed])
    found = settings(door, on="2025-10-01")["SET-1"]
    assert (found["name"], found["capacity"]) == ("Ash Field School", 10)


def test_the_rainbow_room_is_over_full_with_eleven_children_in_ten_places(door: TestClient, metric: Metric) -> None:
    """The review's own case: a provision of 10 places, full at 11. Six more are due in September."""
    eleven = [made(f"PL-{i}", child=f"c{i}", setting=RAINBOW, start="2025-09-01") for i in range(11)]
    six = [made(f"PL-{i}", child=f"c{i}", setting=RAINBOW, start="2027-09-01") for i in range(11, 17)]
    quiet = registered("SET-2", 4, name="The Lodge", provision="special")
    paid_for = commissioned("CP-1", 12, yearly(10_000))
    paid_for["data"] |= {"setting_id": RAINBOW, "end_date": "2030-08-31"}
    post(door, [registered(RAINBOW, 10, name="Rainbow Room", provision="resourced-provision"), quiet, paid_for,
                *eleven, *six, made("PL-99", child="c99", setting="SET-2")])  # fmt: skip
    room = settings(door)[RAINBOW]
    assert {k: room[k] for k in ("capacity", "filled", "vacancies", "over", "occupancy_percent")} == {
        "capacity": 10, "filled": 11, "vacancies": 0, "over": 1, "occupancy_percent": 110,
    }  # fmt: skip
    assert (room["commissioned"], room["commissioned_empty"]) == (12, 1)
    assert settings(door, on="2027-09-01")[RAINBOW]["filled"] == 17
    assert set(settings(door, only="over-full")) == {RAINBOW}
    assert set(settings(door, only="vacant")) == {"SET-2"}
    labels = {"authority": LEICESTER, "provision": "resourced-provision"}
    assert [metric("hnb_places", labels | {"state": s}) for s in ("capacity", "filled", "vacant", "over")] == [
        10, 11, 0, 1,
    ]  # fmt: skip


def test_a_child_takes_one_place_however_many_of_its_placements_are_live(door: TestClient) -> None:
    post(door, [registered(), made("PL-1"), made("PL-2"), made("PL-3", child="b"), ended("PL-3", "2025-12-31")])
    assert settings(door, on="2025-12-31")["SET-1"]["filled"] == 2
    assert settings(door, on="2026-01-01")["SET-1"]["filled"] == 1
    assert settings(door, on="2025-03-31")["SET-1"]["filled"] == 0


def test_a_setting_of_unknown_capacity_has_neither_vacancies_nor_a_percentage(door: TestClient) -> None:
    post(door, [registered(capacity=None), made("PL-1")])
    found = settings(door)["SET-1"]
    assert (found["filled"], found["vacancies"], found["over"], found["occupancy_percent"]) == (1, None, None, None)


@pytest.mark.parametrize(
    ("capacity", "filled", "expected"),
    [(8, 7, Occupancy(1, 0, 88)), (0, 0, Occupancy(0, 0, None)), (0, 2, Occupancy(0, 2, None)),
     (None, 3, Occupancy(None, None, None)), (200, 191, Occupancy(9, 0, 96))],
)  # fmt: skip
def test_occupancy_rounds_half_up_and_is_no_percentage_of_no_places(
    capacity: int | None, filled: int, expected: Occupancy
) -> None:
    assert occupancy(capacity, filled) == expected


def test_the_same_setting_of_two_councils_is_two_settings_and_pages_lose_neither(door: TestClient) -> None:
    birmingham = "E08000025"
    post(door, [registered(s, 5, authority=a) for s in ("A", "B") for a in (LEICESTER, birmingham)])
    found, after = [], ""
    while after is not None:
        page = door.get("/settings", params={"limit": 1, "after": after}).json()
        found += [(one["authority"], one["setting_id"]) for one in page["settings"]]
        after = page["next"]
    assert found == [(LEICESTER, "A"), (LEICESTER, "B"), (birmingham, "A"), (birmingham, "B")]


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"on": "31/03/2026"}, "on"), ({"on": "2026-02-30"}, "on"), ({"on": "1762128000"}, "on"),
     ({"on": "2500-01-01"}, "on"), ({"only": "full"}, "only"), ({"limit": "0"}, "limit"), ({"limit": "x"}, "limit"),
     ({"authority": "leicester"}, "authority"), ({"format": "xlsx"}, "format")],
)  # fmt: skip
@pytest.mark.parametrize("route", ["/settings", "/waiting"])
def test_what_is_asked_wrongly_is_refused_by_field(
    door: TestClient, route: str, asked: dict[str, str], field: str
) -> None:
    answer = door.get(route, params=asked)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_a_day_without_a_capacity_is_refused_at_the_door(door: TestClient) -> None:
    answer = post(door, registered(capacity=None, capacity_from="2025-09-01"))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["data.capacity_from"]
