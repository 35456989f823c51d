"""The road between services: outbox, relay and hearing, over a real database and broker, when things go wrong."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
import psycopg
import pytest
import redis
from sqlalchemy import Connection, Engine, text

from hnb import database, outbox
from hnb.events import CASE_EVENTS, Event
from hnb.hearing import Entry, Hearing, make_broker
from hnb.intake import Intake
from hnb.outbox import Relay
from hnb.telemetry import Telemetry
from tests.cases import budget
from tests.conftest import FreshDatabase


@pytest.fixture
def engine(database_url: FreshDatabase) -> Engine:
    engine = database.connect(database_url("ledger"), "ledger")
    database.migrate(engine, "ledger")
    return engine


@pytest.fixture
def client(broker_url: str) -> Any:  # redis-py types every answer as several things at once
    return redis.Redis.from_url(broker_url)


def say(engine: Engine, *bodies: str) -> None:
    with database.transaction(engine) as connection:
        outbox.say(connection, [("budget", body) for body in bodies])


def kept(engine: Engine) -> int:
    with database.reading(engine) as connection:
        return int(connection.scalar(text("SELECT count(*) FROM outbox")) or 0)


def heard(client: Any) -> list[str]:
    entries = client.xrange("budget")
    return [fields[b"event"].decode() for _, fields in entries]


def hear_all(client: Any, group: str = "ledger") -> None:
    reply = client.xreadgroup(group, "c", {"budget": ">"})
    client.xack("budget", group, *(entry for entry, _ in reply[0][1]))


def test_what_is_said_is_sent_in_order_and_kept_until_every_hearer_has_acknowledged(
    engine: Engine, client: Any
) -> None:
    relay = Relay(engine, client)
    say(engine, "1", "2", "3")
    assert (relay.send(), relay.send()) == (3, 0)
    assert heard(client) == ["1", "2", "3"]
    relay.settle()
    assert kept(engine) == 3, "no group yet: sent is not settled"
    client.xgroup_create("budget", "ledger", id="0")
    client.xreadgroup("ledger", "c", {"budget": ">"}, count=2)
    relay.settle()
    assert kept(engine) == 3, "delivered is not acknowledged"
    first = client.xrange("budget", count=1)
    client.xack("budget", "ledger", first[0][0])
    relay.settle()
    assert kept(engine) == 2
    hear_all(client)
    client.xack("budget", "ledger", *(entry for entry, _ in client.xrange("budget")))
    relay.settle()
    assert kept(engine) == 0


@pytest.mark.parametrize("lose", ["flushall", "delete", "part"])
def test_what_the_broker_loses_is_sent_again(engine: Engine, client: Any, lose: str) -> None:
    relay = Relay(engine, client)
    client.xgroup_create("budget", "ledger", id="0", mkstream=True)
    say(engine, "1", "2")
    relay.send()
    entries = client.xrange("budget")
    if lose == "flushall":
        client.flushall()
    elif lose == "delete":
        client.delete("budget")
    else:
        client.xdel("budget", entries[1][0])
    # New entries come after the loss, with ids above those lost: a last id alone would not show it.
    say(engine, "3")
    relay.send()
    client.xgroup_create("budget", "ledger", id="0", mkstream=True) if lose != "part" else None
    hear_all(client)
    relay.settle()
    relay.send()
    assert set(heard(client)) >= ({"1", "2", "3"} if lose != "part" else {"2", "3"})
    hear_all(client)
    relay.settle()
    assert kept(engine) == 0


def test_streams_are_trimmed_below_what_everybody_has_acknowledged(engine: Engine, client: Any) -> None:
    relay = Relay(engine, client)
    client.xgroup_create("budget", "ledger", id="0", mkstream=True)
    client.xgroup_create("budget", "outsider", id="0")
    say(engine, *(str(n) for n in range(2_500)))
    while relay.send():
        pass
    for _ in range(3):
        reply = client.xreadgroup("ledger", "c", {"budget": ">"}, count=1_000)
        client.xack("budget", "ledger", *(entry for entry, _ in reply[0][1]))
    relay.settle()
    relay.settle()
    assert kept(engine) == 0
    assert client.xlen("budget") == 2_500, "the outsider has read nothing yet"
    client.xgroup_destroy("budget", "outsider")
    say(engine, "last")
    relay.send()
    hear_all(client)
    relay.settle()
    assert int(client.xlen("budget")) < 500


def test_what_one_service_trims_is_not_lost_to_another_that_has_yet_to_settle(
    engine: Engine, database_url: FreshDatabase, client: Any
) -> None:
    other = database.connect(database_url("placements"), "placements")
    database.migrate(other, "placements")
    relays = {engine: Relay(engine, client), other: Relay(other, client)}
    client.xgroup_create("condition", "alerts", id="0", mkstream=True)
    with database.transaction(engine) as connection:
        outbox.say(connection, [("condition", str(n)) for n in range(2_500)])
    while relays[engine].send():
        pass
    with database.transaction(other) as connection:
        outbox.say(connection, [("condition", "last")])
    relays[other].send()
    while reply := client.xreadgroup("alerts", "c", {"condition": ">"}):
        client.xack("condition", "alerts", *(entry for entry, _ in reply[0][1]))
    assert relays[other].settle() is False
    while relays[engine].settle():
        pass
    assert (kept(engine), kept(other), client.xinfo_stream("condition")["entries-added"]) == (0, 0, 2_501)
    other.dispose()


def test_two_relays_send_each_message_once(engine: Engine, client: Any) -> None:
    say(engine, *(str(n) for n in range(300)))
    relays = [threading.Thread(target=Relay(engine, client).send) for _ in range(4)]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join()
    assert sorted(map(int, heard(client))) == list(range(300))


class Ears:
    """A hearing with a handler of the test's own."""

    def __init__(self, url: str, take: Callable[[Sequence[Entry]], None] | None = None, at_once: int = 2) -> None:
        self.taken: list[str] = []
        self.buried: list[tuple[str, str]] = []
        self.take = take or self._take
        self.hearing = Hearing(
            make_broker(url), "ledger", "ledger-0", ["budget"], self._handle, self._bury, at_once=at_once
        )

    def _handle(self, entries: Sequence[Entry]) -> None:
        self.take(entries)

    def _take(self, entries: Sequence[Entry]) -> None:
        self.taken += [(entry.body or b"").decode() for entry in entries]

    def _bury(self, entry: Entry, reason: str) -> None:
        self.buried.append((entry.id, reason))

    async def listen(self, until: Callable[[], object], during: Callable[[], Awaitable[None]] | None = None) -> None:
        await self.hearing.start()
        watch = asyncio.create_task(self.hearing.watch())
        try:
            if during:
                await during()
            async with asyncio.timeout(20):
                while not until():
                    await asyncio.sleep(0.02)
        finally:
            await self.hearing.stop()
            watch.cancel()


