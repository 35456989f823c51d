"""What finance reads of alerts in its own views: the course of each, who was reached, and nobody's words."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from alerts import silences
from alerts.domain.pack import RulePack
from alerts.handlers import Alerts
from hnb import database
from tests.alerts.given import LEICESTER, LINKS, NOON, Desk, said
from tests.alerts.mailbox import Mailbox
from tests.alerts.test_delivery import QUICK, Office
from tests.conftest import FreshDatabase


@pytest.fixture
def office(database_url: FreshDatabase) -> Iterator[Office]:
    with Mailbox() as mailbox:
        opened = Office(database_url("alerts"), mailbox.url("finance@leicester.example"), QUICK)
        yield opened
        opened.close()


def test_an_alert_is_there_from_opening_to_end_and_says_how_soon_it_was_taken_on(office: Office) -> None:
    office.hear(said(1, committed_pence=100_000))
    office.now = NOON + timedelta(minutes=90)
    (opened,) = office.ask("SELECT * FROM finance.alerts")
    assert office.acknowledge(opened["alert"], "A. Patel", "spoke to Ash Field")
    office.now = NOON + timedelta(hours=3)
    office.hear(said(2, committed_pence=80_000))
    (ended,) = office.ask("SELECT * FROM finance.alerts")
    assert (opened["state"], opened["seconds_to_acknowledge"], opened["resolved_at"]) == ("open", None, None)
    assert ended == opened | {
        "state": "resolved", "severity": ended["severity"], "acknowledged_at": NOON + timedelta(minutes=90),
        "resolved_at": NOON + timedelta(hours=3), "seconds_to_acknowledge": 5_400,
    }  # fmt: skip
    assert (ended["authority"], ended["financial_year"], ended["scope"], ended["rule"], ended["opened_at"]) == (
        LEICESTER, 2025, "special", "line-budget", NOON,
    )  # fmt: skip


def test_a_message_is_there_with_its_rule_and_how_long_it_took(office: Office) -> None:
    office.hear(said(1, committed_pence=100_000))
    (waits,) = office.ask("SELECT * FROM finance.deliveries")
    assert (waits["state"], waits["attempts"], waits["seconds_to_deliver"]) == ("queued", 0, None)
    office.dispatch_until("sent", 1)
    (sent,) = office.ask("SELECT * FROM finance.deliveries")
    assert (sent["authority"], sent["rule"], sent["scope"], sent["state"], sent["attempts"]) == (
        LEICESTER, "line-budget", "special", "sent", 1,
    )  # fmt: skip
    assert sent["channel"].startswith("finance@leicester.example")
    assert sent["seconds_to_deliver"] == (sent["sent_at"] - sent["queued_at"]).total_seconds()
    assert not sent["is_digest"]
    assert not sent["is_fallback"]


def test_what_has_not_held_long_enough_is_no_alert_yet(database_url: FreshDatabase) -> None:
    rule = {
        "id": "line-budget", "kind": "line-budget", "warning_percent": 90, "critical_percent": 100,
        "recovery_points": 2, "for_minutes": 60,
    }  # fmt: skip
    alerts = Alerts(RulePack.model_validate({"rules": [rule]}), lambda *_: [], LINKS, lambda: NOON)
    desk = Desk(database_url("alerts"), alerts=alerts)
    desk.hear(said(1, committed_pence=100_000))
    assert desk.ask("SELECT state FROM alerts") == [{"state": "pending"}]
    assert desk.ask("SELECT * FROM finance.alerts") == []
    desk.close()


def test_nobody_and_nobodys_words_are_in_them(office: Office) -> None:
    office.hear(said(1, committed_pence=100_000, drivers=[("PL-1042", 100_000)]))
    (alert,) = office.ask("SELECT alert FROM finance.alerts")
    assert office.acknowledge(alert["alert"], "A. Patel", "spoke to Ash Field")
    with database.transaction(office.engine) as connection:
        silences.begin(
            connection, authority=LEICESTER, rule="line-budget", scope=None, author="B. Jones", reason="year end work",
            begins_at=NOON, ends_at=NOON + timedelta(hours=1),
        )  # fmt: skip
    office.dispatch_until("sent", 1)
    views = ("alerts", "deliveries", "silences")
    told = {view: office.ask(f"SELECT * FROM finance.{view}") for view in views}
    assert [len(rows) for rows in told.values()] == [1, 1, 1]
    for words in ("Patel", "Ash Field", "Jones", "year end", "HNB alert", "PL-1042", "£"):
        assert words not in str(told), words
