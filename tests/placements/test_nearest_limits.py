"""Statutory limits in one list: which are about to run out, which are overdue, and which comes first."""

from datetime import date, timedelta

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb.database import reading
from hnb.service import Service
from placements.domain.limits import Limit, nearest_first
from placements.reports.limits import limits
from placements.reports.paging import Asked
from tests.cases import LEICESTER, appealed, decided, issued, requested, settled
from tests.placements.test_door import post

TODAY = date(2026, 1, 30)


def limit(days_left: int, reference: str = "R-1") -> Limit:
    return Limit("request", reference, "issue the final plan", 1, 20, TODAY + timedelta(days_left), days_left)


def test_the_nearest_to_today_comes_first_on_either_side() -> None:
    found = nearest_first([limit(days) for days in (-30, 5, -1, 0, 28, 29, 12)], 28)
    assert [one.days_left for one in found.running_out] == [0, 5, 12, 28], "on its last day a limit still runs"
    assert [one.days_left for one in found.overdue] == [-1, -30]
    assert found.near == 2


@settings(deadline=None)
@given(st.lists(st.integers(-400, 400)), st.integers(1, 365), st.randoms())
def test_each_limit_is_in_one_list_at_most_and_the_order_they_come_in_changes_nothing(
    days: list[int], within: int, random: object
) -> None:
    given_ = [limit(one, f"R-{number}") for number, one in enumerate(days)]
    found = nearest_first(given_, within)
    assert len(found.overdue) == sum(one < 0 for one in days)
    assert len(found.running_out) == sum(0 <= one <= within for one in days)
    assert nearest_first(reversed(given_), within) == found
    for ones in (found.running_out, found.overdue):
        assert [abs(one.days_left) for one in ones] == sorted(abs(one.days_left) for one in ones)


def test_requests_orders_and_transfers_stand_in_one_list_with_week_and_limit(
    door: TestClient, service: Service
) -> None:
    post(door, [
        requested("R-1", "2025-12-25", "a"),
        requested("R-2", "2025-09-12", "b"), decided("R-2", "2025-10-20"),
        requested("R-3", "2025-05-01", "c"), decided("R-3", "2025-06-01", "assess"),
        appealed("AP-3", "2025-07-01", "c", appeal_type="refusal-to-assess"), settled("AP-3", "2025-11-14"),
        appealed("AP-4", "2025-09-01", "d", sections=["I"]), settled("AP-4", "2026-01-23"),
        issued("P-5", "e", "2024-10-01", year_group=5),
    ])  # fmt: skip
    with reading(service.engine) as connection:
        found = list(limits(connection, Asked(LEICESTER, "", None, TODAY)))
    told = {(one.kind, one.reference, one.weeks, one.limit_weeks, one.due_on.isoformat()) for one in found}
    assert told == {
        ("request", "R-1", 5, 6, "2026-02-05"),
        ("request", "R-2", 20, 20, "2026-01-30"),
        ("request", "R-3", 11, 14, "2026-02-20"),
        ("order", "AP-3", 11, 14, "2026-02-20"),
        ("order", "AP-3", 11, 2, "2025-11-28"),
        ("order", "AP-4", 1, 2, "2026-02-06"),
        ("transfer", "P-5", None, None, "2026-02-15"),
    }
