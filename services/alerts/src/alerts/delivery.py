"""Getting messages to people: claimed under a lease, sent outside any transaction, each channel on its own.

A message is repeated only where the channel took it and the receipt did not reach the disk: the process or PostgreSQL
died between the two, or the channel answered after its time. The repeat carries the same reference. A channel that is
dead or slow holds up nobody but itself. After its last try a message goes once to the fallback.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import Connection, Engine, Row, text

from alerts.channels import Channel, Failure, Letter
from alerts.domain.severity import Severity
from hnb.database import reading, transaction
from hnb.telemetry import LATENCY_BUCKETS, Telemetry, trace_of

if TYPE_CHECKING:
    from hnb.tracing import Tracing

LEASE_SECONDS = 120  # longer than any channel may take: two replicas must not send the same message

_DUE = text("""
    SELECT DISTINCT channel FROM deliveries
    WHERE state = 'queued' AND due_at <= clock_timestamp() AND channel = ANY(:channels)
""")
# Of one alert the earlier message goes first, so that nobody reads "resolved" before "critical".
_CLAIM = text("""
    UPDATE deliveries SET attempts = attempts + 1, due_at = clock_timestamp() + make_interval(secs => :lease),
        claimed_by = :replica
    WHERE seq = (
        SELECT seq FROM deliveries d
        WHERE state = 'queued' AND channel = :channel AND due_at <= clock_timestamp()
        AND NOT EXISTS (SELECT FROM deliveries e WHERE e.alert_id = d.alert_id AND e.channel = d.channel
            AND e.state = 'queued' AND e.number < d.number)
        ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, alert_id, number, severity, channel, subject, body, html, attempts, fallback_of, traceparent
""")
_CHANGE = text("""
    SELECT a.id AS alert_id, a.authority, a.financial_year, a.scope, a.rule, t.change, t.severity, t.at, t.evidence
    FROM alerts a JOIN transitions t ON t.alert_id = a.id WHERE a.id = :alert_id AND t.number = :number
""")
_SENT = text("""
    UPDATE deliveries SET state = 'sent', sent_at = clock_timestamp(), last_error = NULL, claimed_by = NULL
    WHERE id = :id AND state = 'queued'
    RETURNING extract(epoch FROM sent_at - queued_at) AS seconds
""")
_NOT_SENT = text("""
    UPDATE deliveries SET state = :state, last_error = :error, claimed_by = NULL,
        due_at = clock_timestamp() + make_interval(secs => :seconds)
    WHERE id = :id AND state = 'queued'
""")
# What this replica had in hand when it was killed need not wait for its lease: nobody else starts under its name.
_TAKE_UP = text("""
    UPDATE deliveries SET due_at = clock_timestamp(), claimed_by = NULL
    WHERE state = 'queued' AND claimed_by = :replica
""")
# Who asks for a pause means all that is sent to it, not one message.
_HOLD = text("""
    UPDATE deliveries SET due_at = greatest(due_at, clock_timestamp() + make_interval(secs => :seconds))
    WHERE channel = :channel AND state = 'queued' AND id <> :id
""")
# The same message, once more, to somebody else. It is not held back by what waits before it, and is given up for good.
_FALL_BACK = text("""
    INSERT INTO deliveries
        (id, alert_id, number, severity, channel, subject, body, html, fallback_of, traceparent, queued_at, due_at)
    SELECT id || '-fallback', alert_id, number, severity, :fallback, :subject, body, html, id, traceparent,
        clock_timestamp(), clock_timestamp()
    FROM deliveries WHERE id = :id AND state = 'failed' AND fallback_of IS NULL AND channel <> :fallback
    ON CONFLICT (id) DO NOTHING
""")
_LINK = re.compile(r"https?://\S+$", re.MULTILINE)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a message is tried: the wait doubles from the first to the longest, with jitter. About five hours."""

    first_seconds: float = 5.0
    longest_seconds: float = 3600.0
    tries: int = 14

    def wait(self, attempts: int, asked: float | None = None) -> float:
        """Seconds until the next try, after so many. Where the other side asked for a pause it is never shorter."""
        longest: float = min(self.first_seconds * 2 ** (attempts - 1), self.longest_seconds)
        jittered = longest * random.uniform(0.5, 1)  # noqa: S311 - so that many messages do not come back at once
        return jittered if asked is None else asked + min(jittered, self.first_seconds)


class Courier:
    """Takes queued messages to the channels: a thread of its own for each channel that has something due."""

    def __init__(
        self,
        engine: Engine,
        channels: Mapping[str, Channel],
        telemetry: Telemetry,
        patience: Patience | None = None,
        fallback: str | None = None,
        replica: str | None = None,
        tracing: "Tracing | None" = None,
    ) -> None:
        self._engine, self._channels, self._patience = engine, channels, patience or Patience()
        self._replica, self._taken_up = replica, replica is None
        self._fallback, self._tracing = fallback, tracing
        self._busy: set[str] = set()
        self._guard = threading.Lock()
        # Not the event loop's own threads: a few dead channels would hold all of those, and nothing would be heard.
        self._threads = ThreadPoolExecutor(max(len(channels), 1), thread_name_prefix="deliver")
        self._wake: Callable[[], None] = lambda: None
        self._seconds = Histogram(
            "hnb_alert_delivery_seconds", "From the change of an alert to its message being accepted by a channel",
            buckets=LATENCY_BUCKETS, registry=telemetry.registry,
        )  # fmt: skip
        self._outcomes = Counter(
            "hnb_alert_deliveries", "Tries to deliver a message, by what came of them", ("outcome",),
            registry=telemetry.registry,
        )  # fmt: skip
        for outcome in ("sent", "retried", "failed"):  # at nought from the start: a first failure is a rise then
            self._outcomes.labels(outcome)

    def wake_with(self, wake: Callable[[], None]) -> None:
        """What to call when a channel is free again."""
        self._wake = wake

    def dispatch(self) -> bool:
        """Set every idle channel that has a message due to work. Returns at once; there is never more to do."""
        if not self._taken_up:
            with transaction(self._engine) as connection:
                connection.execute(_TAKE_UP, {"replica": self._replica})
            self._taken_up = True
        with self._guard:
            idle = [name for name in self._channels if name not in self._busy]
        if not idle:
            return False
        with reading(self._engine) as connection:
            due = connection.scalars(_DUE, {"channels": idle}).all()
        with self._guard:
            self._busy.update(due)
        for name in due:
            self._threads.submit(self._serve, name)
        return False

    def _serve(self, name: str) -> None:
        try:
            self.deliver_one(name)
        except Exception as error:
            log.warning("a delivery could not be recorded; its lease runs out", channel=name, error=str(error)[:500])
        finally:
            with self._guard:
                self._busy.discard(name)
            with suppress(RuntimeError):  # the service has stopped meanwhile
                self._wake()

    def deliver_one(self, name: str) -> bool:
        """Send the oldest message due on a channel and keep the receipt; False where none is due."""
        with transaction(self._engine) as connection:
            claimed = connection.execute(
                _CLAIM, {"channel": name, "lease": LEASE_SECONDS, "replica": self._replica}
            ).first()
            letter = _letter(connection, claimed) if claimed is not None else None
        if claimed is None or letter is None:
            return False
        began_ns = time.time_ns()
        failure = self._send(self._channels[name], letter)
        with transaction(self._engine) as connection:
            if failure is None:
                self._keep_receipt(connection, claimed)
            else:
                self._keep_failure(connection, claimed, failure)
        if self._tracing is not None and claimed.traceparent is not None:
            said = {"hnb.channel": claimed.channel, "hnb.attempt": claimed.attempts}
            error = None if failure is None else "not delivered"
            self._tracing.note(f"deliver {claimed.channel}", said, claimed.traceparent, began_ns, error)
        return True

    def _send(self, channel: Channel, letter: Letter) -> Failure | None:
        try:
            return channel.send(letter)
        except Exception as error:  # a plugin's own fault is one more way for a channel not to work
            return Failure(channel.masked(f"{type(error).__name__}: {error}"))

    def _keep_receipt(self, connection: Connection, claimed: Row[tuple[object, ...]]) -> None:
        seconds = connection.scalar(_SENT, {"id": claimed.id})
        self._outcomes.labels("sent").inc()
        if seconds is not None:
            self._seconds.observe(float(seconds), trace_of(claimed.traceparent) or None)
        log.info("an alert was delivered", **_facts(claimed))

    def _keep_failure(self, connection: Connection, claimed: Row[tuple[object, ...]], failure: Failure) -> None:
        last = claimed.attempts >= self._patience.tries
        connection.execute(
            _NOT_SENT,
            {
                "id": claimed.id, "state": "failed" if last else "queued", "error": failure.error,
                "seconds": self._patience.wait(claimed.attempts, failure.retry_after),
            },
        )  # fmt: skip
        if failure.retry_after:
            connection.execute(_HOLD, {"channel": claimed.channel, "id": claimed.id, "seconds": failure.retry_after})
        if last and self._fallback is not None:
            subject = f"Undelivered to {claimed.channel}: {claimed.subject}"
            connection.execute(_FALL_BACK, {"id": claimed.id, "fallback": self._fallback, "subject": subject})
        self._outcomes.labels("failed" if last else "retried").inc()
        log.warning("an alert could not be delivered", error=failure.error, given_up=last, **_facts(claimed))


def _letter(connection: Connection, claimed: Row[tuple[object, ...]]) -> Letter:
    """What was claimed, with the facts of its change for programs that receive it."""
    change = connection.execute(_CHANGE, {"alert_id": claimed.alert_id, "number": claimed.number}).mappings().first()
    link = _LINK.search(claimed.body)
    facts = {**(change or {}), "link": link.group() if link else None}
    severity = Severity(claimed.severity) if claimed.severity else None
    return Letter(claimed.id, claimed.subject, claimed.body, claimed.html, severity, facts)


def _facts(claimed: Row[tuple[object, ...]]) -> dict[str, object]:
    named = {"channel": claimed.channel, "delivery": claimed.id, "attempts": claimed.attempts}
    return {**named, **trace_of(claimed.traceparent)}
