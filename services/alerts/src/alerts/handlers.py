"""What alerts does with events: judge the newest of each line and condition, and say and queue what changed."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from alerts import readings, silences, store
from alerts.domain.conditions import Reading, latest_readings
from alerts.domain.episodes import TOLD, UNSEEN, Change, Episode, State, Step, acknowledge, decide, note
from alerts.domain.evidence import ConditionEvidence, LineEvidence
from alerts.domain.messages import compose, compose_together
from alerts.domain.pack import AnyRule, RulePack
from alerts.domain.positions import LineKey, Position, latest
from alerts.domain.severity import Severity
from alerts.links import Links
from alerts.store import Delivery, Word
from hnb import outbox
from hnb.events import OWN_SOURCES, AlertChanged, ConditionChanged, Event, PositionChanged, make_event

if TYPE_CHECKING:
    from hnb.tracing import Tracing

SOURCE = OWN_SOURCES["alerts"]
TOLD_ONE_BY_ONE = 5  # alerts of one rule and authority that change together; of more there is one message
NO_TRACES: Mapping[LineKey, str] = {}
Named = Callable[[Sequence[str], str, bool], Sequence[str]]  # of roles, an authority, and whether it is critical


def about(event: Event) -> str | None:
    """Alerts looks nothing up by what an event is about: the newest version of a line says all there is."""
    return None


@dataclass(frozen=True, slots=True)
class Alerts:
    """The rules, who has which role for an authority, where links lead, and the clock."""

    rules: RulePack
    named: Named
    links: Links
    now: Callable[[], datetime]
    tracing: "Tracing | None" = None

    def judge(self, connection: Connection, events: Sequence[Event]) -> None:
        """New positions and conditions: keep the newest of each and move its episodes, in the caller's transaction."""
        self._judge_positions(connection, events)
        self._judge_conditions(connection, events)

    def _judge_positions(self, connection: Connection, events: Sequence[Event]) -> None:
        said = [(event.authority, event.data) for event in events if isinstance(event.data, PositionChanged)]
        known = store.lock_lines(connection, {(a, d.financial_year, d.provision) for a, d in said}) if said else {}
        newer = latest(said, known)
        if newer:
            # A line not yet on record cannot be locked: of two replicas that bring it in, the newer version wins.
            kept = store.keep_lines(connection, newer)
            with ExitStack() as spans:
                traces = NO_TRACES if self.tracing is None else _judging(events, self.tracing, spans)
                self.move(connection, [position for position in newer if position.key in kept], traces)

    def _judge_conditions(self, connection: Connection, events: Sequence[Event]) -> None:
        said = [event for event in events if isinstance(event.data, ConditionChanged)]
        keys = {reading.condition_key for reading in latest_readings(said, {})}
        newer = latest_readings(said, readings.lock(connection, keys) if keys else {})
        if newer:
            kept = readings.keep(connection, newer)
            self.move(connection, [reading for reading in newer if reading.condition_key in kept])

    def move(
        self,
        connection: Connection,
        subjects: Sequence[Position | Reading],
        traces: Mapping[LineKey, str] = NO_TRACES,
    ) -> None:
        """Move the episodes of what is held: its lines or conditions are locked by the caller.

        `traces` has the `traceparent` of those lines whose news is traced.
        """
        last = store.last_episodes(connection, [subject.key for subject in subjects])
        now = self.now()
        steps = [step for subject in subjects for step in decide(self.rules.rules, subject, last, now)]
        self.take(connection, steps, traces)

    def take(self, connection: Connection, steps: Sequence[Step], traces: Mapping[LineKey, str] = NO_TRACES) -> None:
        """Keep what happened, say it, and queue a message to everyone it is for, unless it is silenced."""
        if not steps:
            return
        at = self.now()
        silent = silences.active(connection, at) if any(step.change in TOLD for step in steps) else []
        covered = {step.episode.id: silences.covering(silent, step.episode) for step in steps}
        silenced = {id: silence.id for id, silence in covered.items() if silence is not None}
        store.save(connection, steps, at, silenced)
        told = [step for step in steps if step.change in TOLD and step.episode.id not in silenced]
        store.queue(connection, list(self._deliveries(told, at)), traces)
        seen = [step for step in steps if step.change not in UNSEEN]
        outbox.say(
            connection,
            [("alert", _changed(step.episode, step.evidence, at)) for step in seen],
            [traces.get(step.episode.key[:3]) for step in seen] if traces else None,
        )

    def acknowledge(self, connection: Connection, alert_id: str, by_whom: str, words: str | None) -> bool:
        """Somebody takes an alert on; False where there is none of this id, AlreadyResolved where it has ended."""
        episode = store.episode(connection, alert_id)
        if episode is None or episode.state is State.PENDING:
            return False
        after, at = acknowledge(episode), self.now()
        store.keep_acknowledgement(connection, after, Word(by_whom, words, at))
        outbox.say(connection, [("alert", _changed(after, None, at))])
        return True

    def note(self, connection: Connection, alert_id: str, by_whom: str, words: str) -> bool:
        """Somebody writes beside an alert what others should know; False where there is none of this id.

        Nothing is said of it: neither its state nor its figures have changed.
        """
        episode = store.episode(connection, alert_id)
        if episode is None or episode.state is State.PENDING:
            return False
        store.keep_note(connection, note(episode), Word(by_whom, words, self.now()))
        return True

    def rule(self, id: str) -> AnyRule | None:
        """The rule of that name, None where it is no longer among the rules."""
        return next((rule for rule in self.rules.rules if rule.id == id), None)

    def _deliveries(self, steps: Sequence[Step], at: datetime) -> Iterator[Delivery]:
        """A message to each recipient about each change; one about all where a rule has too many for an authority."""
        alike: dict[tuple[str, str, Change, Severity], list[Step]] = defaultdict(list)
        for step in steps:
            episode = step.episode
            alike[episode.rule, episode.authority, step.change, episode.severity].append(step)
        for (id, authority, change, severity), found in alike.items():
            rule = self.rule(id)
            if rule is None or (rule.told == "in-digest" and severity is not Severity.CRITICAL):
                continue
            roles = rule.escalate.to if change is Change.ESCALATED and rule.escalate else rule.recipients
            told_at = rule.quiet_hours.told_at(at, severity) if rule.quiet_hours else at
            names = self.named(roles, authority, severity is Severity.CRITICAL)
            for some in [found] if len(found) > TOLD_ONE_BY_ONE else [[step] for step in found]:
                yield from self._messages(some, names, told_at if told_at > at else None)

    def _messages(self, steps: Sequence[Step], names: Sequence[str], due_at: datetime | None) -> Iterator[Delivery]:
        episode = steps[0].episode
        for channel in names:
            reference = f"{episode.id}-{episode.changes}-{hashlib.sha256(channel.encode()).hexdigest()[:8]}"
            message = (
                compose_together(steps, self.links.to_all_of(episode.authority, episode.rule), reference)
                if len(steps) > 1
                else compose(steps[0], self.links.link_for(episode.id, channel, self.now()), reference)
            )  # fmt: skip
            yield Delivery(reference, steps[0], channel, message, due_at)


