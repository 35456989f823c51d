"""Hearing streams without losing an entry: FastStream reads in batches, and this looks after what it leaves undone.

FastStream alone never re-reads an entry whose handler failed, stops for good when a group is gone, and hides what a
lost reply stranded. So: groups are created at 0, the own pending list is drained at start and after every trouble,
entries others left are claimed, a subscriber that stopped is started again, and only what is on disk is acknowledged.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import structlog
from faststream import AckPolicy
from faststream.redis import RedisBatchStreamMessage, RedisBroker, StreamSub
from faststream.redis.message import RedisBatchStreamMessage as BatchMessage
from redis.exceptions import ResponseError

BATCH = 500
POLL_MS = 100
WATCH_SECONDS = 1.0
STRANDED_AFTER_MS = 2_000
RECLAIM_AFTER_MS = 60_000  # longer than any batch takes; a replica that lives through it only causes repeats
TRIES_TOGETHER = 5  # deliveries after which an entry is handled alone, in case it is what kills the process
TRIES_ALONE = 20  # deliveries after which it is buried unhandled
PATIENCE_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Entry(NamedTuple):
    """One stream entry as it came: its id, and the bytes of its `event` field (None where it has none).

    `traceparent` is the field of that name, where its event is traced.
    """

    stream: str
    id: str
    body: bytes | None
    traceparent: str | None = None


Take = Callable[[Sequence[Entry]], None]
Bury = Callable[[Entry, str], None]


def make_broker(url: str) -> RedisBroker:
    """A FastStream broker. Opens no connection yet.

    Its own lines are not ours in form, and say again, with a traceback each, what the watch says once.
    """
    quiet = logging.getLogger("hnb.faststream")  # under `faststream` it would write past our handler
    quiet.setLevel(logging.CRITICAL + 1)
    # No grace: what is in hand is not FastStream's, and what only waits for its turn stays pending and is drained.
    # Waiting for it while all turns are held would last the whole grace, for one stream after the other.
    return RedisBroker(url, logger=quiet, graceful_timeout=None)


class Hearing:
    """One service's ears: a batch subscriber per stream, and the watch that keeps them honest.

    `take` handles a batch in one transaction, off the event loop, and raises only while trying again can help.
    `bury` keeps an entry that was delivered too often to be tried again. `at_once` batches are in hand together: more
    than one lets this process work while PostgreSQL does, where what is heard may take effect in any order.
    """

    def __init__(
        self,
        broker: RedisBroker,
        group: str,
        consumer: str,
        streams: Sequence[str],
        take: Take,
        bury: Bury,
        at_once: int = 1,
    ) -> None:
        self._broker, self._group, self._consumer = broker, group, consumer
        self._take, self._bury = take, bury
        self._at_once = at_once
        self._slots = asyncio.Semaphore(at_once)
        self._quiet = asyncio.Lock()
        self._batches: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._troubled = False
        self._subscribers = {stream: self._subscribe(stream) for stream in streams}
        self._in_hand = dict.fromkeys(streams, 0)
        self._full = dict.fromkeys(streams, False)
        self._reclaimed_at = 0.0
        self._broker_run = ""
        self._redis: Any = None

    @property
    def running(self) -> bool:
        """Whether every subscriber reads."""
        return bool(self._subscribers) and all(s.running for s in self._subscribers.values()) and not self._troubled

    @property
    def busy(self) -> bool:
        """Whether anything is in hand, or waits for its turn."""
        return any(self._in_hand.values())

    @property
    def behind(self) -> bool:
        """Whether more waits than is taken at once: a batch in hand is as large as one may be."""
        return any(self._full.values())

    def _subscribe(self, stream: str) -> Any:
        source = StreamSub(
            stream,
            group=self._group,
            consumer=self._consumer,
            batch=True,
            max_records=BATCH,
            polling_interval=POLL_MS,
        )

        async def parse(raw: Any) -> BatchMessage:
            # Raw fields in, raw fields out: FastStream's own parser fails a batch for one body that is not UTF-8.
            return BatchMessage(
                raw_message=raw, body=raw["data"], consumer=subscriber.parser.consumer, group=self._group,
                correlation_id="-", message_id="-",
            )  # fmt: skip

        async def decode(message: BatchMessage) -> Any:
            return message.body

        subscriber = self._broker.subscriber(
            stream=source, ack_policy=AckPolicy.MANUAL, parser=parse, decoder=decode, include_in_schema=False
        )

        @subscriber
        async def hear(body: list[Any], message: RedisBatchStreamMessage) -> None:
            await self._take_slot(stream)  # FastStream reads on when this returns
            entries = list(zip(message.raw_message["message_ids"], body, strict=True))
            batch = asyncio.create_task(self._handle_in_slot(stream, entries))
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)

        return subscriber

    async def _take_slot(self, stream: str) -> None:
        self._in_hand[stream] += 1
        try:
            await self._slots.acquire()
        except asyncio.CancelledError:
            self._in_hand[stream] -= 1
            raise

    async def _handle_in_slot(self, stream: str, entries: list[tuple[bytes, Any]]) -> None:
        self._full[stream] = len(entries) == BATCH
        try:
            await self._handle(stream, entries)
        finally:
            self._in_hand[stream] -= 1
            self._full[stream] = self._full[stream] and self._in_hand[stream] > 0
            self._slots.release()

    @asynccontextmanager
    async def _nothing_in_hand(self) -> AsyncIterator[None]:
        held = 0
        try:
            async with self._quiet:
                while held < self._at_once:
                    await self._slots.acquire()
                    held += 1
            yield
        finally:
            for _ in range(held):
                self._slots.release()

    async def start(self) -> None:
        """Make the groups, take up what was left pending, then read on."""
        self._redis = await self._broker.connect()
        self._broker_run = await self._run_id()
        for stream in self._subscribers:
            await self._ensure_group(stream)
            await self._drain_own(stream)
        await self._broker.start()

    async def stop(self) -> None:
        """Finish what is in hand, acknowledge it, and read no more."""
        self._stopping = True
        async with self._nothing_in_hand():
            await self._broker.stop()

    async def watch(self) -> None:
        """Keep hearing: run for as long as the service does."""
        while not self._stopping:
            await asyncio.sleep(WATCH_SECONDS)
            try:
                await self._look_after()
                self._troubled = False
            except Exception as error:  # a closed uvloop transport is a RuntimeError; nothing may end the watch
                if not self._troubled:
                    log.warning("the broker cannot be reached", error=str(error))
                self._troubled = True

    async def _look_after(self) -> None:
        run = await self._run_id()
        # A broker that was restarted between two looks leaves FastStream asleep for seconds on a broken connection.
        self._troubled = self._troubled or run != self._broker_run
        self._broker_run = run
        now = asyncio.get_running_loop().time()
        reclaim = now - self._reclaimed_at > RECLAIM_AFTER_MS / 4000
        for stream, subscriber in self._subscribers.items():
            await self._ensure_group(stream)
            if self._troubled or not subscriber.running:
                async with self._nothing_in_hand():
                    await subscriber.stop()
                await self._drain_own(stream)
                await subscriber.start()
                log.info("hearing again", stream=stream)
            elif not self._in_hand[stream] and await self._stranded(stream):
                await self._drain_own(stream)
            if reclaim:
                await self._reclaim(stream)
        if reclaim:
            self._reclaimed_at = now

    async def _run_id(self) -> str:
        return str((await self._redis.info("server"))["run_id"])

    async def _stranded(self, stream: str) -> bool:
        """Whether the broker counts as delivered to us what we do not have: the reply was lost on the wire."""
        return bool(
            await self._redis.xpending_range(
                stream,
                self._group,
                min="-",
                max="+",
                count=1,
                consumername=self._consumer,
                idle=STRANDED_AFTER_MS,
            )
        )

    async def _ensure_group(self, stream: str) -> None:
        try:
            await self._redis.xgroup_create(stream, self._group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _drain_own(self, stream: str) -> None:
        """Handle again what was delivered to this consumer and never acknowledged."""
        after = "0"
        while True:
            reply = await self._redis.xreadgroup(self._group, self._consumer, {stream: after}, count=BATCH)
            entries = reply[0][1] if reply else []
            if not entries:
                return
            after = entries[-1][0].decode()
            await self._handle_again(stream, entries)

    async def _reclaim(self, stream: str) -> None:
        """Take over what another replica, or a lost reply, left unacknowledged for too long."""
        start = "0-0"
        while True:
            async with self._nothing_in_hand():
                start, entries, *_ = await self._redis.xautoclaim(
                    stream, self._group, self._consumer, RECLAIM_AFTER_MS, start_id=start, count=BATCH
                )
            if entries:
                log.info("claimed entries left by others", stream=stream, entries=len(entries))
                await self._handle_again(stream, entries)
            if start in (b"0-0", "0-0"):
                return

    async def _handle_again(self, stream: str, entries: list[tuple[bytes, Any]]) -> None:
        pending = await self._redis.xpending_range(
            stream,
            self._group,
            min=entries[0][0],
            max=entries[-1][0],
            count=BATCH * 4,
            consumername=self._consumer,
        )
        tries = {row["message_id"]: row["times_delivered"] for row in pending}
        together = [entry for entry in entries if tries.get(entry[0], 1) <= TRIES_TOGETHER]
        if together:
            await self._handle_in_turn(stream, together)
        for entry in entries:
            if tries.get(entry[0], 1) > TRIES_ALONE:
                reason = f"delivered {tries[entry[0]]} times and never finished"
                await asyncio.to_thread(self._bury, _entry(stream, *entry), reason)
                await self._redis.xack(stream, self._group, entry[0])
            elif tries.get(entry[0], 1) > TRIES_TOGETHER:
                await self._handle_in_turn(stream, [entry])

    async def _handle_in_turn(self, stream: str, entries: list[tuple[bytes, Any]]) -> None:
        await self._take_slot(stream)
        await self._handle_in_slot(stream, entries)

    async def _handle(self, stream: str, entries: list[tuple[bytes, Any]]) -> None:
        """Handle a batch however long the database is away, then acknowledge it. A failed acknowledgement only
        leaves entries pending: they come again, and the inbox knows them."""
        batch = [_entry(stream, *entry) for entry in entries]
        attempt = 0
        while True:
            if self._stopping:
                return  # what is in hand stays pending, and is taken up at the next start
            try:
                await asyncio.to_thread(self._take, batch)
                break
            except Exception as error:
                attempt += 1
                log.warning("cannot take a batch yet; trying again", stream=stream, error=str(error)[:500])
                await asyncio.sleep(min(0.1 * 2**attempt, PATIENCE_SECONDS) * random.uniform(0.5, 1))  # noqa: S311
        try:
            await self._redis.xack(stream, self._group, *(raw for raw, _ in entries))
        except Exception as error:
            log.warning("cannot acknowledge yet; the batch will come again", stream=stream, error=str(error))


def _entry(stream: str, raw_id: bytes, fields: Any) -> Entry:
    if not fields or len(fields) == 1:
        return Entry(stream, raw_id.decode(), fields.get(b"event") if fields else None)
    traced = fields.get(b"traceparent")
    return Entry(stream, raw_id.decode(), fields.get(b"event"), traced.decode("ascii", "replace") if traced else None)
