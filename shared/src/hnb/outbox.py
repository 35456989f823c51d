"""What a service says, written in the transaction that made it true, sent by a relay and watched until settled."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import structlog
from redis import Redis
from sqlalchemy import Connection, Engine, Row, text

from hnb.broker import HEARERS, EntryId, acknowledged, entry_id, written
from hnb.database import arrays, transaction
from hnb.events import Event

RELAY_BATCH = 1_000
SETTLE_BATCH = 2_000
RELAY_LOCK = 0x52454C41  # "RELA"
FOR_ANYONE: EntryId = (2**63, 0)  # no service must hear it: settled once it is on the stream
# On a stream that several services say, each trims what others may yet have to settle: they would take it for lost, and
# send it again. So it is kept for so long after it was acknowledged; who settles later than that sends it once more.
KEPT_MS = {"condition": 60_000}
KEPT_UNHEARD = 100_000  # entries kept on a stream no service hears (alert, dead-letter), for outside readers

_SAY = text("INSERT INTO outbox (stream, body) SELECT * FROM unnest(CAST(:streams AS text[]), CAST(:bodies AS text[]))")
_SAY_TRACED = text("""
    INSERT INTO outbox (stream, body, traceparent)
    SELECT * FROM unnest(CAST(:streams AS text[]), CAST(:bodies AS text[]), CAST(:traceparents AS text[]))
""")
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_UNSENT = text("SELECT seq, stream, body FROM outbox WHERE entry_ms IS NULL ORDER BY seq LIMIT :most")
_UNSENT_TRACED = text("""
    SELECT seq, stream, body, traceparent FROM outbox WHERE entry_ms IS NULL ORDER BY seq LIMIT :most
""")
_SENT = text("""
    UPDATE outbox SET entry_ms = s.ms, entry_no = s.no
    FROM unnest(CAST(:seqs AS bigint[]), CAST(:ms AS bigint[]), CAST(:nos AS bigint[])) AS s (seq, ms, no)
    WHERE outbox.seq = s.seq
""")
# Each stream is stepped to in the index: what waits on them may be many rows.
_STREAMS = text("""
    WITH RECURSIVE waiting AS (
        (SELECT stream FROM outbox WHERE entry_ms IS NOT NULL ORDER BY stream LIMIT 1)
        UNION ALL
        SELECT following.* FROM waiting w CROSS JOIN LATERAL (
            SELECT o.stream FROM outbox o WHERE o.entry_ms IS NOT NULL AND o.stream > w.stream
            ORDER BY o.stream LIMIT 1
        ) AS following
    )
    SELECT stream FROM waiting
""")
_UNSETTLED = text("""
    SELECT seq, entry_ms, entry_no FROM outbox WHERE stream = :stream AND entry_ms IS NOT NULL
    ORDER BY entry_ms, entry_no LIMIT :most