def _judging(events: Sequence[Event], tracing: "Tracing", spans: ExitStack) -> dict[LineKey, str]:
    """A span for each traced position, open until they are judged: what goes on from each line, by its last version."""
    traced = [(event, event.data) for event in events if event.traceparent and isinstance(event.data, PositionChanged)]
    found: dict[LineKey, str] = {}
    for event, data in sorted(traced, key=lambda one: one[1].version):
        said: dict[str, str | int] = {
            "hnb.authority": event.authority, "hnb.financial_year": data.financial_year, "hnb.line": data.provision,
        }  # fmt: skip
        carried_on = spans.enter_context(tracing.span("judge", said, parent=event.traceparent))
        if carried_on is not None:
            found[event.authority, data.financial_year, data.provision] = carried_on
    return found


def _changed(episode: Episode, evidence: LineEvidence | ConditionEvidence | None, at: datetime) -> str:
    of_line = evidence if isinstance(evidence, LineEvidence) else None
    return make_event(
        "hnb.alert-changed.v1",
        source=SOURCE,
        id=f"{episode.id}/{episode.changes}",
        time=at,
        authority=episode.authority,
        data=AlertChanged(
            alert_id=episode.id,
            rule=episode.rule,
            scope=episode.scope,
            financial_year=episode.financial_year,
            state=str(episode.state),
            severity=str(episode.severity),
            value_pence=of_line.value_pence if of_line else None,
            threshold_pence=of_line.threshold_pence if of_line else None,
        ),
    )
