"""A register that was just filled: the planner knows of it at once, and what cannot be counted harms nothing else."""

from datetime import date

from fastapi.testclient import TestClient
from sqlalchemy import text

from hnb import database
from hnb.service import Service
from placements.figures import Figures
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
    answer = door.get("/waiting/summary", params={"authority": LEICESTER})
    assert (answer.json()["plans"], answer.json()["waiting"]) == (CHILDREN, [])


def test_figures_that_cannot_be_counted_stand_as_they_were_and_the_others_are_told(
    door: TestClient, service: Service
) -> None:
    figures = Figures(service.engine, lambda: date(2026, 1, 1), clock=iter(range(0, 10_000, 1_000)).__next__)
    post(door, [issued("P-1"), issued("P-2", "b")])
    before = [(s.name, s.labels, s.value) for metric in figures.read() for s in metric.samples]
    assert ("hnb_plans", {"authority": LEICESTER}, 2.0) in before
    with database.transaction(service.engine) as connection:
        connection.execute(text("ALTER TABLE facts RENAME TO elsewhere"))
    assert [(s.name, s.labels, s.value) for metric in figures.read() for s in metric.samples] == before
