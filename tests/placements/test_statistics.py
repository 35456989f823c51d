"""A register that was just filled: the planner knows of it at once, and a report of it is answered in time."""

import time

from fastapi.testclient import TestClient
from sqlalchemy import text

from hnb import database
from hnb.service import Service
from placements.statistics import ROWS_BEFORE
from tests.cases import LEICESTER, issued, made
from tests.journeys.waiting import until
from tests.placements.test_door import post

_KNOWN = text("SELECT n_distinct FROM pg_stats WHERE tablename = 'facts_made_child'")
CHILDREN, AT_ONCE = 3 * ROWS_BEFORE, 250


def test_a_register_just_filled_is_known_to_the_planner_before_anybody_waits(
    door: TestClient, service: Service
) -> None:
    for start in range(0, CHILDREN, AT_ONCE):
        children = range(start, start + AT_ONCE)
        post(door, [e for n in children for e in (issued(f"P-{n}", f"c{n}"), made(f"PL-{n}", child=f"c{n}"))])

    def known() -> bool:
        with database.reading(service.engine) as connection:
            return bool(connection.execute(_KNOWN).all())

    until(known)
    started = time.monotonic()
    answer = door.get("/waiting/summary", params={"authority": LEICESTER})
    assert (answer.json()["plans"], answer.json()["waiting"]) == (CHILDREN, [])
    assert time.monotonic() - started < 5, "every plan against every placement takes far longer"
