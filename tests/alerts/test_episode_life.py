"""What officers read as an alert lives: told once, taken back, passed on, silenced, let be at night."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from alerts import silences
from alerts.domain.pack import RulePack
from alerts.handlers import Alerts
from alerts.watching import Watch
from hnb import database
from tests.alerts.given import LEICESTER, LINKS, NOON, said
from tests.alerts.mailbox import Mailbox, text_of
from tests.alerts.test_delivery import Office
from tests.conftest import FreshDatabase

LINE = {
    "id": "line-budget", "kind": "line-budget", "warning_percent": 90, "critical_percent": 100, "recovery_points": 2,
}  # fmt: skip


class Officers(Office):
    """A desk with officers who read mail, rules of the test's own, and a clock to turn."""

    def __init__(self, url: str, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        super().__init__(url, f"{mailbox.url('finance@leicester.example')},{mailbox.url('lead@leicester.example')}")
        self.now = NOON
        self.go_by(LINE)

    def go_by(self, *rules: object) -> None:
        pack = RulePack.model_validate({"rules": rules})
        who = {"finance": "finance@", "finance-lead": "lead@"}

        def named(roles: object, authority: str, critical: bool) -> list[str]:
            return [name for name in self.open if any(who[role] in name for role in roles)]  # type: ignore[attr-defined]

        self.alerts = Alerts(pack, named, LINKS, lambda: self.now)
        self.intake = replace(self.intake, apply=self.alerts.judge)
        self.watch = Watch(self.engine, self.alerts)

    def after(self, **later: float) -> None:
        self.now += timedelta(**later)
        self.watch.tick()

    def read(self, count: int) -> list[tuple[str, str]]:
        """Whom each message received so far went to, and its subject; that there are just so many."""
        self.dispatch_until("sent", count)
        assert len(self.ask("SELECT id FROM deliveries WHERE state = 'sent' OR due_at <= clock_timestamp()")) == count
        return [(str(m["to"]).partition("@")[0], str(m["subject"])) for m in self.mailbox.received]


@pytest.fixture
def officers(database_url: FreshDatabase) -> Iterator[Officers]:
    with Mailbox() as mailbox:
        opened = Officers(database_url("alerts"), mailbox)
        yield opened
        opened.close()


FULL = "HNB alert, critical: Special schools at 100.0% of budget (2025-26)"


def test_a_thousand_crossings_to_and_fro_are_told_twice(officers: Officers) -> None:
    for start in range(0, 1000, 100):
        for version in range(start + 1, start + 101):
            officers.hear(said(version, committed_pence=90_000 if version % 2 else 88_000))
    officers.hear(said(1001, committed_pence=87_999))
    assert [subject for _, subject in officers.read(2)] == [
        "HNB alert, warning: Special schools at 90.0% of budget (2025-26)",
        "HNB alert, resolved: Special schools at 87.9% of budget (2025-26)",
    ]
    assert len(officers.ask("SELECT id FROM alerts")) == 1


def held(version: int, committed: int, *parts: tuple[date, int]) -> object:
    return said(
        version, committed_pence=committed, change_pence=sum(pence for _, pence in parts),
        held=[{"held_from": day, "amount_pence": pence} for day, pence in parts],
    )  # fmt: skip


def test_a_placement_that_had_ended_before_the_alert_takes_it_back(officers: Officers) -> None:
    officers.hear(held(1, 100_000, (date(2025, 4, 1), 100_000)))  # type: ignore[arg-type]
    officers.hear(held(2, 80_000, (date(2025, 9, 1), -20_000)))  # type: ignore[arg-type]
    (_, opened), (_, retracted) = officers.read(2)
    assert opened == FULL
    assert retracted == "HNB alert, retracted: Special schools at 80.0% of budget (2025-26)"
    body = text_of(officers.mailbox.received[1])
    assert "Retracted: the alert was not true." in body
    assert "what was taken for £1,000.00 of cost was £800.00" in body
    assert officers.ask("SELECT state FROM alerts") == [{"state": "retracted"}]


def test_a_placement_that_ends_after_the_alert_does_not_make_it_untrue(officers: Officers) -> None:
    officers.hear(held(1, 100_000, (date(2025, 4, 1), 100_000)))  # type: ignore[arg-type]
    officers.hear(held(2, 95_000, (date(2025, 9, 1), -5_000)))  # type: ignore[arg-type]
    officers.hear(held(3, 80_000, (date(2025, 12, 1), -15_000)))  # type: ignore[arg-type]
    assert officers.read(2)[1][1].startswith("HNB alert, resolved:")


def test_what_is_heard_bit_by_bit_takes_an_alert_back_as_well(officers: Officers) -> None:
    officers.hear(held(1, 100_000, (date(2025, 4, 1), 100_000)))  # type: ignore[arg-type]
    officers.hear(held(2, 99_000, (date(2025, 5, 1), -6_000), (date(2025, 12, 1), 5_000)))  # type: ignore[arg-type]
    officers.hear(held(3, 94_000, (date(2025, 6, 1), -5_000)))  # type: ignore[arg-type]
    officers.hear(held(4, 87_000, (date(2025, 12, 2), -7_000)))  # type: ignore[arg-type]
    assert officers.read(2)[1][1].startswith("HNB alert, retracted:")


def test_what_nobody_takes_on_in_time_goes_to_others_once(officers: Officers) -> None:
    officers.go_by(LINE | {"escalate": {"after_hours": 48, "to": ["finance-lead"]}})
    officers.hear(said(1, committed_pence=100_000))
    officers.after(hours=47)
    assert len(officers.read(1)) == 1
    for _ in range(3):
        officers.after(hours=1)
    assert officers.read(2) == [
        ("finance", FULL),
        ("lead", "HNB alert, critical, not acknowledged: Special schools at 100.0% of budget (2025-26)"),
    ]


def test_what_somebody_took_on_is_not_passed_on(officers: Officers) -> None:
    officers.go_by(LINE | {"escalate": {"after_hours": 48, "to": ["finance-lead"]}})
    officers.hear(said(1, committed_pence=100_000))
    assert officers.acknowledge("E06000016-2025-line-budget-special-1", "A. Patel")
    officers.after(hours=100)
    assert len(officers.read(1)) == 1


def _silence(officers: Officers, hours: int) -> None:
    with database.transaction(officers.engine) as connection:
        silences.begin(
            connection, authority=LEICESTER, rule="line-budget", scope=None, author="A. Patel", reason="year-end run",
            begins_at=officers.now, ends_at=officers.now + timedelta(hours=hours),
        )  # fmt: skip


def test_what_opens_in_silence_is_told_when_it_ends_if_it_still_holds(officers: Officers) -> None:
    _silence(officers, 3)
    officers.hear(said(1, committed_pence=100_000), said(1, provision="mainstream", committed_pence=100_000))
    officers.hear(said(2, provision="mainstream", committed_pence=10_000))
    officers.after(hours=2)
    assert officers.ask("SELECT id FROM deliveries") == []
    officers.after(hours=1)
    officers.after(hours=1)
    assert officers.read(1) == [
        ("finance", "HNB alert, critical, no longer silenced: Special schools at 100.0% of budget (2025-26)")
    ]
    changes = officers.ask("SELECT change, silence FROM transitions WHERE alert_id LIKE '%special%' ORDER BY number")
    assert [(row["change"], row["silence"]) for row in changes] == [("opened", 1), ("reminded", None)]


def test_a_warning_at_night_waits_for_the_morning_and_a_critical_one_does_not(officers: Officers) -> None:
    officers.go_by(LINE | {"quiet_hours": {"from": "19:00", "to": "07:30", "days_off": True}})
    officers.now = datetime(2035, 3, 23, 20, 0, tzinfo=UTC)  # Good Friday; the clocks go forward on Sunday
    officers.hear(said(1, committed_pence=90_000), said(1, provision="mainstream", committed_pence=100_000))
    assert officers.read(1) == [("finance", "HNB alert, critical: Mainstream at 100.0% of budget (2025-26)")]
    (waiting,) = officers.ask("SELECT due_at FROM deliveries WHERE state = 'queued'")
    assert waiting["due_at"] == datetime(2035, 3, 27, 6, 30, tzinfo=UTC)
    with database.transaction(officers.engine) as connection:
        connection.execute(text("UPDATE deliveries SET due_at = clock_timestamp() WHERE state = 'queued'"))
    assert officers.read(2)[1][1].startswith("HNB alert, warning: Special schools")


def test_what_does_not_last_is_never_told(officers: Officers) -> None:
    officers.go_by(LINE | {"for_minutes": 60})
    officers.hear(said(1, committed_pence=95_000))
    officers.after(minutes=59)
    officers.hear(said(2, committed_pence=50_000))
    officers.after(minutes=10)
    assert officers.ask("SELECT id FROM alerts") == officers.ask("SELECT id FROM deliveries") == []
    officers.hear(said(3, committed_pence=95_000))
    officers.after(minutes=61)
    (told,) = officers.read(1)
    assert told == ("finance", "HNB alert, warning: Special schools at 95.0% of budget (2025-26)")
    (transition,) = officers.ask("SELECT number, change FROM transitions")
    assert transition == {"number": 1, "change": "opened"}
