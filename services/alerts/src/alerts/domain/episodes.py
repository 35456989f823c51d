"""Alert episodes: at most one open per authority, rule, scope and year; opened, moved, resolved or retracted."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.domain.conditions import OnCondition, Reading
from alerts.domain.evidence import Evidence, of_position, of_reading
from alerts.domain.forecasts import ForecastPlan
from alerts.domain.positions import TOTAL, Position
from alerts.domain.rules import LineRule
from alerts.domain.severity import Judgement, Severity

EpisodeKey = tuple[str, int, str, str]  # authority, financial year, scope, rule
Rule = LineRule | OnCondition | ForecastPlan


_PLAIN, _OTHER = re.compile(r"[a-z0-9-]{1,60}"), re.compile(r"[^A-Za-z0-9_.-]")
SHOWN = 60  # letters of a scope in an alert's name


class State(StrEnum):
    """Where an episode stands. A pending one has not held long enough to be one; an acknowledged one is still open."""

    PENDING = "pending"
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    RETRACTED = "retracted"


OVER = frozenset({State.RESOLVED, State.RETRACTED})


class Change(StrEnum):
    """What can happen to an episode."""

    PENDING = "pending"
    DROPPED = "dropped"
    OPENED = "opened"
    RAISED = "raised"
    LOWERED = "lowered"
    RESOLVED = "resolved"
    RETRACTED = "retracted"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    REVISED = "revised"
    ACKNOWLEDGED = "acknowledged"
    NOTED = "noted"


# Of the others nobody is sent a message.
TOLD = frozenset(
    {Change.OPENED, Change.RAISED, Change.RESOLVED, Change.RETRACTED, Change.ESCALATED, Change.REMINDED}
)  # fmt: skip
# What happens before an alert is one, or behind it, is no part of its history.
UNSEEN = frozenset({Change.PENDING, Change.DROPPED, Change.REVISED})


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its opening to its end. `changes` counts what happened to it so far."""

    authority: str
    financial_year: int
    scope: str
    rule: str
    ordinal: int
    state: State
    severity: Severity
    changes: int
    since: datetime  # when what opened it became known
    opened_pence: int | None = None  # what the line had cost when it opened, as known then
    then_pence: int | None = None  # the same, as known by now

    @property
    def key(self) -> EpisodeKey:
        return self.authority, self.financial_year, self.scope, self.rule

    @property
    def id(self) -> str:
        """A name that can be read, and that the same events always lead to."""
        scope = self.scope
        if not _PLAIN.fullmatch(scope):  # a condition's: its letters where they may stand in an address, and a hash
            scope = _OTHER.sub("~", scope)[:SHOWN] + "~" + hashlib.sha256(self.scope.encode()).hexdigest()[:8]
        return f"{self.authority}-{self.financial_year}-{self.rule}-{scope}-{self.ordinal}"


@dataclass(frozen=True, slots=True)
class Step:
    """A change, the episode after it, and the evidence for it."""

    change: Change
    episode: Episode
    evidence: Evidence


class AlreadyResolved(Exception):
    """An episode that has ended cannot be acknowledged any more."""

    def __init__(self, alert_id: str) -> None:
        super().__init__(f"alert {alert_id} is already resolved")
        self.alert_id = alert_id


def decide(
    rules: Sequence[Rule],
    subject: Position | Reading,
    last: Mapping[EpisodeKey, Episode],
    now: datetime,
) -> list[Step]:
    """What a position or a reading changes, given the last episode of each key; at most one step per rule.

    What cannot be judged (its budget or grant is gone) changes nothing: not to know is not to be well.
    """
    steps = []
    for rule in rules:
        before = last.get((*subject.key, rule.id))
        held = before if before is not None and before.state not in OVER else None
        judgement = _judge(rule, subject, held.severity if held and held.state is not State.PENDING else None, now)
        if judgement is None:
            continue
        step = _step(rule, subject, judgement, before, held, now)
        if step is not None:
            steps.append(step)
    return steps


