"""Any part of the journal, counted, and put on its way again a page at a time."""

from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text

from hnb.database import reading
from hnb.service import Service
from tests.cases import FINANCE, LEICESTER, budget, ended, made, withdrawn
from tests.placements.test_door import post

BIRMINGHAM = "E08000025"
PLACEMENT = made("PL-1", id="a")
EVENTS = [
    PLACEMENT, ended("PL-1", "2025-12-19", id="b"), budget("special", 1, id="c"), withdrawn(PLACEMENT, id="d"),
    made("PL-2", id="e", authority=BIRMINGHAM),
]  # fmt: skip


def sent_again(service: Service, door: TestClient, **part: Any) -> list[str]:
    """The ids of what a replay of a part puts in the outbox, two a page."""
    with reading(service.engine) as connection:
        before = connection.scalar(text("SELECT coalesce(max(seq), 0) FROM outbox"))
    found, after = 0, ""
    while after is not None:
        page = door.post("/journal/replay", params={**part, "after": after, "limit": 2}).json()
        found, after = found + page["events"], page["next"]
    with reading(service.engine) as connection:
        asked = text("SELECT CAST(body AS json) ->> 'id' FROM outbox WHERE seq > :before ORDER BY seq")
        ids = [str(id) for id in connection.scalars(asked, {"before": before})]
    assert len(ids) == found == door.get("/journal", params=part).json()["events"]
    return ids


def test_any_part_of_the_journal_is_sent_again_whole_and_in_one_order(service: Service, door: TestClient) -> None:
    post(door, EVENTS)
    assert sorted(sent_again(service, door)) == ["a", "b", "c", "d", "e"]
    assert sent_again(service, door, authority=LEICESTER, type="placement") == ["a", "b"]
    assert sent_again(service, door, type="placement-made") == ["a", "e"]
    assert sent_again(service, door, type="hnb.event-withdrawn.v1") == ["d"]
    assert sent_again(service, door, source=FINANCE) == ["c"]
    assert sent_again(service, door, source=PLACEMENT["source"], id="b") == ["b"]
    assert sent_again(service, door, until="2020-01-01T00:00:00Z") == []
    assert sorted(sent_again(service, door, since="2020-01-01T00:00:00Z")) == ["a", "b", "c", "d", "e"]


def test_a_part_that_there_cannot_be_is_refused(door: TestClient) -> None:
    for wrong in ({"type": "placemnt"}, {"id": "a"}, {"since": "yesterday"}, {"authority": "Leicester"}):
        assert door.get("/journal", params=wrong).status_code == 422
        assert door.post("/journal/replay", params=wrong).status_code == 422
    assert door.post("/journal/replay", params={"after": "x"}).status_code == 422
