"""The 20-week rate as government computes it: a case worked by hand, and any register against a naive count."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from hnb.service import Service
from placements.api import clocks as routes
from placements.domain.timeliness import Took, decisions, issued, notices, percent, tenths
from tests.cases import LEICESTER, Json, closed, decided, requested, withdrawn
from tests.cases import issued as plan
from tests.journeys.waiting import until
from tests.placements.test_door import post

BIRMINGHAM = "E08000025"
day = date.fromisoformat
Rates = Callable[..., dict[str, Any]]


@pytest.fixture
def asked(service: Service) -> TestClient:
    app = FastAPI()
    app.include_router(routes.make_router(service.engine, lambda: day("2026-06-01")))
    return TestClient(app)


@pytest.fixture
def rates(asked: TestClient) -> Rates:
    """`rates(2025)`: Leicester's row of that calendar year; nothing where it did nothing."""

    def row(year: int, authority: str = LEICESTER) -> dict[str, Any]:
        rows: list[dict[str, Any]] = asked.get("/timeliness", params={"authority": authority, "year": year}).json()[
            "timeliness"
        ]
        return rows[0] if rows else {}

    return row


def lived(number: int, received_on: str, issued_on: str, **more: Any) -> list[Json]:
    request = f"R-{number}"
    return [requested(request, received_on, f"child-{number}"),
            plan(f"P-{number}", f"child-{number}", issued_on, request_id=request, **more)]  # fmt: skip


def test_plans_of_a_calendar_year_are_counted_with_and_without_exceptions(door: TestClient, rates: Rates) -> None:
    post(door, [
        *lived(1, "2025-01-06", "2025-05-26"),  # 140 days: the last day of week 20
        *lived(2, "2025-01-06", "2025-05-27"),  # a day late
        *lived(3, "2025-03-03", "2025-08-04", exception="school-closed"),  # 22 weeks, over the summer
        *lived(4, "2024-06-03", "2025-06-03"),  # 365 days: not yet over a year
        *lived(5, "2024-06-03", "2025-06-04"),  # 366 days
        *lived(6, "2025-06-02", "2025-09-01", exception="unspecified"),  # 13 weeks, in time all the same
        *lived(7, "2025-09-01", "2026-01-01"),  # next year's
        plan("P-8", "child-8", "2025-07-01"), plan("P-9", "child-9", "2025-07-01", request_id="R-unknown"),
    ])  # fmt: skip
    row = rates(2025)
    assert (row["plans_issued"], row["within_20_weeks"], row["percent_within_20_weeks"]) == (6, 2, 33.3)
    assert (row["over_20_weeks_to_a_year"], row["over_a_year"]) == (3, 1)
    assert (row["plans_issued_excluding_exceptions"], row["within_20_weeks_excluding_exceptions"],
            row["percent_within_20_weeks_excluding_exceptions"]) == (4, 1, 25.0)  # fmt: skip
    assert (row["over_20_weeks_to_a_year_excluding_exceptions"], row["over_a_year_excluding_exceptions"]) == (2, 1)
    # 140 + 141 + 154 + 365 + 366 + 91 = 1,257 days over six plans: 29.93 weeks.
    assert row["mean_weeks"] == 29.9
    assert row["request_unknown"] == 1, "a plan that names no request, such as one moved in with, is no new plan at all"
    assert rates(2026)["plans_issued"] == 1
    assert rates(2024) == {}


def test_decisions_and_notices_are_counted_against_their_own_limits(door: TestClient, rates: Rates) -> None:
    post(door, [
        requested("R-1", "2025-01-06"), decided("R-1", "2025-02-17"),  # 42 days
        requested("R-2", "2025-01-06"), decided("R-2", "2025-02-18", "refuse", "absent-from-area"),
        requested("R-3", "2025-01-06"), decided("R-3", "2025-02-01"), closed("R-3", "2025-04-28"),  # 112 days
        requested("R-4", "2025-01-06"), decided("R-4", "2025-02-01"), closed("R-4", "2025-04-29"),
        requested("R-5", "2025-01-06"), closed("R-5", "2025-01-20", "withdrawn"),
    ])  # fmt: skip
    row = rates(2025)
    assert (row["decisions"], row["decisions_within_6_weeks"], row["percent_within_6_weeks"]) == (4, 3, 75.0)
    assert row["decisions_with_exception"] == 1
    assert (row["no_plan_notices"], row["notices_within_16_weeks"], row["percent_within_16_weeks"]) == (2, 1, 50.0)
    assert (row["plans_issued"], row["percent_within_20_weeks"]) == (0, None)


def test_a_plan_issued_again_after_amendment_keeps_the_day_it_was_first_issued(door: TestClient, rates: Rates) -> None:
    request, first = lived(1, "2025-01-06", "2025-05-26")
    _, again = lived(1, "2025-01-06", "2025-05-26", amended_on="2026-02-10")
    post(door, [request, first, again | {"time": "2026-02-10T09:00:00Z"}])
    assert rates(2025)["within_20_weeks"] == 1
    assert rates(2026) == {}


