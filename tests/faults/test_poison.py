"""Events that were accepted and cannot be applied: the others do not wait for them, and mended they take effect."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import redis

from hnb_local.stack import Stack
from tests.alerts.mailbox import Mailbox
from tests.cases import Json, budget, made, yearly
from tests.conftest import scratch_folder
from tests.faults.administrator import administrators_url
from tests.faults.run import LONG, Figures, percentile, times
from tests.faults.system import UNSAID
from tests.journeys.test_road import position, post, unsettled, year
from tests.journeys.waiting import until

HNB = str(Path(sys.executable).with_name("hnb"))
PATIENCE = 120.0
ROUNDS, SECONDS = times(1, 6), times(3, 30)  # of each kind, side by side, and how long one lasts
BATCH, PER_SECOND = 20, 10  # a batch, and batches a second
WORSE_AT_MOST = 1.2
# A fault of ours, as it shows to the ledger: some events fail in the middle of its transaction.
FAULT = """
    CREATE TABLE poison (id text PRIMARY KEY);
    GRANT SELECT ON poison TO PUBLIC;
    CREATE FUNCTION fail_on_poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM poison p WHERE p.id = NEW.id) THEN RAISE EXCEPTION 'a fault of ours'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER fail_on_poison BEFORE INSERT ON inbox FOR EACH ROW EXECUTE FUNCTION fail_on_poison();