""")
_SETTLED = text("DELETE FROM outbox WHERE seq = ANY(:seqs)")
_AGAIN = text("UPDATE outbox SET entry_ms = NULL, entry_no = NULL WHERE seq = ANY(:seqs)")

_TRACEPARENT = attrgetter("traceparent")

log = structlog.get_logger(__name__)


def say(
    connection: Connection, messages: Iterable[tuple[str, str]], traceparents: Sequence[str | None] | None = None
) -> None:
    """Put (stream, event JSON) messages in the outbox, in order, in the caller's transaction.

    `traceparents` has one for each message, None where it is not traced; it is left out where there are no traces.
    """
    pairs = list(messages)
    if pairs and traceparents is not None:
        rows = ((*pair, traceparent) for pair, traceparent in zip(pairs, traceparents, strict=True))
        connection.execute(_SAY_TRACED, arrays("streams bodies traceparents", rows))
    elif pairs:
        connection.execute(_SAY, arrays("streams bodies", pairs))


def traces_of(events: Sequence[Event]) -> list[str | None] | None:
    """What these events carry on, for `say`; None where none of them is traced."""
    return list(map(_TRACEPARENT, events)) if any(map(_TRACEPARENT, events)) else None


@dataclass(frozen=True, slots=True)
class Relay:
    """Sends what is in the outbox. Any number of replicas may run one; a lock lets one at a time work.

    What is `traced` is sent with a second field, `traceparent`; without traces nothing looks for it.
    """

    engine: Engine
    broker: Redis
    traced: bool = False

    def send(self) -> int:
        """Send the oldest unsent messages, at most RELAY_BATCH; how many were sent.

        If we die between the broker's answer and the commit they are sent again: inboxes absorb that.
        """
        with transaction(self.engine) as connection:
            if not connection.scalar(_LOCK, {"key": RELAY_LOCK}):
                return 0
            rows = connection.execute(_UNSENT_TRACED if self.traced else _UNSENT, {"most": RELAY_BATCH}).all()
            if not rows:
                return 0
            pipeline = self.broker.pipeline(transaction=False)
            for row in rows:
                fields: dict[Any, Any] = {"event": row.body}
                if self.traced and row.traceparent:
                    fields["traceparent"] = row.traceparent
                pipeline.xadd(row.stream, fields, maxlen=None if row.stream in HEARERS else KEPT_UNHEARD)
            entries = [entry_id(raw) for raw in pipeline.execute()]
            connection.execute(
                _SENT,
                arrays("seqs ms nos", ((row.seq, *entry) for row, entry in zip(rows, entries, strict=True))),
            )
            return len(rows)

    def settle(self) -> bool:
        """Forget what every hearer has acknowledged, send again what the broker has lost, and trim the streams.

        Returns whether there may be more to settle at once. An entry of ours that is no longer on its stream was lost
        with the broker: streams are trimmed by nobody but us, and only below what is settled.
        """
        with transaction(self.engine) as connection:
            if not connection.scalar(_LOCK, {"key": RELAY_LOCK}):
                return False
            settled = {stream: self._settle_stream(connection, stream) for stream in connection.scalars(_STREAMS).all()}
        for stream, (line, _) in settled.items():  # after the commit: what is trimmed must be known to be settled
            if line is not None:
                least = (max(0, line[0] - KEPT_MS.get(stream, 0)), line[1])
                self.broker.xtrim(stream, minid=written(least), approximate=True)
        return any(more for _, more in settled.values())

    def _settle_stream(self, connection: Connection, stream: str) -> tuple[EntryId | None, bool]:
        """Settle the oldest of a stream: up to where it may be trimmed, and whether there may be more to settle."""
        rows = connection.execute(_UNSETTLED, {"stream": stream, "most": SETTLE_BATCH}).all()
        present = self._present(stream, rows)
        lost = [row.seq for row in rows if (row.entry_ms, row.entry_no) not in present]
        if lost:
            log.warning("the broker lost entries; sending them again", stream=stream, entries=len(lost))
            connection.execute(_AGAIN, {"seqs": lost})
        line = acknowledged(self.broker, stream, HEARERS[stream]) if stream in HEARERS else FOR_ANYONE
        if line is None:
            return None, False
        settled = [
            row.seq for row in rows if (row.entry_ms, row.entry_no) in present and (row.entry_ms, row.entry_no) <= line
        ]
        connection.execute(_SETTLED, {"seqs": settled})
        heard_by_all = acknowledged(self.broker, stream) if rows and stream in HEARERS else None
        trim = min(line, heard_by_all, (rows[-1].entry_ms, rows[-1].entry_no)) if heard_by_all else None
        return trim, len(settled) == SETTLE_BATCH

    def _present(self, stream: str, rows: Sequence[Row[tuple[int, int, int]]]) -> set[EntryId]:
        if not rows:
            return set()
        last = written((rows[-1].entry_ms, rows[-1].entry_no))
        found: set[EntryId] = set()
        start = written((rows[0].entry_ms, rows[0].entry_no))
        while True:
            entries: Any = self.broker.xrange(stream, min=start, max=last, count=RELAY_BATCH)
            found.update(entry_id(raw) for raw, _ in entries)
            if len(entries) < RELAY_BATCH:
                return found
            start = f"({entries[-1][0].decode()}"
