"""What stands, fact by fact, for an importer to compare with."""

import logging

import pytest
from fastapi.testclient import TestClient

from tests.cases import LEICESTER, ended, issued, made
from tests.placements.test_door import post

LEICESTERS = {"authority": LEICESTER}


def test_what_stands_is_read_page_by_page_with_its_time_source_and_id(door: TestClient) -> None:
    plans = [issued(f"P-{i}", f"child-{i}") for i in range(5)]
    ceased = ended("PL-1", "2025-12-31", time="2026-01-15T12:00:00.000007Z")
    post(door, [*plans, made("PL-1"), made("PL-1", provision="independent", time="2025-09-01T09:00:00Z"), ceased])
    read, after = [], ""
    for _ in range(3):
        page = door.get("/register", params=LEICESTERS | {"kind": "plan", "limit": 2, "after": after}).json()
        read += page["facts"]
        after = page["next"]
    assert after is None
    assert [fact["data"]["plan_id"] for fact in read] == [f"P-{i}" for i in range(5)]
    assert [(fact["id"], fact["source"]) for fact in read] == [(plan["id"], plan["source"]) for plan in plans]
    end, start = door.get("/register", params=LEICESTERS | {"kind": "placement"}).json()["facts"]
    assert (end["type"], end["time"]) == ("hnb.placement-ended.v1", "2026-01-15T12:00:00.000007Z")
    assert (start["data"]["provision"], start["time"]) == ("independent", "2025-09-01T09:00:00Z")


def test_what_stands_is_asked_for_one_authority_and_one_kind(door: TestClient) -> None:
    post(door, [issued("P-1", "a"), issued("P-2", "b") | {"authority": "E08000025"}])
    (fact,) = door.get("/register", params=LEICESTERS | {"kind": "plan"}).json()["facts"]
    assert fact["about"] == "plan/P-1"
    assert not door.get("/register", params=LEICESTERS | {"kind": "placement"}).json()["facts"]
    for wrong in ({"kind": "plan"}, LEICESTERS, LEICESTERS | {"kind": "child"}, {"authority": "", "kind": "plan"}):
        assert door.get("/register", params=wrong).status_code == 422


def test_asking_what_stands_logs_no_child(door: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post(door, [issued("P-1", "a-childs-pseudonym")])
    assert "a-childs-pseudonym" in door.get("/register", params=LEICESTERS | {"kind": "plan"}).text
    assert "a-childs-pseudonym" not in caplog.text