"""
MENDED = "DROP TRIGGER fail_on_poison ON inbox; DROP FUNCTION fail_on_poison; DROP TABLE poison"
# What the ledger derives from events, but for when it learned of them and in how many steps.
DERIVED = {
    "commitments": """SELECT about, kind, provision, child_ref, first_day, last_day, annual_pence, unpriced, horizon,
        (SELECT json_agg(cell ORDER BY cell::text)::text FROM json_array_elements(schedule) cell)
        FROM commitments WHERE authority = %(authority)s ORDER BY about""",
    "balances": """SELECT financial_year, line, grant_pence, budget_pence, commitment_pence, provisional_pence,
        payment_pence, exposure_pence, reserve_pence FROM balances WHERE authority = %(authority)s ORDER BY 1, 2""",
    "postings": """SELECT about, financial_year, line, kind,
        sum(CASE WHEN from_place IN ('headroom', 'outside') THEN amount_pence ELSE -amount_pence END)
        FROM postings WHERE authority = %(authority)s AND kind IN ('commitment', 'provisional', 'exposure')
        GROUP BY 1, 2, 3, 4 HAVING
        sum(CASE WHEN from_place IN ('headroom', 'outside') THEN amount_pence ELSE -amount_pence END) <> 0
        ORDER BY 1, 2, 3, 4""",
    "inbox": """SELECT id, type, time, about FROM inbox WHERE authority = %(authority)s AND id NOT LIKE 'e-%%'
        ORDER BY id""",
    "withdrawals": "SELECT id, target_id, applied FROM withdrawals WHERE authority = %(authority)s ORDER BY id",
}


@pytest.fixture(scope="module")
def officers() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="module")
def told(officers: Mailbox) -> Iterator[Stack]:
    """The whole system, with an officer who is told of everything."""
    with pytest.MonkeyPatch.context() as patch, scratch_folder() as path:
        patch.setenv("HNB_ALERT_URLS", officers.url("finance@leicester.example"))
        with Stack(path, say=print, durable=False) as running:
            yield running


@pytest.fixture
def ledger(told: Stack) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(administrators_url(told, "ledger"), autocommit=True) as connection:
        yield connection


def hnb(stack: Stack, *words: str, status: int = 0) -> Any:
    """What the command says, as JSON."""
    command = [HNB, "replay", *words, "--data-dir", str(stack.folder.path), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == status, done.stdout + done.stderr
    return json.loads(done.stdout)


def poison(ledger: "psycopg.Connection[Any]", ids: list[str]) -> None:
    with ledger.cursor() as cursor:
        cursor.executemany("INSERT INTO poison VALUES (%s)", [(id,) for id in ids])


def derived(ledger: "psycopg.Connection[Any]", authority: str) -> dict[str, list[tuple[object, ...]]]:
    return {of: ledger.execute(asked, {"authority": authority}).fetchall() for of, asked in DERIVED.items()}


def letters(stack: Stack, service: str, **query: str) -> list[Json]:
    answer = httpx.get(f"{stack.urls[service]}/dead-letters", params={"limit": "1000", **query}, timeout=20)
    found: list[Json] = answer.raise_for_status().json()["letters"]
    return found


def count(ledger: "psycopg.Connection[Any]", asked: str, **binds: object) -> int:
    row = ledger.execute(asked, binds).fetchone()
    assert row is not None
    return int(row[0])


def settled(stack: Stack, ledger: "psycopg.Connection[Any]") -> None:
    """Everything heard is decided, and said."""
    until(lambda: not unsettled(stack) and count(ledger, UNSAID) == 0, PATIENCE)


def test_all_of_the_past_sent_again_changes_no_figure_and_tells_nobody(
    told: Stack, ledger: "psycopg.Connection[Any]", officers: Mailbox
) -> None:
    authority = "E06200003"
    events = [budget("special", 1_000), made("PL-1", yearly(2_000)), made("PL-2", provision="independent", child="c2")]
    post(told, [event | {"authority": authority} for event in events])
    until(lambda: len(officers.received) == 2)  # of the line, and of the placement without a price
    settled(told, ledger)
    with psycopg.connect(told.database_urls["alerts"], autocommit=True) as alerts:
        outcome = "SELECT array_agg(subject ORDER BY seq) FROM deliveries"
        until(lambda: count(alerts, "SELECT count(*) FROM deliveries WHERE state = 'queued'") == 0, PATIENCE)
        before = (alerts.execute(outcome).fetchone(), position(told, authority), len(officers.received))
        postings, heard = (count(ledger, f"SELECT count(*) FROM {table}") for table in ("postings", "inbox"))
        found = hnb(told, "journal")
        assert (found["events"], found["sent"]) == (heard, 0)
        assert hnb(told, "journal", "--yes")["sent"] == heard
        said = hnb(told, "positions", "--yes")
        assert said["lines"] == count(ledger, "SELECT count(*) FROM balances")
        for service in ("placements", "ledger"):
            with psycopg.connect(told.database_urls[service], autocommit=True) as of:
                until(lambda: count(of, "SELECT count(*) FROM outbox") == 0, PATIENCE)
        assert count(ledger, "SELECT count(*) FROM postings") == postings
        lines = "SELECT count(*) FROM lines WHERE version > 1000000000000"
        until(lambda: count(alerts, lines) == said["lines"], PATIENCE)
        time.sleep(2)  # whoever would be told is told within this
        assert (alerts.execute(outcome).fetchone(), position(told, authority), len(officers.received)) == before


def test_mended_and_replayed_the_state_is_one_that_never_was_poisoned(
    told: Stack, ledger: "psycopg.Connection[Any]", rng: random.Random
) -> None:
    clean, poisoned = "E06200001", "E06200002"
    heard = "SELECT count(*) FROM inbox WHERE authority = %(of)s"
    events = year(poisoned, "poisoned")
    post(told, year(clean, "clean"))
    # Before there is a fault, since the ids are the same.
    until(lambda: count(ledger, heard, of=clean) == len(events), PATIENCE)
    bad = {event["id"]: event for event in rng.sample(events, k=12)}
    ledger.execute(FAULT)
    poison(ledger, list(bad))
    try:
        post(told, events)
        until(lambda: len(letters(told, "ledger")) == len(bad), PATIENCE)
        until(lambda: count(ledger, heard, of=poisoned) == len(events) - len(bad), PATIENCE)
    finally:
        ledger.execute(MENDED)
    assert all(letter["reason"] == "RaiseException: a fault of ours" for letter in letters(told, "ledger"))
    assert {letter["event"]["id"] for letter in letters(told, "ledger")} == set(bad)

    shown = hnb(told, "dead-letters", "--service", "ledger", "--reason", "FAULT of ours")
    assert (len(shown["letters"]), shown["replayed"]) == (len(bad), False)
    assert len(letters(told, "ledger")) == len(bad), "only shown"
    done = hnb(told, "dead-letters", "--by", "A. Operator", "--yes")
    assert {letter["outcome"] for letter in done["letters"]} == {"accepted"}
    settled(told, ledger)
    assert derived(ledger, poisoned) == derived(ledger, clean)
    until(lambda: position(told, poisoned) == position(told, clean))
    assert subprocess.run([HNB, "verify", "--data-dir", str(told.folder.path)], timeout=120).returncode == 0

    assert letters(told, "ledger") == []
    kept = letters(told, "ledger", state="replayed")
    assert {letter["event"]["id"] for letter in kept} == set(bad), "kept, and marked"
    whole = httpx.get(f"{told.urls['ledger']}/dead-letters/{kept[0]['id']}").json()
    assert json.loads(whole["body"]) == bad[kept[0]["event"]["id"]]
    assert [(one["by_whom"], one["outcome"]) for one in whole["replays"]] == [("A. Operator", "accepted")]
    again = httpx.post(f"{told.urls['ledger']}/dead-letters/{kept[0]['id']}/replay", json={"by": "B"}).json()
    assert again["outcome"] == "duplicate"
    assert derived(ledger, poisoned) == derived(ledger, clean)


def test_what_a_foreign_hand_writes_to_a_stream_is_set_aside_and_stays_so_when_tried_again(told: Stack) -> None:
    strange = [b"\xff\x00", b"{", b"[]", json.dumps(made() | {"type": "hnb.no-such.v1"}).encode(), b'{"data":"\xff"}']
    heard = {"placements": "case-intake", "ledger": "placement", "alerts": "position"}
    with redis.Redis.from_url(told.broker_url) as client:
        for stream in heard.values():
            for body in strange:
                client.xadd(stream, {"event": body})
            client.xadd(stream, {"other": "x"})
    for service, stream in heard.items():
        until(lambda: len(letters(told, service, stream=stream)) == len(strange) + 1)  # noqa: B023 - awaited here
        assert all(letter["reason"] for letter in letters(told, service, stream=stream))
        tried = hnb(told, "dead-letters", "--service", service, "--stream", stream, "--yes", status=1)
        assert {letter["outcome"] for letter in tried["letters"]} == {"refused"}
        assert {letter["tries"] for letter in letters(told, service, stream=stream)} == {1}
    told.wait_until_ready()


def test_the_others_hardly_wait_for_those_that_fail(
    told: Stack, ledger: "psycopg.Connection[Any]", rng: random.Random, figures: Figures
) -> None:
    ledger.execute(FAULT)
    waits: dict[bool, list[float]] = {False: [], True: []}
    bad_ids: set[str] = set()
    try:
        for number in range(ROUNDS * 2):
            bad = number % 2 == 1
            name = f"E{63_000_000 + number}"
            events = [
                made(
                    f"PL-{n}", yearly(rng.randrange(5_000, 60_000)), child=f"c{n}", id=f"r{number}-{n}", authority=name
                )
                for n in range(SECONDS * PER_SECOND * BATCH)
            ]
            ids = {event["id"] for event in rng.sample(events, k=len(events) // 100)} if bad else set()
            poison(ledger, sorted(ids))
            bad_ids |= ids
            drive(told, events)
            heard = "SELECT count(*) FROM inbox WHERE authority = %(name)s"
            until(lambda: count(ledger, heard, name=name) == len(events) - len(ids), PATIENCE)  # noqa: B023
            waits[bad] += seconds_to_position(told, ledger, name)
    finally:
        ledger.execute(MENDED)
    without, with_poison = (percentile(waits[bad], 99) for bad in (False, True))
    median = [percentile(waits[bad], 50) for bad in (False, True)]
    set_aside = {letter["event"]["id"] for letter in letters(told, "ledger", reason="a fault of ours")}
    assert set_aside == bad_ids
    assert {x["outcome"] for x in hnb(told, "dead-letters", "--service", "ledger", "--stream", "placement",
                                      "--reason", "a fault of ours", "--yes")["letters"]} == {"accepted"}  # fmt: skip
    ratio = with_poison / without
    wanted = f"at most {WORSE_AT_MOST:.2f} of without"
    figures.add("poison, events a second, 1% of which fail", BATCH * PER_SECOND)
    figures.add(
        "poison, accepted to in position p50 in ms, without and with", " ".join(f"{1e3 * m:.0f}" for m in median)
    )
    said = f"{1e3 * without:.0f} {1e3 * with_poison:.0f} ({ratio:.2f})"
    figures.add("poison, accepted to in position p99 in ms, without and with", said, wanted)
    assert ratio <= WORSE_AT_MOST or not LONG, said


def drive(stack: Stack, events: list[Json]) -> None:
    """Post the events at a steady pace; a batch that is late is sent at once, and the next are not put off for it."""
    began = time.monotonic()
    for number, start in enumerate(range(0, len(events), BATCH)):
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        post(stack, events[start : start + BATCH])


def seconds_to_position(stack: Stack, ledger: "psycopg.Connection[Any]", authority: str) -> list[float]:
    """From the moment each event was taken in at the door to the moment the ledger posted it."""
    with psycopg.connect(stack.database_urls["placements"]) as door:
        accepted: dict[str, datetime] = dict(
            door.execute("SELECT id, received_at FROM inbox WHERE authority = %s", [authority]).fetchall()
        )
    asked = "SELECT event_id, min(recorded_at) FROM postings WHERE authority = %s AND event_id IS NOT NULL GROUP BY 1"
    posted = ledger.execute(asked, [authority])
    return [(at - accepted[id]).total_seconds() for id, at in posted.fetchall()]
