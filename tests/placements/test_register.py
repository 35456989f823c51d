"""The register: places, waits and clocks, as the latest facts have it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from placements.domain.clocks import clock
from tests.cases import LEICESTER, Json, ended, event, issued, made, withdrawn
from tests.journeys.waiting import until
from tests.placements.conftest import Metric
from tests.placements.test_door import post

TODAY = datetime.now(UTC).date()
AUTHORITY = {"authority": LEICESTER}


def setting(capacity: int = 10, **envelope: str) -> Json:
    data = {"setting_id": "SET-1", "name": "Ash Field Academy", "provision": "special", "in_area": True,
            "capacity": capacity}  # fmt: skip
    return event("setting-registered", data, **envelope)


def requested(request: str, received_on: str) -> Json:
    return event("assessment-requested", {"request_id": request, "child_ref": "c", "received_on": received_on})


def test_a_settings_places_are_filled_by_live_placements(door: TestClient, metric: Metric) -> None:
    post(door, [
        setting(12), setting(10, time="2025-08-01T00:00:00Z"), made("PL-1"), made("PL-2", child="b"),
        made("PL-3", end="2025-12-31", child="d"), made("PL-4", start=str(TODAY + timedelta(days=9)), child="e"),
        ended("PL-2", "2026-01-31"),
    ])  # fmt: skip
    (found,) = door.get("/settings").json()["settings"]
    assert (found["name"], found["capacity"], found["filled"]) == ("Ash Field Academy", 10, 1)
    labels = AUTHORITY | {"provision": "special"}
    assert metric("hnb_places", labels | {"state": "capacity"}) == 10
    assert metric("hnb_places", labels | {"state": "filled"}) == 1


def test_a_plan_waits_until_its_child_has_a_placement(door: TestClient, metric: Metric) -> None:
    ceased = event("ehcp-ceased", {"plan_id": "P-3", "ceased_on": "2026-01-01", "reason": 2})
    post(door, [issued("P-1", "a", primary_need="ASD"), issued("P-2", "b"), issued("P-3", "c"), ceased,
                made("PL-2", child="b")])  # fmt: skip
    (waiting,) = door.get("/waiting", params=AUTHORITY).json()["waiting"]
    assert (waiting["plan_id"], waiting["primary_need"]) == ("P-1", "ASD")
    assert waiting["days"] == (TODAY - date(2025, 5, 1)).days
    assert metric("hnb_plans", AUTHORITY) == 2
    assert metric("hnb_plans_waiting", AUTHORITY) == 1
    assert not door.get("/waiting", params={"authority": "E08000025"}).json()["waiting"]


def test_lists_are_read_page_by_page(door: TestClient) -> None:
    post(door, [issued(f"P-{i}", f"child-{i}") for i in range(5)])
    first = door.get("/waiting", params={"limit": 3}).json()
    rest = door.get("/waiting", params={"limit": 3, "after": first["next"]}).json()
    assert [w["plan_id"] for w in first["waiting"] + rest["waiting"]] == [f"P-{i}" for i in range(5)]
    assert rest["next"] is None


def test_a_request_runs_to_its_limit_until_it_has_a_plan(door: TestClient, metric: Metric) -> None:
    weeks_ago = str(TODAY - timedelta(weeks=7))
    decided = event("assessment-decided", {"request_id": "R-2", "decided_on": str(TODAY), "outcome": "assess"})
    refused = event("assessment-decided", {"request_id": "R-3", "decided_on": str(TODAY), "outcome": "refuse"})
    post(door, [*(requested(f"R-{i}", weeks_ago) for i in range(1, 5)), decided, refused,
                issued("P-4", "x", issued_on=str(TODAY), request_id="R-4")])  # fmt: skip
    clocks = {c["request_id"]: c for c in door.get("/statutory-clocks").json()["clocks"]}
    assert set(clocks) == {"R-1", "R-2"}
    assert (clocks["R-1"]["limit_weeks"], clocks["R-1"]["overdue"]) == (6, True)
    assert (clocks["R-2"]["limit_weeks"], clocks["R-2"]["overdue"], clocks["R-2"]["weeks"]) == (20, False, 7)
    assert metric("hnb_statutory_weeks_bucket", AUTHORITY | {"le": "16.0"}) == 1
    assert metric("hnb_statutory_weeks_bucket", AUTHORITY | {"le": "6.0"}) == 0


def test_the_register_forgets_what_is_withdrawn_and_falls_back_to_what_was_said_before(door: TestClient) -> None:
    before, wrong = issued("P-1", "a", primary_need="ASD"), issued("P-1", "a", primary_need="MLD")
    wrong["time"] = "2025-09-01T00:00:00Z"
    undo = withdrawn(wrong)
    post(door, [before, wrong])
    assert door.get("/waiting").json()["waiting"][0]["primary_need"] == "MLD"
    post(door, undo)
    until(lambda: door.get("/waiting").json()["waiting"][0]["primary_need"] == "ASD")
    post(door, withdrawn(undo, time="2026-06-01T00:00:00Z"))
    until(lambda: door.get("/waiting").json()["waiting"][0]["primary_need"] == "MLD")
    post(door, withdrawn(before))
    post(door, withdrawn(wrong, time="2026-07-01T00:00:00Z"))
    until(lambda: not door.get("/waiting").json()["waiting"])


@pytest.mark.parametrize(
    ("decided", "today", "limit", "due", "overdue"),
    [
        (None, "2026-01-05", 6, "2026-02-16", False),
        (None, "2026-02-16", 6, "2026-02-16", False),
        (None, "2026-02-17", 6, "2026-02-16", True),
        ("2026-02-10", "2026-05-25", 20, "2026-05-25", False),
        ("2026-02-10", "2026-05-26", 20, "2026-05-25", True),
    ],
)
def test_a_clocks_limit_is_met_on_its_last_day(
    decided: str | None, today: str, limit: int, due: str, overdue: bool
) -> None:
    day = date.fromisoformat
    at = clock(day("2026-01-05"), day(decided) if decided else None, day(today))
    assert (at.limit_weeks, at.due_on, at.overdue) == (limit, day(due), overdue)
