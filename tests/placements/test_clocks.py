"""Statutory limits: how their weeks, months and working days run, and what the register says of each case."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb.workdays import is_working_day, working_days_after
from placements.domain.clocks import clock, in_time, months_after, state, weeks_after
from placements.domain.orders import Order, duties
from placements.domain.transfers import transfer, year_group_in
from placements.domain.windows import certificate_due_on, window_ends_on
from tests.cases import LEICESTER, appealed, closed, decided, requested, settled
from tests.placements.conftest import On
from tests.placements.test_door import post

DAYS = st.dates(date(2015, 1, 1), date(2060, 12, 31))
day = date.fromisoformat


@given(DAYS, st.sampled_from([6, 16, 20]))
def test_weeks_end_on_the_weekday_they_began_on_whatever_lies_between(received: date, weeks: int) -> None:
    last = weeks_after(received, weeks)
    assert last.weekday() == received.weekday()
    assert (last - received).days == 7 * weeks  # leap days, weekends and bank holidays count like any other day
    assert in_time(received, last, weeks)
    assert not in_time(received, last + timedelta(days=1), weeks)


@given(DAYS, st.integers(0, 25))
def test_months_end_on_the_same_day_of_the_month_or_the_last_there_is(decided_on: date, months: int) -> None:
    last = months_after(decided_on, months)
    assert (last.year * 12 + last.month) - (decided_on.year * 12 + decided_on.month) == months
    assert last.day == decided_on.day or (last.day < decided_on.day and (last + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("start", "months", "last"),
    [
        ("2025-12-31", 2, "2026-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-03-15", 1, "2026-04-15"),
    ],
)
def test_a_month_without_that_day_ends_on_its_last(start: str, months: int, last: str) -> None:
    assert months_after(day(start), months) == day(last)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 12, 31)))  # noqa: DTZ001 - given its zone below
def test_the_hour_and_the_clocks_going_forward_make_no_difference(moment: datetime) -> None:
    london = moment.replace(tzinfo=ZoneInfo("Europe/London"))
    later = london + timedelta(weeks=20)  # wall time: 20 weeks on, whichever side of a change of clocks
    assert weeks_after(london.date(), 20) == later.date()


def test_a_limit_is_met_on_its_last_day_and_late_the_day_after() -> None:
    due = day("2026-02-16")
    assert state(due, None, due) == "running"
    assert state(due, None, due + timedelta(days=1)) == "overdue"
    assert state(due, due, due) == "met"
    assert state(due, due + timedelta(days=1), day("2026-03-01")) == "late"
    assert state(due, day("2026-02-10"), day("2026-02-01")) == "running", "what is dated ahead is not done yet"


def test_twenty_weeks_over_a_leap_day_are_140_days() -> None:
    at = clock(day("2028-01-03"), day("2028-02-01"), day("2028-05-22"))
    assert (at.due_on, at.overdue, at.weeks) == (day("2028-05-22"), False, 20)


@settings(deadline=None)  # the first day of a year works out its bank holidays
@given(DAYS, st.integers(0, 15))
def test_working_days_pass_over_weekends_and_bank_holidays_alone(start: date, days: int) -> None:
    last = working_days_after(start, days)
    between = [start + timedelta(days=n) for n in range(1, (last - start).days + 1)]
    assert sum(map(is_working_day, between)) == days
    assert days == 0 or is_working_day(last)


@pytest.mark.parametrize(
    ("decided_on", "certificate_on", "last", "why"),
    [
        (
            "2025-10-01",
            "2025-11-29",
            "2026-01-02",
            "a month ends on 29 December: the first working day after 1 January",
        ),
        ("2025-10-25", None, "2026-01-02", "two months end on Christmas Day"),
        ("2027-11-01", None, "2028-01-04", "New Year's Day is a Saturday, and kept on Monday the 3rd"),
        ("2026-06-20", None, "2026-09-01", "two months end in August: the first working day of September"),
        ("2026-02-03", None, "2026-04-07", "two months end on Good Friday: the Tuesday after Easter"),
        (
            "2026-03-02",
            "2026-03-09",
            "2026-05-05",
            "the two months are later; 2 May is a Saturday, 4 May a bank holiday",
        ),
        ("2026-03-02", "2026-04-20", "2026-05-20", "the month from the certificate is later"),
    ],
)
def test_an_appeal_window_ends_on_the_later_day_moved_to_a_working_day(
    decided_on: str, certificate_on: str | None, last: str, why: str
) -> None:
    assert window_ends_on(day(decided_on), day(certificate_on) if certificate_on else None) == day(last), why


def test_a_certificate_is_due_three_working_days_after_mediation_over_easter() -> None:
    # Thursday 2 April 2026; Good Friday and Easter Monday are bank holidays: Tuesday, Wednesday, Thursday.
    assert certificate_due_on(day("2026-04-02")) == day("2026-04-09")


def test_a_year_group_goes_up_every_september() -> None:
    assert year_group_in(5, day("2025-08-31"), 2025) == 6
    assert year_group_in(5, day("2025-09-01"), 2025) == 5
    assert year_group_in(-2, day("2024-11-01"), 2025) == -1


@pytest.mark.parametrize(
    ("year_group", "phase", "kind", "due"),
    [
        (-1, None, "early-years-to-school", "2026-02-15"),
        (6, "Primary", "primary-to-secondary", "2026-02-15"),
        (11, "Secondary", "secondary-to-post-16", "2026-03-31"),
        (2, "Infant", "infant-to-junior", "2026-02-15"),
        (4, "First school", "primary-to-middle", "2026-02-15"),
        (8, "middle (deemed secondary)", "middle-to-secondary", "2026-02-15"),
    ],
)
def test_a_phase_ends_with_its_last_year_group(year_group: int, phase: str | None, kind: str, due: str) -> None:
    found = transfer(year_group, phase, 2026)
    assert found is not None
    assert (found.kind, found.due_on) == (kind, day(due))


@pytest.mark.parametrize(("year_group", "phase"), [(2, "Primary"), (6, "Middle"), (6, "Infant"), (5, None), (12, None)])
def test_other_year_groups_stay_where_they_are(year_group: int, phase: str | None) -> None:
    assert transfer(year_group, phase, 2026) is None


def _order(kind: str, *sections: str, **days: date) -> Order:
    return Order(kind, sections, day("2026-03-02"), **days)


def _told(order: Order, today: str = "2026-04-10") -> list[tuple[str, int, str, str]]:
    return [(d.duty, d.weeks, str(d.due_on), d.state) for d in duties(order, day(today))]


def test_an_order_to_assess_is_started_in_two_weeks_and_planned_in_fourteen() -> None:
    assert _told(_order("refusal-to-assess", assessing_on=day("2026-03-16"))) == [
        ("start the assessment", 2, "2026-03-16", "met"),
        ("send the final plan", 14, "2026-06-08", "running"),
    ]
    assert _told(_order("refusal-to-assess", no_plan_on=day("2026-05-12")), "2026-06-01") == [
        ("start the assessment", 2, "2026-03-16", "overdue"),
        ("give notice of no plan", 10, "2026-05-11", "late"),
    ]


def test_an_order_to_make_a_plan_asks_for_a_draft_in_five_weeks_and_the_plan_in_eleven() -> None:
    order = _order("refusal-to-issue", issued_on=day("2026-05-18"))
    assert _told(order, "2026-04-06")[0] == ("issue a draft plan", 5, "2026-04-06", "running")
    assert _told(order, "2026-06-01") == [
        ("issue a draft plan", 5, "2026-04-06", "unseen"),
        ("send the final plan", 11, "2026-05-18", "met"),
    ]


def test_needs_and_provision_are_amended_in_five_weeks_and_a_setting_alone_named_in_two() -> None:
    amended = day("2026-03-20")
    assert _told(_order("contents", "B", "F", amended_on=amended)) == [("amend the plan", 5, "2026-04-06", "met")]
    assert _told(_order("contents", "B", "I")) == [("amend the plan", 5, "2026-04-06", "overdue")]
    assert _told(_order("contents", "I", amended_on=amended)) == [("name the setting", 2, "2026-03-16", "late")]
    placed = _order("contents", "I", amended_on=amended, placed_on=day("2026-03-10"))
    assert _told(placed) == [("name the setting", 2, "2026-03-16", "met")]


def test_a_plan_not_to_be_ceased_is_kept_at_once() -> None:
    assert _told(_order("cease-to-maintain")) == [("keep the plan", 0, "2026-03-02", "met")]
    assert _told(_order("cease-to-maintain", ceased_on=day("2026-02-01"))) == [
        ("keep the plan", 0, "2026-03-02", "overdue")
    ]


def test_a_running_request_shows_its_three_limits_and_a_closed_one_none(door: TestClient, on: On) -> None:
    post(door, [
        requested("R-1", "2026-01-05"), requested("R-2", "2026-01-05"), decided("R-2", "2026-02-10"),
        requested("R-3", "2026-01-05"), closed("R-3", "2026-01-20", "withdrawn"),
        requested("R-4", "2026-01-05"), decided("R-4", "2026-02-01"), closed("R-4", "2026-04-01"),
    ])  # fmt: skip
    found = on("2026-02-17").get("/statutory-clocks").json()
    assert [c["request_id"] for c in found["clocks"]] == ["R-1", "R-2"]
    first, second = found["clocks"]
    assert (first["limit_weeks"], first["due_on"], first["overdue"], first["days_left"]) == (6, "2026-02-16", True, -1)
    assert (second["limit_weeks"], second["due_on"], second["overdue"], second["days_left"]) == (
        20, "2026-05-25", False, 97)  # fmt: skip
    assert (first["decision_due_on"], first["no_plan_notice_due_on"], first["plan_due_on"]) == (
        "2026-02-16", "2026-04-27", "2026-05-25")  # fmt: skip


def test_a_refusal_overturned_gives_fourteen_weeks_from_the_order(door: TestClient, on: On) -> None:
    post(door, [
        requested("R-1", "2025-06-02", "a"), decided("R-1", "2025-07-01", "refuse", time="2025-07-01T09:00:00Z"),
        appealed("AP-1", "2025-08-01", "a", appeal_type="refusal-to-assess"), settled("AP-1", "2026-01-12"),
        decided("R-1", "2026-01-20", time="2026-01-20T09:00:00Z"),
    ])  # fmt: skip
    (found,) = on("2026-04-20").get("/statutory-clocks").json()["clocks"]
    assert (found["ordered_on"], found["limit_weeks"], found["weeks"]) == ("2026-01-12", 14, 14)
    assert (found["due_on"], found["plan_due_on"], found["overdue"]) == ("2026-04-20", "2026-04-20", False)


def test_clocks_are_read_page_by_page_over_all_authorities_and_as_csv(door: TestClient, on: On) -> None:
    authorities = [LEICESTER, "E08000025"]
    post(door, [requested(f"R-{n}", "2026-01-05", authority=one) for one in authorities for n in range(3)])
    client, seen, after = on("2026-02-01"), [], ""
    while after is not None:
        page = client.get("/statutory-clocks", params={"limit": 2, "after": after}).json()
        seen += [(c["authority"], c["request_id"]) for c in page["clocks"]]
        after = page["next"]
    assert seen == [(one, f"R-{n}") for one in authorities for n in range(3)]
    lines = client.get("/statutory-clocks?format=csv").text.splitlines()
    assert lines[0].startswith("authority,request_id,received_on")
    assert len(lines) == 7
