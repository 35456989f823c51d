"""What is said and counted of statutory limits: conditions as weeks pass, and figures for Prometheus."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from hnb import inbox
from hnb.conditions.looking import Conditions
from hnb.conditions.rules import Condition, morning
from hnb.database import reading, transaction
from hnb.service import Service
from placements import due, handlers
from placements.conditions import FOUND
from placements.domain.clocks import clock, stage
from tests.cases import (
    LEICESTER,
    Json,
    appealed,
    closed,
    decided,
    event,
    incurred,
    issued,
    mediated,
    read,
    requested,
    settled,
)
from tests.placements.conftest import Metric
from tests.placements.test_door import post

day = date.fromisoformat
On = Callable[[str], list[Condition]]


@pytest.fixture
def holding(service: Service) -> On:
    """`holding("2026-02-09")`: the conditions of clocks and orders on that day."""

    def found(today: str) -> list[Condition]:
        with reading(service.engine) as connection:
            finders = (due.clocks_running_out, due.orders_overdue)
            return [condition for find in finders for condition in find(connection, LEICESTER, morning(day(today)))]

    return found


def take(service: Service, *events: Json) -> None:
    said = read(*events)
    with transaction(service.engine) as connection:
        inbox.record(connection, said, [None for _ in said])
        handlers.accept(connection, said)


def look(service: Service, today: str) -> None:
    Conditions("placements", service.engine, "inbox", FOUND, lambda: morning(day(today))).look()


@pytest.mark.parametrize(
    ("today", "decided_on", "weeks"),
    [
        ("2026-02-08", None, None), ("2026-02-09", None, 5), ("2026-02-15", None, 5), ("2026-02-16", None, 6),
        ("2026-06-01", None, 6), ("2026-02-16", "2026-02-16", None), ("2026-04-27", "2026-02-16", 16),
        ("2026-05-11", "2026-02-16", 18), ("2026-05-25", "2026-02-16", 20), ("2027-05-25", "2026-02-16", 20),
    ],
)  # fmt: skip
def test_officers_hear_of_a_clock_in_its_weeks(today: str, decided_on: str | None, weeks: int | None) -> None:
    assert stage(clock(day("2026-01-05"), day(decided_on) if decided_on else None, day(today))) == weeks


def test_a_clock_that_runs_out_is_a_condition_until_it_stops(door: TestClient, holding: On) -> None:
    post(
        door, [requested("R-1", "2026-01-05"), requested("R-2", "2026-01-05"), closed("R-2", "2026-01-20", "withdrawn")]
    )
    assert holding("2026-02-08") == []
    (found,) = holding("2026-02-09")
    since = datetime(2026, 2, 9, tzinfo=UTC)
    assert found == Condition(LEICESTER, "clock-decision", "request/R-1", 5, "weeks", since)
    post(door, decided("R-1", "2026-02-16"))
    assert holding("2026-02-20") == []
    assert [(c.condition, c.value) for c in holding("2026-05-11")] == [("clock-plan", 18)]
    post(door, issued("P-1", "7f3a9c", "2026-05-20", request_id="R-1"))
    assert holding("2026-05-26") == []


def test_an_order_not_carried_out_is_a_condition_from_the_day_after(door: TestClient, holding: On) -> None:
    post(door, [issued("P-1", "a"), appealed("AP-1", "2025-11-01", "a", sections=["B"]), settled("AP-1", "2026-03-02")])
    assert holding("2026-04-06") == []
    (found,) = holding("2026-04-07")
    assert (found.condition, found.scope) == ("tribunal-order-overdue", "appeal/AP-1")
    assert found.since == datetime(2026, 4, 7, tzinfo=UTC)
    post(door, issued("P-1", "a", amended_on="2026-04-07") | {"time": "2026-04-07T10:00:00Z"})
    assert holding("2026-04-08") == []


def test_conditions_are_said_once_a_stage_and_taken_back(service: Service) -> None:
    take(service, requested("R-1", "2026-01-05"))  # not through the door: a running service looks by today's date
    for today in ("2026-02-09", "2026-02-10", "2026-02-16", "2026-03-16"):
        look(service, today)
    take(service, decided("R-1", "2026-03-16"))
    look(service, "2026-03-17")
    with reading(service.engine) as connection:
        bodies = connection.scalars(text("SELECT body FROM outbox WHERE stream = 'condition' ORDER BY seq"))
        said = [json.loads(body)["data"] for body in bodies]
    assert [(one["condition"], one["scope"], one["active"], one.get("value")) for one in said] == [
        ("clock-decision", "request/R-1", True, 5), ("clock-decision", "request/R-1", True, 6),
        ("clock-decision", "request/R-1", False, None),
    ]  # fmt: skip


def test_limits_and_appeals_are_counted_for_prometheus(door: TestClient, metric: Metric) -> None:
    today = datetime.now(UTC).date()
    year = f"{today.year if today.month > 3 else today.year - 1}"
    label = f"{year}-{(int(year) + 1) % 100:02d}"
    start = date(int(year), 4, 1)
    post(door, [
        requested("R-1", "2024-01-05"), requested("R-2", str(today)),
        requested("R-3", f"{today.year - 1}-01-06"), issued("P-3", "c", f"{today.year - 1}-05-25", request_id="R-3"),
        appealed("AP-1", str(start), "a"), settled("AP-1", str(start), "conceded"),
        event("tribunal-cost-incurred", {"appeal_id": "AP-1", "cost_id": "C-1", "incurred_on": str(start),
                                         "kind": "legal", "amount_pence": 123_45}),
        mediated("M-1", str(start)), incurred("AP-1", 10, cost="C-2", time="2020-01-01T00:00:00Z"),
    ])  # fmt: skip
    here = {"authority": LEICESTER}
    assert metric("hnb_statutory_clocks", here | {"limit_weeks": "6", "state": "overdue"}) == 1
    assert metric("hnb_statutory_clocks", here | {"limit_weeks": "6", "state": "running"}) == 1
    for exceptions in ("included", "excluded"):
        labels = here | {"year": str(today.year - 1), "exceptions": exceptions}
        assert metric("hnb_plans_issued", labels | {"within_20_weeks": "yes"}) == 1
    assert metric("hnb_tribunal_lodged", here | {"financial_year": label, "appeal_type": "contents"}) == 1
    assert metric("hnb_tribunal_concluded", here | {"financial_year": label, "outcome": "conceded"}) == 1
    assert metric("hnb_tribunal_cost_pounds", here | {"financial_year": label, "kind": "legal"}) == pytest.approx(
        123.45
    )
    assert metric("hnb_tribunal_mediations", here | {"financial_year": label, "outcome": "resolved"}) == 1