def pending(client: Any) -> int:
    return int(client.xpending("budget", "ledger")["pending"])


def test_entries_older_than_the_group_are_heard(client: Any, broker_url: str) -> None:
    for n in range(3):
        client.xadd("budget", {"event": str(n)})
    ears = Ears(broker_url)
    asyncio.run(ears.listen(lambda: len(ears.taken) == 3))
    assert pending(client) == 0


def test_what_was_in_hand_when_a_replica_died_is_taken_up_at_its_next_start(client: Any, broker_url: str) -> None:
    client.xgroup_create("budget", "ledger", id="0", mkstream=True)
    for n in range(3):
        client.xadd("budget", {"event": str(n)})
    client.xreadgroup("ledger", "ledger-0", {"budget": ">"}, count=2)
    ears = Ears(broker_url)
    asyncio.run(ears.listen(lambda: len(ears.taken) == 3))
    assert ears.taken == ["0", "1", "2"]
    assert pending(client) == 0


def test_a_reply_lost_on_the_wire_is_found_while_running(client: Any, broker_url: str) -> None:
    ears = Ears(broker_url)

    async def lose_a_reply() -> None:
        client.xadd("elsewhere", {"event": "x"})
        with client.pipeline() as pipe:  # one transaction: the subscriber cannot come between
            pipe.xadd("budget", {"event": "lost"})
            pipe.xreadgroup("ledger", "ledger-0", {"budget": ">"})
            pipe.execute()

    asyncio.run(ears.listen(lambda: ears.taken == ["lost"], lose_a_reply))
    assert pending(client) == 0


@pytest.mark.parametrize("trouble", ["flushall", "group"])
def test_a_vanished_group_is_made_again_and_hearing_goes_on(client: Any, broker_url: str, trouble: str) -> None:
    ears = Ears(broker_url)

    async def make_trouble() -> None:
        client.xadd("budget", {"event": "before"})
        while "before" not in ears.taken:
            await asyncio.sleep(0.02)
        if trouble == "flushall":
            client.flushall()
        else:
            client.xgroup_destroy("budget", "ledger")
        await asyncio.sleep(0.3)
        client.xadd("budget", {"event": "after"})

    asyncio.run(ears.listen(lambda: "after" in ears.taken and ears.hearing.running, make_trouble))


def test_while_the_database_is_away_a_batch_is_held_and_nothing_is_acknowledged(client: Any, broker_url: str) -> None:
    failures = iter([ConnectionError("away"), ConnectionError("away")])
    ears = Ears(broker_url)

    def take(entries: Sequence[Entry]) -> None:
        for failure in failures:
            assert pending(client) == 1
            raise failure
        ears._take(entries)

    ears.take = take
    client.xadd("budget", {"event": "x"})
    asyncio.run(ears.listen(lambda: ears.taken == ["x"]))
    assert pending(client) == 0


