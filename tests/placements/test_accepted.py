"""What a feed is told of the events it sent before."""

from fastapi.testclient import TestClient

from tests.cases import CASES, LEICESTER, made

BATCH = {"content-type": "application/cloudevents-batch+json"}


def test_a_feed_is_told_which_of_its_events_were_accepted_as_they_came(door: TestClient) -> None:
    sent = [made("PL-1", id="a"), made("PL-2", id="b"), made("PL-3", id="c", source="/another")]
    assert door.post("/events", json=sent, headers=BATCH).status_code == 200
    query = {"authority": LEICESTER, "source": CASES, "id": ["b", "a", "c", "never"]}
    assert door.get("/events", params=query).json() == {"events": sent[:2]}


def test_what_another_council_sent_is_not_told(door: TestClient) -> None:
    door.post("/events", json=[made("PL-1", id="a", authority="E06000001")], headers=BATCH)
    query = {"authority": LEICESTER, "source": CASES, "id": ["a"]}
    assert door.get("/events", params=query).json() == {"events": []}


def test_more_than_can_be_asked_at_once_is_refused_by_name(door: TestClient) -> None:
    query = {"authority": LEICESTER, "source": CASES, "id": [f"e-{i}" for i in range(501)]}
    answer = door.get("/events", params=query)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "id")
    assert door.get("/events", params={"authority": LEICESTER, "source": CASES}).status_code == 422
