"""Conditions by the rules shipped: when each level is reached, and what officers read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts.domain.conditions import OnCondition, Reading
from alerts.domain.episodes import Change, Episode, Step, decide
from alerts.domain.messages import compose
from alerts.domain.pack import RulePack
from alerts.domain.quiet import QuietHours
from alerts.domain.severity import Severity
from alerts.watching import Watch
from hnb.events import ConditionChanged, Figure, make_event, read_event, read_json
from tests.alerts.given import LEICESTER, NOON, SHIPPED, Desk, condition
from tests.conftest import FreshDatabase

PLACEMENT = Reading(
    LEICESTER, "placement-unpriced", "placement/PL-1042", 0, 1, True, None, None, NOON, NOON, "special", ()
)  # fmt: skip


def of(condition: str, value: int | None = None, unit: str | None = None, **figures: int) -> Reading:
    shown = tuple(Figure(name=name.replace("_", "-"), value=amount, unit="pence") for name, amount in figures.items())
    return replace(PLACEMENT, condition=condition, value=value, unit=unit, figures=shown)


def after(reading: Reading, now: datetime = NOON, held: Episode | None = None) -> Step | None:
    steps = decide(SHIPPED.rules, reading, {held.key: held} if held else {}, now)
    assert len(steps) <= 1
    return steps[0] if steps else None


def severity(reading: Reading, now: datetime = NOON) -> str | None:
    step = after(reading, now)
    return str(step.episode.severity) if step else None


def test_a_placement_without_a_price_is_told_after_five_working_days_and_again_after_fifteen() -> None:
    since = datetime(2025, 12, 19, 10, 0, tzinfo=UTC)  # a Friday before Christmas: 25 and 26 December do not count
    waiting = replace(PLACEMENT, since=since)
    fifth = datetime(2025, 12, 30, 10, 0, tzinfo=UTC)
    assert severity(waiting, fifth - timedelta(minutes=1)) is None
    opened = after(waiting, fifth)
    assert opened is not None
    assert (opened.change, opened.episode.severity) == (Change.OPENED, Severity.WARNING)
    raised = after(waiting, datetime(2026, 1, 14, 10, 0, tzinfo=UTC), opened.episode)
    assert raised is not None
    assert (raised.change, raised.episode.severity) == (Change.RAISED, Severity.CRITICAL)


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (of("placement-cost", 10_000_000, "pence"), None), (of("placement-cost", 10_000_001, "pence"), "warning"),
        (of("placement-cost", 6_000_000, "pence", over_line_mean=5_000_001), "warning"),
        (of("placement-cost", 6_000_000, "pence", over_line_mean=5_000_000), None),
        (of("uplift", 30, "permille", backdated_days=0), None), (of("uplift", 31, "permille"), "warning"),
        (of("uplift", 10, "permille", backdated_days=1), "warning"),
        (of("paid-apart", 50_001, "pence", permille=51), "warning"),
        (of("paid-apart", 50_001, "pence", permille=50), None), (of("paid-apart", 50_000, "pence", permille=400), None),
        (of("independents-net", 2, "placements"), None), (of("independents-net", 3, "placements"), "warning"),
        (of("appeal-lodged", 100, "pence"), "notice"),
        (of("clock-decision", 5, "weeks"), "warning"), (of("clock-decision", 6, "weeks"), "critical"),
        (of("clock-plan", 16, "weeks"), "notice"), (of("clock-plan", 18, "weeks"), "warning"),
        (of("clock-plan", 20, "weeks"), "critical"),
        (of("occupancy-high", 95, "percent"), None), (of("occupancy-high", 96, "percent"), "warning"),
        (of("occupancy-low", 79, "percent"), "notice"), (of("feed-silent", 24, "hours"), "warning"),
        (of("overlap"), "warning"), (of("placement-after-plan-ceased"), "warning"),
        (of("tribunal-order-overdue"), "critical"), (of("something-newer", 5), None),
    ],
)  # fmt: skip
def test_each_condition_is_told_from_the_level_officers_want(reading: Reading, expected: str | None) -> None:
    assert severity(reading) == expected


def test_a_message_about_a_condition_has_its_figures_and_no_threshold_it_has_not() -> None:
    step = after(of("placement-cost", 12_000_000, "pence", over_line_mean=8_650_000))
    assert step is not None
    message = compose(step, "http://alerts.example/a", "ref")
    assert message.subject == (
        "HNB alert, warning: a placement that costs much, £120,000.00: placement/PL-1042 (2025-26)"
    )
    assert message.body.startswith(
        "A placement that costs much on Special schools: placement/PL-1042, since 3 November 2025.\nOpen since"
    )
    assert "Over line mean                            £86,500.00" in message.body
    assert "As said by the owner of the data at 3 November 2025, 12:00 UTC." in message.body


@pytest.fixture
def desk(database_url: FreshDatabase) -> Iterator[Desk]:
    opened = Desk(database_url("alerts"), ["one"])
    yield opened
    opened.close()


def say(desk: Desk, number: int, version: int | None, active: bool = True, **given: object) -> None:
    fields = {"condition": "overlap", "scope": "placement/PL-1 placement/PL-2", "version": version, "active": active}
    desk.intake.take([read_event(read_json(condition(number, **(fields | given))))])


def test_a_condition_opens_once_and_ends_whatever_order_its_news_comes_in(desk: Desk) -> None:
    say(desk, 1, 1)
    say(desk, 3, 3)
    say(desk, 2, 2, active=False)
    assert [row["state"] for row in desk.ask("SELECT state FROM alerts")] == ["open"]
    say(desk, 4, 4, active=False)
    (alert,) = desk.ask("SELECT id, state FROM alerts")
    assert alert == {"id": "E06000016-2025-overlap-placement~PL-1~placement~PL-2~3641ed1f-1", "state": "resolved"}
    assert len(desk.ask("SELECT id FROM deliveries")) == 2


def test_a_condition_of_an_owner_that_counts_no_versions_goes_by_when_it_was_said(desk: Desk) -> None:
    say(desk, 2, None)
    say(desk, 1, None, active=False)
    assert [row["state"] for row in desk.ask("SELECT state FROM alerts")] == ["open"]


def test_what_lasts_too_long_is_told_by_the_clock_alone(desk: Desk) -> None:
    say(desk, 1, 1, condition="placement-unpriced", scope="placement/PL-1")
    watch = Watch(desk.engine, desk.alerts)
    watch.tick()
    assert desk.ask("SELECT id FROM alerts") == []
    desk.now = NOON + timedelta(days=8)
    watch.tick()
    watch.tick()
    assert [row["severity"] for row in desk.ask("SELECT severity FROM deliveries")] == ["warning"]
    assert desk.acknowledge("E06000016-2025-placement-unpriced-placement~PL-1~760edaac-1", "A. Patel")


NIGHT = QuietHours.model_validate({"from": "22:00", "to": "07:00"})
LONDON = ZoneInfo("Europe/London")


@given(st.integers(0, 5 * 366 * 24 * 60).map(lambda minutes: NOON + timedelta(minutes=minutes)))
def test_quiet_hours_end_within_a_day_and_never_inside_themselves(now: datetime) -> None:
    told = NIGHT.told_at(now, Severity.WARNING)
    assert now <= told < now + timedelta(hours=10, minutes=1)
    assert time(7) <= told.astimezone(LONDON).time() < time(22)
    assert NIGHT.told_at(now, Severity.CRITICAL) == now


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 8), (date(2026, 10, 25), 10), (date(2026, 6, 1), 9)])
def test_the_nights_the_clocks_change_are_an_hour_shorter_and_longer(day: date, hours: int) -> None:
    evening = datetime.combine(day - timedelta(days=1), time(22), LONDON).astimezone(UTC)
    assert NIGHT.told_at(evening, Severity.WARNING) - evening == timedelta(hours=hours)


def test_an_end_that_the_clocks_skip_is_when_they_go_forward() -> None:
    skipped = QuietHours.model_validate({"from": "22:00", "to": "01:30"})
    evening = datetime(2026, 3, 28, 23, 0, tzinfo=UTC)
    assert skipped.told_at(evening, Severity.WARNING) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


RULE = {"id": "a", "kind": "condition", "condition": "overlap", "levels": {"warning": {}}}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"levels": {}}, "levels"), ({"levels": {"grave": {}}}, "levels"), ({"recipients": []}, "recipients"),
        ({"recipients": ["Finance"]}, "recipients"), ({"for_minutes": -1}, "for_minutes"),
        ({"quiet_hours": {"from": "19:00", "to": "19:00"}}, "quiet_hours"), ({"escalate": {"to": ["x"]}}, "escalate"),
        ({"scope": {"authorities": ["Leicester"]}}, "scope"), ({"scope": {"provisions": ["specials"]}}, "scope"),
        ({"levels": {"warning": {"over": "5"}}}, "levels"), ({"unknown": 1}, "unknown"),
    ],
)  # fmt: skip
def test_a_rule_that_means_nothing_is_refused_by_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        RulePack.model_validate({"rules": [RULE | change]})
    assert any(field in error["loc"] for error in refused.value.errors())


def test_a_rule_may_be_about_some_councils_and_lines_only() -> None:
    scoped = OnCondition.model_validate(RULE | {"scope": {"authorities": [LEICESTER], "provisions": ["independent"]}})
    assert decide([scoped], of("overlap"), {}, NOON) == []
    assert len(decide([scoped], replace(of("overlap"), provision="independent"), {}, NOON)) == 1
    assert decide([scoped], replace(of("overlap"), provision="independent", authority="E08000025"), {}, NOON) == []


def test_many_alerts_at_once_are_told_in_one_message(desk: Desk) -> None:
    events = []
    for number in range(30):
        data = ConditionChanged(
            condition="placement-cost", scope=f"placement/PL-{number}", active=True, value=12_000_000 + number,
            unit="pence", since=NOON, version=1,
        )  # fmt: skip
        raw = make_event(
            "hnb.condition-changed.v1", source="/hnb/ledger", id=str(number), time=NOON, authority=LEICESTER, data=data
        )
        events.append(read_event(read_json(raw)))
    desk.intake.take(events)
    assert len(desk.ask("SELECT id FROM alerts WHERE state = 'open'")) == 30
    (told,) = desk.ask("SELECT subject, body FROM deliveries")
    assert told["subject"] == "HNB alerts, opened: 30 of rule placement-cost"
    assert "a placement that costs much, £120,000.00: placement/PL-0" in told["body"]
    assert "10 more are not shown here." in told["body"]


def test_what_is_for_the_digest_is_sent_to_nobody_on_its_own(desk: Desk) -> None:
    say(desk, 1, 1, condition="uplift", scope="placement/PL-1", value=50, unit="permille")
    assert [row["state"] for row in desk.ask("SELECT state FROM alerts")] == ["open"]
    assert desk.ask("SELECT id FROM deliveries") == []


def test_two_conditions_never_share_a_name_and_none_is_too_long_for_an_address() -> None:
    scopes = ["placement/a~b", "placement/a/b", "placement/é", "placement/" + "x" * 200, "placement/" + "x" * 199 + "y"]
    names = set()
    for scope in scopes:
        step = after(replace(of("overlap"), scope=scope))
        assert step is not None
        names.add(step.episode.id)
        assert len(step.episode.id) <= 150
    assert len(names) == len(scopes)