def test_as_many_batches_as_allowed_are_in_hand_together_and_all_are_finished_before_it_stops(
    client: Any, broker_url: str
) -> None:
    begun: list[str] = []
    goes_on = threading.Event()
    ears = Ears(broker_url)

    def take(entries: Sequence[Entry]) -> None:
        begun.extend((entry.body or b"").decode() for entry in entries)
        goes_on.wait(10)
        ears._take(entries)

    async def three_batches() -> None:
        for name in ("a", "b", "c"):
            client.xadd("budget", {"event": name})
            async with asyncio.timeout(10):
                while name not in begun and len(begun) < 2:
                    await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)
        assert (begun, ears.taken, pending(client)) == (["a", "b"], [], 3)
        asyncio.get_running_loop().call_later(0.2, goes_on.set)

    ears.take = take
    asyncio.run(ears.listen(lambda: True, three_batches))
    assert (sorted(ears.taken), pending(client)) == (["a", "b"], 1), "the third is taken up at the next start"


def test_what_only_waits_for_its_turn_holds_up_no_subscriber_that_is_to_stop(client: Any, broker_url: str) -> None:
    ears = Ears(broker_url)

    async def stop_while_waiting() -> None:
        hearing = ears.hearing
        async with hearing._nothing_in_hand():
            client.xadd("budget", {"event": "x"})
            async with asyncio.timeout(10):
                while not pending(client):
                    await asyncio.sleep(0.01)
            async with asyncio.timeout(10):
                await hearing._subscribers["budget"].stop()

    asyncio.run(ears.listen(lambda: ears.taken == ["x"], stop_while_waiting))
    assert pending(client) == 0


def test_nothing_that_goes_wrong_ends_the_watch(client: Any, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ears = Ears(broker_url)
    ask = ears.hearing._run_id
    # As redis-py passes on what uvloop says of a connection that was closed between being chosen and written to.
    failures = iter([RuntimeError("the handler is closed")])

    async def fail_once() -> str:
        for failure in failures:
            raise failure
        return await ask()

    async def trouble() -> None:
        monkeypatch.setattr(ears.hearing, "_run_id", fail_once)
        async with asyncio.timeout(20):
            while ears.hearing.running:
                await asyncio.sleep(0.01)
        client.xadd("budget", {"event": "after"})

    asyncio.run(ears.listen(lambda: ears.taken == ["after"] and ears.hearing.running, trouble))


def test_an_entry_delivered_again_and_again_without_end_is_buried(client: Any, broker_url: str) -> None:
    client.xgroup_create("budget", "ledger", id="0", mkstream=True)
    deadly, innocent = client.xadd("budget", {"event": "deadly"}), client.xadd("budget", {"event": "innocent"})
    client.xreadgroup("ledger", "ledger-0", {"budget": ">"})
    client.xclaim("budget", "ledger", "ledger-0", 0, [deadly], retrycount=30)
    ears = Ears(broker_url)
    asyncio.run(ears.listen(lambda: ears.buried and ears.taken == ["innocent"]))
    assert ears.buried[0][0] == deadly.decode()
    assert innocent
    assert pending(client) == 0


def test_what_passes_is_known_as_such_where_rows_are_copied_too(engine: Engine) -> None:
    columns, row = ("stream", "entry_id", "body", "reason"), ("budget", "1-0", "", "")
    with database.transaction(engine) as other:
        other.execute(text("LOCK TABLE dead_letters"))
        with database.transaction(engine) as connection:
            connection.execute(text("SET LOCAL lock_timeout = 50"))
            with pytest.raises(psycopg.OperationalError) as caught:
                database.copy_rows(connection, "dead_letters", columns, [row])
    assert database.is_passing(caught.value)


def test_one_event_that_cannot_be_applied_is_set_aside_and_the_rest_of_its_batch_goes_on(engine: Engine) -> None:
    applied: list[str] = []

    def apply(connection: Connection, events: Sequence[Event]) -> None:
        if any(event.id == "poison" for event in events):
            connection.execute(text("SELECT 1 / 0"))
        applied.extend(event.id for event in events)

    intake = Intake(engine, Telemetry("ledger"), lambda _: None, apply, lambda: None, CASE_EVENTS)
    ids = [f"e{i}" for i in range(9)]
    ids[4] = "poison"
    intake.take_entries(
        [Entry("budget", f"1-{i}", orjson.dumps(budget("special", 1, id=id))) for i, id in enumerate(ids)]
    )
    assert sorted(applied) == sorted(set(ids) - {"poison"})
    with database.reading(engine) as connection:
        letter = connection.execute(text("SELECT * FROM dead_letters")).one()
        assert connection.scalar(text("SELECT count(*) FROM inbox")) == 8, "what was not applied is not on record"
    assert "division by zero" in letter.reason
    assert orjson.loads(letter.body)["id"] == "poison"


def test_an_event_that_comes_again_does_nothing_and_an_id_used_again_is_buried(engine: Engine) -> None:
    applied: list[str] = []
    intake = Intake(
        engine, Telemetry("ledger"), lambda _: None, lambda _, events: applied.extend(e.id for e in events),
        lambda: None, CASE_EVENTS,
    )  # fmt: skip
    first, other = budget("special", 1, id="same"), budget("special", 2, id="same")
    entries = [Entry("budget", f"1-{i}", orjson.dumps(e)) for i, e in enumerate([first, first, other])]
    intake.take_entries(entries)
    intake.take_entries(entries)
    assert applied == ["same"]
    with database.reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM dead_letters")) == 1
