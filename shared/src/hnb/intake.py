"""From what was heard to what is on disk: inbox, state and outbox in one transaction, and bad entries set aside."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine

from hnb import deadletters, inbox, withdrawals
from hnb.broker import entry_id
from hnb.database import Overtaken, is_passing, transaction
from hnb.deadletters import DeadLetter
from hnb.events import Event, FieldError, Refused, Unreadable, read_event, read_json
from hnb.hearing import Entry
from hnb.inbox import Accepted, Conflicting, Outcome
from hnb.telemetry import Telemetry

OVERTAKEN_AT_MOST = 10  # each time the others have recorded more of the batch; after that it comes again as a whole

log = structlog.get_logger(__name__)


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
                log.debug("event taken in", event_source=event.source, event_id=event.id, outcome=outcome.status)
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
        self._take_or_split(readable)
        now = time.time()
        for entry, _ in readable:
            self.telemetry.took(now - entry_id(entry.id)[0] / 1000)

    def read(self, raw: bytes | None) -> Event:
        """The bytes of an entry's `event` field as an event this service knows."""
        if raw is None:
            raise Refused([FieldError("event", "the entry has no field of this name")])
        return read_event(read_json(raw), known=self.known, strict=self.strict)

    def _take_or_split(self, batch: Sequence[tuple[Entry, Event]]) -> None:
        try:
            outcomes = self.take([event for _, event in batch])
        except Exception as error:
            if is_passing(error):
                raise
            if len(batch) > 1:  # halves, to find the one that fails: what a commitment costs does not depend on order
                self._take_or_split(batch[: len(batch) // 2])
                self._take_or_split(batch[len(batch) // 2 :])
                return
            log.exception("an event cannot be applied", event_source=batch[0][1].source, event_id=batch[0][1].id)
            self.bury(batch[0][0], f"{type(error).__name__}: {error}"[:2000])
            return
        for (entry, event), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Conflicting):
                self.bury(entry, f"{event.source} {event.id} was used before for other content", outcome=None)

    def bury(self, entry: Entry, reason: str, outcome: str | None = "dead-lettered") -> None:
        """Keep an entry that cannot be applied, with its reason, and say so."""
        body = "" if entry.body is None else entry.body.decode("utf-8", "backslashreplace")
        with transaction(self.engine) as connection:
            deadletters.bury(connection, DeadLetter(entry.stream, entry.id, body, reason))
        self.after_commit()
        if outcome is not None:
            self.telemetry.count("unknown", outcome)
        log.warning("an entry was set aside", stream=entry.stream, entry=entry.id, reason=reason)
