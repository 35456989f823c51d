"""Digests: at 07:30 on the wall, one a day for each reader, and none with nothing in it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest

from alerts.digests import Digests
from alerts.domain.digests import Line, compose_digest, due, moment
from alerts.handlers import Alerts
from alerts.recipients import Audience, Recipients, Rhythm
from tests.alerts.given import LEICESTER, LINKS, NOON, SHIPPED, Desk, said
from tests.conftest import FreshDatabase

DAILY = Audience(digest=Rhythm.DAILY)
WEEKLY = Audience(digest=Rhythm.WEEKLY)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


class Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def office(url: str, clock: Clock, **readers: Audience) -> Iterator[tuple[Desk, Digests]]:
    desk = Desk(url, alerts=Alerts(SHIPPED, lambda *_: [], LINKS, clock))
    recipients = Recipients(readers, {})
    yield desk, Digests(desk.engine, recipients, lambda alert, to, _: f"http://alerts.example/{alert}/{to}", clock)
    desk.close()


def bodies(desk: Desk) -> list[str]:
    return [row["subject"] + "\n" + row["body"] for row in desk.ask("SELECT * FROM deliveries ORDER BY seq")]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2026-03-28T07:29:59+00:00", "2026-03-27"), ("2026-03-28T07:30:00+00:00", "2026-03-28"),
        # The night clocks go forward: 07:30 is an hour earlier by UTC.
        ("2026-03-29T06:29:59+00:00", "2026-03-28"), ("2026-03-29T06:30:00+00:00", "2026-03-29"),
        ("2025-10-25T06:30:00+00:00", "2025-10-25"),
        # The night they go back: 06:30 by UTC is not it any more.
        ("2025-10-26T06:30:00+00:00", "2025-10-25"), ("2025-10-26T07:30:00+00:00", "2025-10-26"),
    ],
)  # fmt: skip
def test_a_daily_digest_is_due_at_half_past_seven_on_the_wall(now: str, day: str) -> None:
    assert due(False, at(now)) == date.fromisoformat(day)


def test_a_weekly_digest_is_due_on_mondays() -> None:
    found = [due(True, at("2026-03-29T06:30:00+00:00") + timedelta(days=n)) for n in range(9)]
    assert found == [date(2026, 3, 23)] + [date(2026, 3, 30)] * 7 + [date(2026, 4, 6)]


def test_the_day_of_a_clock_change_has_twenty_three_or_twenty_five_hours() -> None:
    assert moment(date(2026, 3, 29)) - moment(date(2026, 3, 28)) == timedelta(hours=23)
    assert moment(date(2025, 10, 26)) - moment(date(2025, 10, 25)) == timedelta(hours=25)


@pytest.mark.parametrize("night", ["2026-03-29", "2025-10-26"])
def test_over_a_clock_change_every_change_is_in_exactly_one_digest(database_url: FreshDatabase, night: str) -> None:
    start = moment(date.fromisoformat(night) - timedelta(days=2))
    clock = Clock(start + timedelta(minutes=1))
    with office(database_url("alerts"), clock, finance=DAILY) as (desk, digests):
        provisions = (
            "special",
            "mainstream",
            "post-16",
            "hospital",
            "therapies",
            "independent",
            "alternative",
            "inclusion",
        )
        digests.make()
        for hours in range(98):
            clock.now += timedelta(hours=1)
            if hours % 12 == 0 and hours < 96:
                desk.hear(said(1, provision=provisions[hours // 12], committed_pence=95_000))
            digests.make()
        made = [row["day"] for row in desk.ask("SELECT day FROM digests ORDER BY day")]
        assert made == [date.fromisoformat(night) + timedelta(days=n) for n in range(-2, 3)]
        opened = [body.partition(": Opened (")[2].partition(")")[0] for body in bodies(desk)]
        assert sum(int(count) for count in opened if count) == len(provisions)


def test_a_digest_lists_what_changed_and_what_nobody_has_taken_on(database_url: FreshDatabase) -> None:
    clock = Clock(NOON)
    with office(database_url("alerts"), clock, finance=DAILY) as (desk, digests):
        digests.make()
        desk.hear(*(said(1, provision=p, committed_pence=95_000) for p in ("special", "mainstream", "hospital")))
        desk.hear(said(2, provision="mainstream", committed_pence=100_000), said(2, provision="hospital"))
        desk.acknowledge("E06000016-2025-line-budget-special-1", "A. Patel")
        clock.now = moment(date(2025, 11, 4)) + timedelta(seconds=10)
        digests.make()
        (row,) = desk.ask("SELECT * FROM deliveries")
        assert row["subject"] == (
            "HNB alerts, daily digest, 4 November 2025: 3 opened, 1 rose, 1 ended, 1 not acknowledged"
        )
        assert f"{LEICESTER}: Opened (3)" in row["body"]
        assert f"{LEICESTER}: Open, and acknowledged by nobody (1)" in row["body"]
        assert "http://alerts.example/E06000016-2025-line-budget-mainstream-1/finance" in row["body"]
        assert row["html"].count("<caption") == 4
        assert (row["channel"], row["alert_id"]) == ("finance", None)
        (kept,) = desk.ask("SELECT * FROM digests WHERE reference IS NOT NULL")
        assert kept["authorities"] == [LEICESTER]


def test_with_nothing_to_say_nothing_is_said(database_url: FreshDatabase) -> None:
    clock = Clock(NOON)
    with office(database_url("alerts"), clock, finance=DAILY) as (desk, digests):
        for _ in range(4):
            digests.make()
            clock.now += timedelta(days=1)
        assert bodies(desk) == []


def test_a_reader_of_one_authority_reads_of_no_other(database_url: FreshDatabase) -> None:
    clock = Clock(NOON)
    readers = {"here": Audience(authorities=frozenset({LEICESTER}), digest=Rhythm.DAILY), "all": DAILY, "week": WEEKLY}
    with office(database_url("alerts"), clock, **readers) as (desk, digests):
        digests.make()
        desk.hear(said(1, committed_pence=95_000), authority="E06000001")
        clock.now += timedelta(days=1)
        digests.make()
        assert [row["channel"] for row in desk.ask("SELECT channel FROM deliveries")] == ["all"]


def test_many_replicas_make_one_digest_together(database_url: FreshDatabase) -> None:
    clock = Clock(NOON)
    with office(database_url("alerts"), clock, finance=DAILY, weekly=WEEKLY) as (desk, digests):
        digests.make()
        desk.hear(said(1, committed_pence=95_000))
        clock.now = at("2025-11-10T08:00:00+00:00")
        threads = [threading.Thread(target=digests.make) for _ in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        digests.make()
        rows = desk.ask("SELECT id, channel FROM deliveries ORDER BY channel")
        assert [row["channel"] for row in rows] == ["finance", "weekly"]
        assert all(row["id"].startswith("digest-2025-11-10-") for row in rows)


def test_a_digest_broken_off_leaves_nothing_and_is_made_again(database_url: FreshDatabase) -> None:
    clock = Clock(NOON)
    with office(database_url("alerts"), clock, finance=DAILY) as (desk, digests):
        digests.make()
        desk.hear(said(1, committed_pence=95_000))
        clock.now += timedelta(days=1)

        def killed(*_: object) -> str:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            Digests(desk.engine, Recipients({"finance": DAILY}, {}), killed, clock).make()
        assert bodies(desk) == []
        digests.make()
        assert len(bodies(desk)) == 1


def test_a_long_digest_counts_what_it_does_not_list() -> None:
    lines = [Line("opened", f"A-{n}", LEICESTER, 2025, "special", "r", "warning", None, f"l{n}") for n in range(130)]
    message = compose_digest(False, date(2025, 11, 4), lines, "reference")
    assert message is not None
    assert "and others" in message.body
    assert "Opened (130)" in message.body