def test_a_withdrawn_plan_counts_no_more(door: TestClient, rates: Rates) -> None:
    events = lived(1, "2025-01-06", "2025-05-26")
    post(door, [*events, *lived(2, "2025-01-06", "2025-06-01")])
    assert rates(2025)["plans_issued"] == 2
    post(door, withdrawn(events[1]))
    until(lambda: rates(2025)["plans_issued"] == 1)


def test_every_authority_has_its_row_as_json_and_csv(door: TestClient, asked: TestClient) -> None:
    post(door, [event | {"authority": one} for one in (BIRMINGHAM, LEICESTER) for event in lived(
        1, "2025-01-06", "2025-05-26")])  # fmt: skip
    found = asked.get("/timeliness?year=2025").json()
    assert [row["authority"] for row in found["timeliness"]] == [LEICESTER, BIRMINGHAM]
    assert "last day of week 20" in found["definition"]
    head, *lines = asked.get("/timeliness?year=2025&format=csv").text.splitlines()
    assert head.startswith("authority,year,plans_issued,within_20_weeks,percent_within_20_weeks")
    assert [line.split(",")[:5] for line in lines] == [
        [one, "2025", "1", "1", "100.0"] for one in (LEICESTER, BIRMINGHAM)
    ]


def test_the_rates_are_those_of_a_naive_count_over_a_made_up_register(door: TestClient, rates: Rates) -> None:
    random = Random(20)
    lives = []
    for number in range(150):
        received = date(2024, 3, 1) + timedelta(days=random.randrange(600))
        done = received + timedelta(days=random.choice([139, 140, 141, random.randrange(20, 500)]))
        lives.append((number, received, done, random.choice([None, None, "missed-appointment"])))
    events = [
        event
        for number, received, done, exception in lives
        for event in lived(number, str(received), str(done), **({"exception": exception} if exception else {}))
    ]
    random.shuffle(events)
    post(door, events)
    for year in (2024, 2025, 2026):
        of_year = [(received, done, exception) for _, received, done, exception in lives if done.year == year]
        without = [one for one in of_year if one[2] is None]
        row = rates(year)
        for chosen, ending in ((of_year, ""), (without, "_excluding_exceptions")):
            within = sum(done in _first_days(received) for received, done, _ in chosen)
            assert row[f"plans_issued{ending}"] == len(chosen)
            assert row[f"within_20_weeks{ending}"] == within
            assert row[f"percent_within_20_weeks{ending}"] == pytest.approx(100 * within / len(chosen), abs=0.051)


def _first_days(received: date) -> set[date]:
    """The day of a request and the twenty weeks after it, day by day."""
    return {received + timedelta(days=number) for number in range(1 + 20 * 7)}


CASES = st.lists(st.tuples(st.integers(-5, 800), st.booleans(), st.integers(1, 4)), max_size=40)


@given(CASES)
def test_a_rate_does_not_hang_on_how_its_cases_are_grouped(cases: list[tuple[int, bool, int]]) -> None:
    grouped = [Took(*case) for case in cases]
    one_by_one = [Took(days, exception, 1) for days, exception, times in cases for _ in range(times)]
    for exceptions in (True, False):
        found = issued(grouped, exceptions=exceptions)
        assert found == issued(one_by_one, exceptions=exceptions)
        naive = [case.days for case in one_by_one if exceptions or not case.exception]
        assert found.plans == len(naive)
        assert found.within_20_weeks == len([days for days in naive if days <= 140])
        assert found.over_a_year == len([days for days in naive if days > 365])
        assert found.within_20_weeks + found.over_20_weeks_to_a_year + found.over_a_year == found.plans
    assert decisions(grouped).in_time == len([one for one in one_by_one if one.days <= 42])
    assert notices(grouped).in_time == len([one for one in one_by_one if one.days <= 112])


@pytest.mark.parametrize(
    ("within", "plans", "published"),
    [(31_313, 53_327, 58.7), (29_895, 49_519, 60.4), (1_765, 2_624, 67.3), (1_723, 2_469, 69.8)],
)
def test_percentages_are_rounded_as_the_published_ones_are(within: int, plans: int, published: float) -> None:
    """England and the North East in 2019, with and without exceptions, from the department's data set."""
    assert percent(within, plans) == published


@given(st.integers(0, 10**9), st.integers(1, 10**6))
def test_a_quotient_to_one_place_is_within_half_a_tenth_of_the_true_one(part: int, whole: int) -> None:
    found = tenths(part, whole)
    assert found is not None
    assert abs(round(found * 10) * whole - part * 10) * 2 <= whole
