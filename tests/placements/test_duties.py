"""What is due by a day, asked of the register: phase transfers, tribunal orders, appeal windows."""

from fastapi.testclient import TestClient

from tests.cases import (
    LEICESTER,
    appealed,
    ceased,
    closed,
    decided,
    issued,
    made,
    mediated,
    requested,
    settled,
    withdrawn,
)
from tests.cases import event as said
from tests.placements.conftest import On
from tests.placements.test_door import post


def test_phase_transfers_are_told_by_the_year_group_of_the_plan_in_force(door: TestClient, on: On) -> None:
    infant = said("setting-registered", {"setting_id": "SET-1", "name": "Imperial Avenue Infant School",
                                         "provision": "mainstream", "phase": "Infant", "in_area": True})  # fmt: skip
    post(door, [
        infant, made("PL-9", start="2025-09-01", child="a"),
        issued("P-1", "a", "2024-10-01", year_group=1),  # year 2 now, at an infant school
        issued("P-2", "b", "2023-05-01", year_group=3),  # year 6 now
        issued("P-3", "c", "2024-10-01", year_group=10),  # year 11 now
        issued("P-4", "d", "2024-10-01", year_group=5, amended_on="2026-02-15"),
        issued("P-5", "e", "2024-10-01", year_group=5), made("PL-5", start="2026-09-01", child="e",
                                                             time="2026-02-20T09:00:00Z"),
        issued("P-6", "f", "2024-10-01", year_group=5), ceased("P-6", "2025-12-31"),
        issued("P-7", "g", "2024-10-01", year_group=2), issued("P-8", "h", "2024-10-01"),
    ])  # fmt: skip
    found = on("2026-02-16").get("/phase-transfers", params={"authority": LEICESTER}).json()
    assert {t["plan_id"]: (t["transfer"], t["due_on"], t["state"], t["met_on"]) for t in found["phase_transfers"]} == {
        "P-1": ("infant-to-junior", "2026-02-15", "overdue", None),
        "P-2": ("primary-to-secondary", "2026-02-15", "overdue", None),
        "P-3": ("secondary-to-post-16", "2026-03-31", "running", None),
        "P-4": ("primary-to-secondary", "2026-02-15", "met", "2026-02-15"),
        "P-5": ("primary-to-secondary", "2026-02-15", "overdue", "2026-02-20"),
    }
    assert found["year"] == 2026
    assert found["summary"] == [
        {"due_on": "2026-02-15", "state": "met", "plans": 1},
        {"due_on": "2026-02-15", "state": "overdue", "plans": 3},
        {"due_on": "2026-03-31", "state": "running", "plans": 1},
    ]
    later = on("2026-02-21").get("/phase-transfers").json()["phase_transfers"]
    assert {t["plan_id"]: t["state"] for t in later}["P-5"] == "late"
    assert on("2026-09-01").get("/phase-transfers").json()["year"] == 2027


def test_a_plan_amended_again_in_the_summer_was_still_amended_in_time(door: TestClient, on: On) -> None:
    first = issued("P-1", "a", "2024-10-01", year_group=5, amended_on="2026-02-10")
    again = issued("P-1", "a", "2024-10-01", year_group=5, amended_on="2026-06-01") | {"time": "2026-06-01T09:00:00Z"}
    post(door, [first, again])
    (found,) = on("2026-07-01").get("/phase-transfers").json()["phase_transfers"]
    assert (found["state"], found["met_on"]) == ("met", "2026-02-10")


def test_orders_are_met_by_what_the_register_learns_after_them(door: TestClient, on: On) -> None:
    post(door, [
        issued("P-1", "a", amended_on="2026-03-20"), appealed("AP-1", "2025-11-01", "a", sections=["B", "F"]),
        settled("AP-1", "2026-03-02"),
        requested("R-2", "2025-09-01", "b"), decided("R-2", "2026-03-17", time="2026-03-17T09:00:00Z"),
        appealed("AP-2", "2025-11-01", "b", appeal_type="refusal-to-assess"),
        settled("AP-2", "2026-03-02", "part-upheld"),
        appealed("AP-3", "2025-11-01", "c", sections=["I"]), settled("AP-3", "2026-03-02", "dismissed"),
        issued("P-4", "d", amended_on="2026-02-20"), appealed("AP-4", "2025-11-01", "d"),
        settled("AP-4", "2026-03-02", "conceded"),
    ])  # fmt: skip
    found = on("2026-04-01").get("/tribunal-deadlines", params={"authority": LEICESTER}).json()["deadlines"]
    assert [(d["appeal_id"], d["duty"], d["due_on"], d["met_on"], d["state"]) for d in found] == [
        ("AP-2", "start the assessment", "2026-03-16", "2026-03-17", "late"),
        ("AP-1", "amend the plan", "2026-04-06", "2026-03-20", "met"),
        ("AP-4", "amend the plan", "2026-04-06", "2026-02-20", "met"),
        ("AP-2", "send the final plan", "2026-06-08", None, "running"),
    ]
    late = on("2026-04-01").get("/tribunal-deadlines?state=late&state=overdue").json()["deadlines"]
    assert [d["appeal_id"] for d in late] == ["AP-2"]
    assert "child" not in str(found)


def test_an_appeal_window_stays_open_for_the_certificate_of_a_mediation(door: TestClient, on: On) -> None:
    post(door, [
        requested("R-1", "2025-12-01", "a"), decided("R-1", "2026-01-12", "refuse"),
        requested("R-2", "2025-10-01", "b"), closed("R-2", "2026-01-12"),
        mediated("M-2", "2026-03-05", "b", "unresolved"),
        issued("P-3", "c", "2026-01-20"), appealed("AP-3", "2026-02-01", "c"),
    ])  # fmt: skip
    windows = {w["reference"]: w for w in on("2026-03-12").get("/appeal-windows").json()["windows"]}
    assert windows["R-1"]["window_ends_on"] == "2026-03-12"
    assert windows["R-2"]["window_ends_on"] == "2026-04-10"  # Thursday 5 March, three working days: the 10th
    assert (windows["P-3"]["window_ends_on"], windows["P-3"]["lodged_on"]) == ("2026-03-20", "2026-02-01")
    assert set(windows) == {"R-1", "R-2", "P-3"}
    assert "R-1" not in {w["reference"] for w in on("2026-03-13").get("/appeal-windows").json()["windows"]}


def test_an_amendment_withdrawn_by_mistake_still_met_its_day(door: TestClient, on: On) -> None:
    first = issued("P-1", "a", "2024-10-01", year_group=5, amended_on="2026-02-10")
    again = issued("P-1", "a", "2024-10-01", year_group=5, amended_on="2026-06-01") | {"time": "2026-06-01T09:00:00Z"}
    mistake = withdrawn(first)
    post(door, [first, again, mistake])
    (found,) = on("2026-07-01").get("/phase-transfers").json()["phase_transfers"]
    assert (found["state"], found["met_on"]) == ("late", "2026-06-01")
    post(door, [withdrawn(mistake) | {"time": "2026-06-02T09:00:00Z"}])
    (found,) = on("2026-07-01").get("/phase-transfers").json()["phase_transfers"]
    assert (found["state"], found["met_on"]) == ("met", "2026-02-10")
