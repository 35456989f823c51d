"""What hearing positions leaves in the database, whatever order they come in and however often."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from alerts.domain.episodes import AlreadyResolved
from alerts.domain.pack import RulePack
from alerts.domain.rules import LineBudget
from alerts.handlers import Alerts
from alerts.watching import Watch
from hnb import database
from hnb.events import ConditionChanged, make_event, read_event, read_json
from tests.alerts.given import LEICESTER, LINKS, NOON, Desk, reserve, said
from tests.conftest import FreshDatabase

SPECIAL = "E06000016-2025-line-budget-special-1"


def test_a_crossing_opens_one_alert_queues_one_message_and_says_so(desk: Desk) -> None:
    desk.hear(said(1, committed_pence=10_000), said(2, committed_pence=95_000, drivers=[("PL-1042", 85_000)]))
    (alert,) = desk.ask("SELECT * FROM alerts")
    assert (alert["id"], alert["state"], alert["severity"]) == (SPECIAL, "open", "warning")
    assert alert["evidence"]["drivers"] == [{"commitment_id": "PL-1042", "amount_pence": 85_000}]
    (delivery,) = desk.ask("SELECT * FROM deliveries")
    assert delivery["subject"] == "HNB alert, warning: Special schools at 95.0% of budget (2025-26)"
    assert delivery["id"] in delivery["body"]
    (said_on,) = [json.loads(row["body"]) for row in desk.ask("SELECT body FROM outbox WHERE stream = 'alert'")]
    assert said_on["data"] == {
        "alert_id": SPECIAL, "rule": "line-budget", "scope": "special", "financial_year": 2025, "state": "open",
        "severity": "warning", "value_pence": 95_000, "threshold_pence": 90_000,
    }  # fmt: skip


def test_an_alert_goes_through_its_whole_life(desk: Desk) -> None:
    for version, pence in enumerate([90_000, 100_000, 97_000, 100_000, 50_000], start=1):
        desk.hear(said(version, committed_pence=pence))
        if version == 2:
            assert desk.acknowledge(SPECIAL, "A. Patel", "two places under review")
    kinds = [row["change"] for row in desk.ask("SELECT change FROM transitions ORDER BY number")]
    assert kinds == ["opened", "raised", "acknowledged", "lowered", "raised", "resolved"]
    told = [row["number"] for row in desk.ask("SELECT number FROM deliveries ORDER BY seq")]
    assert told == [1, 2, 5, 6]  # nobody is sent a message about an acknowledgement or a lowering
    (alert,) = desk.ask("SELECT * FROM alerts")
    assert (alert["state"], alert["acknowledged_by"], alert["note"]) == (
        "resolved",
        "A. Patel",
        "two places under review",
    )
    assert alert["resolved_at"] == NOON


def test_older_versions_and_repeats_change_nothing(desk: Desk) -> None:
    desk.hear(said(5, committed_pence=10_000))
    desk.hear(said(4, committed_pence=100_000), said(5, committed_pence=10_000))
    assert desk.ask("SELECT * FROM alerts") == []
    assert desk.ask("SELECT version, committed_pence FROM lines") == [{"version": 5, "committed_pence": 10_000}]


def test_the_reserve_past_plan_is_critical(desk: Desk) -> None:
    desk.hear(reserve(-4_490_000_000))
    (delivery,) = desk.ask("SELECT subject, body FROM deliveries")
    assert delivery["subject"] == (
        "HNB alert, critical: reserve heading for −£44,900,000.00, plan −£44,800,000.00 (2025-26)"
    )
    assert "No commitment moved it" in delivery["body"]


def test_a_condition_is_kept_on_record_and_harms_nothing(desk: Desk) -> None:
    data = ConditionChanged(condition="unpriced", scope="PL-1042", active=True, since=NOON)
    raw = make_event(
        "hnb.condition-changed.v1", source="/hnb/ledger", id="1", time=NOON, authority=LEICESTER, data=data
    )
    desk.intake.take([read_event(read_json(raw))])
    assert [row["type"] for row in desk.ask("SELECT type FROM inbox")] == ["hnb.condition-changed.v1"]


def test_acknowledging_again_hands_over_and_keeps_the_history(desk: Desk) -> None:
    desk.hear(said(1, committed_pence=95_000))
    assert desk.acknowledge(SPECIAL, "A. Patel")
    assert desk.acknowledge(SPECIAL, "B. Jones", "while A. is away")
    assert [row["by_whom"] for row in desk.ask("SELECT by_whom FROM transitions WHERE change = 'acknowledged'")] == [
        "A. Patel", "B. Jones",
    ]  # fmt: skip


def test_acknowledging_what_is_unknown_or_over_is_refused(desk: Desk) -> None:
    assert not desk.acknowledge("E06000016-2025-line-budget-special-9", "A. Patel")
    desk.hear(said(1, committed_pence=95_000))
    desk.hear(said(2, committed_pence=0))
    with pytest.raises(AlreadyResolved):
        desk.acknowledge(SPECIAL, "A. Patel")


def test_history_cannot_be_edited(desk: Desk) -> None:
    desk.hear(said(1, committed_pence=95_000))
    with pytest.raises(DBAPIError, match="append-only"), desk.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE transitions SET change = 'resolved'")


def test_a_second_open_alert_of_one_thing_is_refused_by_postgresql(desk: Desk) -> None:
    desk.hear(said(1, committed_pence=95_000))
    with pytest.raises(DBAPIError, match="alerts_one_open"), desk.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO alerts (id, authority, financial_year, scope, rule, ordinal, state, severity, changes, since, "
            "opened_at, changed_at, evidence) SELECT 'other', authority, financial_year, scope, rule, 2, state, "
            "severity, changes, since, opened_at, changed_at, evidence FROM alerts"
        )


def test_a_batch_takes_a_handful_of_statements_however_large(database_url: FreshDatabase) -> None:
    desk = Desk(database_url("alerts"), ["one", "two"])
    statements: list[str] = []
    event.listen(desk.engine, "before_cursor_execute", lambda _c, _cur, sql, *_: statements.append(sql))
    provisions = ("special", "mainstream", "post-16", "independent", "alternative")
    desk.hear(*(said(v, provision=p, committed_pence=99_000 + v) for v in range(1, 101) for p in provisions))
    assert len(desk.ask("SELECT id FROM alerts")) == len(provisions)
    assert len(statements) <= 12
    desk.close()


@pytest.fixture(scope="module")
def margins() -> RulePack:
    rule = LineBudget(kind="line-budget", id="line", warning_percent=90, critical_percent=100, recovery_points=0)
    return RulePack(rules=[rule])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_with_any_repeats_ends_where_the_newest_version_says(
    convergence: tuple[Desk, list[int]], data: st.DataObject
) -> None:
    desk, examples = convergence
    examples.append(len(examples))
    authority = f"E{len(examples):08d}"
    costs = data.draw(st.lists(st.sampled_from([0, 89_999, 90_000, 99_999, 100_000]), min_size=1, max_size=6))
    versions = list(range(1, len(costs) + 1))
    heard = data.draw(st.permutations(versions + data.draw(st.lists(st.sampled_from(versions), max_size=4))))
    cut = data.draw(st.integers(0, len(heard)))
    for batch in (heard[:cut], heard[cut:]):
        desk.hear(*(said(v, committed_pence=costs[v - 1]) for v in batch), authority=authority)
    found = desk.ask(f"SELECT severity FROM alerts WHERE authority = '{authority}' AND state <> 'resolved'")
    expected = "critical" if costs[-1] >= 100_000 else "warning" if costs[-1] >= 90_000 else None
    assert [row["severity"] for row in found] == ([expected] if expected else [])
    assert desk.ask(f"SELECT version FROM lines WHERE authority = '{authority}'") == [{"version": len(costs)}]


@pytest.fixture
def convergence(database_url: FreshDatabase, margins: RulePack) -> tuple[Desk, list[int]]:
    return Desk(
        database_url("alerts"),
        alerts=Alerts(margins, lambda *_: [], LINKS, lambda: NOON),
    ), []


def test_two_desks_that_judge_the_same_at_once_open_one_alert(database_url: FreshDatabase) -> None:
    url = database_url("alerts")
    desks = [Desk(url, ["one"]) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda pair: pair[1].hear(*(said(v, committed_pence=90_000 + v) for v in range(1 + pair[0], 40))),
                      enumerate(desks)))  # fmt: skip
    assert [row["ordinal"] for row in desks[0].ask("SELECT ordinal FROM alerts")] == [1]
    assert len(desks[0].ask("SELECT id FROM deliveries")) == 1
    for desk in desks:
        desk.close()


def test_a_threshold_changed_between_two_starts_takes_effect_on_what_stands(database_url: FreshDatabase) -> None:
    url = database_url("alerts")
    desk = Desk(url)
    desk.hear(
        *(said(1, provision=p, committed_pence=80_000) for p in ("special", "mainstream")), said(1, provision="x")
    )
    assert desk.ask("SELECT id FROM alerts") == []
    rule = LineBudget(kind="line-budget", id="early", warning_percent=75, critical_percent=100, recovery_points=2)
    review = Watch(desk.engine, Alerts(RulePack(rules=[rule]), lambda *_: ["one"], LINKS, lambda: NOON))
    for _ in range(2):
        assert not review.review()
    assert [a["id"] for a in desk.ask("SELECT id FROM alerts ORDER BY id")] == [
        "E06000016-2025-early-mainstream-1", "E06000016-2025-early-special-1",
    ]  # fmt: skip
    assert len(desk.ask("SELECT id FROM deliveries")) == 2
    desk.close()


def test_a_review_goes_through_every_line_page_by_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.watching.WATCHED_AT_ONCE", 2)
    desk.hear(*(said(1, provision=p) for p in "abcde"))
    review = Watch(desk.engine, desk.alerts)
    assert [review.review() for _ in range(4)] == [True, True, False, True]


def test_migrations_run_once_however_often_they_are_asked_for(desk: Desk) -> None:
    database.migrate(desk.engine, "alerts")


def test_the_whole_past_heard_again_sends_nothing(desk: Desk) -> None:
    past = [
        said(v, committed_pence=pence) for v, pence in enumerate([90_000, 100_000, 97_000, 50_000, 95_000], start=1)
    ]
    for change in past:
        desk.hear(change)
    told = desk.ask("SELECT id FROM deliveries ORDER BY seq")
    for change in past:
        desk.hear(change)
    desk.hear(*past)
    assert desk.ask("SELECT id FROM deliveries ORDER BY seq") == told
