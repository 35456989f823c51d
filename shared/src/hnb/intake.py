"""From what was heard to what is on disk: inbox, state and outbox in one transaction, and bad entries set aside."""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING

import psycopg
import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from hnb import deadletters, inbox, withdrawals
from hnb.broker import entry_id
from hnb.database import Blamed, Overtaken, is_passing, transaction
from hnb.deadletters import DeadLetter
from hnb.events import Event, FieldError, Refused, Unreadable, read_event, read_json
from hnb.hearing import Entry
from hnb.inbox import Accepted, Conflicting, Outcome
from hnb.telemetry import Telemetry, trace_of

if TYPE_CHECKING:
    from hnb.tracing import Tracing

OVERTAKEN_AT_MOST = 10  # each time the others have recorded more of the batch; after that it comes again as a whole

log = structlog.get_logger(__name__)
Batch = Sequence[tuple[Entry, Event]]


@dataclass(frozen=True, slots=True)
class Intake:
    """How one service takes events in. `about` names what an event is about; `apply` changes state for new events.

    `apply` runs inside the transaction and says what it has to say through the outbox; it never commits.
    """

    engine: Engine
    telemetry: Telemetry
    about: Callable[[Event], str | None]
    apply: Callable[[Connection, Sequence[Event]], None]
    after_commit: Callable[[], None]
    known: Mapping[str, object]
    strict: bool = False
    tracing: "Tracing | None" = None

    def take(self, events: Sequence[Event]) -> list[Outcome]:
        """Take events in, in one transaction: one outcome each, in order. All of them are on disk, or none."""
        if not events:
            return []
        outcomes = self._record(events)
        self.after_commit()
        for (kind, status), times in Counter((e.type, o.status) for e, o in zip(events, outcomes, strict=True)).items():
            self.telemetry.count(kind, status, times)
        if log.is_enabled_for(logging.DEBUG):
            for event, outcome in zip(events, outcomes, strict=True):
                log.debug(
                    "event taken in", event_source=event.source, event_id=event.id, outcome=outcome.status,
                    **trace_of(event.traceparent),
                )  # fmt: skip
        return outcomes

    def _record(self, events: Sequence[Event]) -> list[Outcome]:
        for _ in range(OVERTAKEN_AT_MOST):
            try:
                return self._record_once(events)
            except Overtaken:
                log.debug("overtaken by another replica; once more", events=len(events))
        return self._record_once(events)

    def _record_once(self, events: Sequence[Event]) -> list[Outcome]:
        with transaction(self.engine) as connection:
            outcomes = inbox.record(connection, events, [self.about(event) for event in events])
            new = [event for event, outcome in zip(events, outcomes, strict=True) if isinstance(outcome, Accepted)]
            if new:
                withdrawals.remember(connection, new)
                self.apply(connection, new)
        return outcomes

    def take_entries(self, entries: Sequence[Entry]) -> None:
        """Take a batch of stream entries in. One that cannot be applied is buried with its reason; the rest go on.

        Raises only what may pass (the database is away): then nothing of the batch is lost, and it comes again.
        """
        readable: list[tuple[Entry, Event]] = []
        first = f"{entries[0].stream}/{entries[0].id}" if entries else "-"
        structlog.contextvars.bind_contextvars(correlation_id=first)
        for entry in entries:
            try:
                readable.append((entry, self.read(entry.body)))
            except (Unreadable, Refused) as error:
                self.bury(entry, str(error), outcome="refused")
        with self._traced(readable) as batch:
            self._take_or_split(batch)
            now = time.time()
            for entry, event in batch:
                self.telemetry.took(now - entry_id(entry.id)[0] / 1000, event.traceparent)

    def _traced(self, batch: Batch) -> AbstractContextManager[Batch]:
        return nullcontext(batch) if self.tracing is None else self.tracing.hearing(batch)

    def read(self, raw: bytes | None) -> Event:
        """The bytes of an entry's `event` field as an event this service knows."""
        if raw is None:
            raise Refused([FieldError("event", "the entry has no field of this name")])
        return read_event(read_json(raw), known=self.known, strict=self.strict)

    def _take_or_split(self, batch: Batch) -> None:
        """Take a batch; where it fails, without what is blamed for it, or in halves of halves to find what fails.

        No figure depends on the order. The larger parts first: most of those beside one that fails then wait for a try
        or two, and not for its end.
        """
        parts = deque([batch])
        while parts:
            part = parts.popleft()
            try:
                outcomes = self.take([event for _, event in part])
            except Exception as error:
                if is_passing(error):
                    raise
                if len(part) > 1:
                    parts.extend(self._apart(part, error))
                else:
                    self._bury_failed(*part[0], error)
                continue
            for (entry, event), outcome in zip(part, outcomes, strict=True):
                if isinstance(outcome, Conflicting):
                    self.bury(entry, used_before(event), outcome=None)

    def _apart(self, part: Batch, error: Exception) -> tuple[Batch, Batch]:
        """A part that failed in two: those beside what is blamed and that, or halves where all are or nothing is."""
        if isinstance(error, Blamed):
            blamed = [
                error.name in ((event.source, event.id), (event.authority, self.about(event))) for _, event in part
            ]
            if any(blamed) and not all(blamed):
                return list(compress(part, map(not_, blamed))), list(compress(part, blamed))
        return part[: len(part) // 2], part[len(part) // 2 :]

    def _bury_failed(self, entry: Entry, event: Event, error: Exception) -> None:
        reason = deadletters.why(error)
        log.error(  # a statement's values are an event's data: the log has them no more than the reason has
            "an event cannot be applied", event_source=event.source, event_id=event.id, reason=reason,
            exc_info=not isinstance(error, DBAPIError | psycopg.Error | Blamed), **trace_of(event.traceparent),
        )  # fmt: skip
        self.bury(entry, reason)

    def take_again(self, body: str) -> tuple[str, str | None]:
        """Take in what was set aside, as if it came now: what it comes to, and why where it takes no effect.

        Raises only what may pass.
        """
        try:
            event = self.read(body.encode())
        except (Unreadable, Refused) as error:
            return "refused", str(error)
        try:
            (outcome,) = self.take([event])
        except Exception as error:
            if is_passing(error):
                raise
            return "failed", deadletters.why(error)
        return outcome.status, used_before(event) if isinstance(outcome, Conflicting) else None

    def bury(self, entry: Entry, reason: str, outcome: str | None = "dead-lettered") -> None:
        """Keep an entry that cannot be applied, with its reason, and say so."""
        body = "" if entry.body is None else entry.body.decode("utf-8", "backslashreplace")
        with transaction(self.engine) as connection:
            deadletters.bury(connection, DeadLetter(entry.stream, entry.id, body, reason))
        self.after_commit()
        if outcome is not None:
            self.telemetry.count("unknown", outcome)
        log.warning(
            "an entry was set aside", stream=entry.stream, entry=entry.id, reason=reason, **trace_of(entry.traceparent)
        )


def used_before(event: Event) -> str:
    """Why an event whose id was used before is set aside."""
    return f"{event.source} {event.id} was used before for other content"