def _judge(rule: Rule, subject: Position | Reading, held: Severity | None, now: datetime) -> Judgement | None:
    if isinstance(rule, OnCondition):
        return rule.judge(subject, held, now) if isinstance(subject, Reading) else None
    if isinstance(rule, ForecastPlan):
        return rule.judge(subject, held) if isinstance(subject, Reading) else None
    if isinstance(subject, Reading):
        return None
    line = None if subject.scope == TOTAL else subject.scope
    return rule.judge(subject, held) if rule.concerns(subject.authority, line) else None


def _step(
    rule: Rule, subject: Position | Reading, judgement: Judgement, before: Episode | None, held: Episode | None,
    now: datetime,
) -> Step | None:  # fmt: skip
    severity = judgement.severity
    evidence = of_position(subject, judgement) if isinstance(subject, Position) else of_reading(subject, judgement)
    if held is None:
        return None if severity is None else _opened(rule, subject, severity, before, evidence, now)
    if held.state is State.PENDING:
        return _of_pending(rule, held, severity, evidence, now)
    revised = _revised(held, subject) if isinstance(subject, Position) else held
    if severity is held.severity:
        return Step(Change.REVISED, revised, evidence) if revised != held else None
    after = replace(revised, changes=held.changes + 1)
    if severity is not None:
        change = Change.RAISED if severity.rank > held.severity.rank else Change.LOWERED
        # Who acknowledged it still has it: what people decided survives what the figures do.
        return Step(change, replace(after, severity=severity), evidence)
    if isinstance(subject, Position) and _untrue(rule, subject, revised):
        return Step(Change.RETRACTED, replace(after, state=State.RETRACTED), evidence)
    return Step(Change.RESOLVED, replace(after, state=State.RESOLVED), evidence)


def _opened(
    rule: Rule, subject: Position | Reading, severity: Severity, before: Episode | None, evidence: Evidence,
    now: datetime,
) -> Step:  # fmt: skip
    waits = bool(rule.for_minutes)
    cost = subject.cost_pence if isinstance(subject, Position) else None
    episode = Episode(
        *subject.key, rule.id, before.ordinal + 1 if before else 1, State.PENDING if waits else State.OPEN, severity,
        0 if waits else 1, now if waits else subject.known_at, cost, cost,
    )  # fmt: skip
    return Step(Change.PENDING if waits else Change.OPENED, episode, evidence)


def _revised(held: Episode, position: Position) -> Episode:
    """The episode with what is heard only now of the days before it opened."""
    if held.then_pence is None:
        return held
    opened_on = held.since.date()
    return replace(held, then_pence=held.then_pence + sum(pence for day, pence in position.held if day <= opened_on))


def _of_pending(rule: Rule, held: Episode, severity: Severity | None, evidence: Evidence, now: datetime) -> Step | None:
    if severity is None:
        return Step(Change.DROPPED, held, evidence)
    if now - held.since < timedelta(minutes=rule.for_minutes):
        return None if severity is held.severity else Step(Change.PENDING, replace(held, severity=severity), evidence)
    return Step(Change.OPENED, replace(held, state=State.OPEN, severity=severity, changes=1), evidence)


def _untrue(rule: Rule, position: Position, episode: Episode) -> bool:
    """Whether it would never have opened, had everything been known then that held then."""
    if episode.then_pence is None or episode.opened_pence is None or episode.then_pence >= episode.opened_pence:
        return False
    judgement = _judge(rule, position.costing_more(episode.then_pence - position.cost_pence), None, position.known_at)
    return judgement is not None and judgement.severity is None


def acknowledge(episode: Episode) -> Episode:
    """The episode taken on by somebody; AlreadyResolved when it has ended."""
    if episode.state in OVER:
        raise AlreadyResolved(episode.id)
    return replace(episode, state=State.ACKNOWLEDGED, changes=episode.changes + 1)


def note(episode: Episode) -> Episode:
    """The episode with something written beside it, whether it has ended or not."""
    return replace(episode, changes=episode.changes + 1)


def escalate(episode: Episode, evidence: Evidence) -> Step:
    """Nobody took it on in time: others are told."""
    return Step(Change.ESCALATED, replace(episode, changes=episode.changes + 1), evidence)


def remind(episode: Episode, evidence: Evidence) -> Step:
    """What was silenced is still open, and nobody was told of it."""
    return Step(Change.REMINDED, replace(episode, changes=episode.changes + 1), evidence)
