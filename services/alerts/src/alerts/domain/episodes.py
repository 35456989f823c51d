"""Alert episodes: at most one open per authority, rule, scope and year; opened, raised, lowered, resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from alerts.domain.positions import Position
from alerts.domain.rules import Judgement, Rule, Severity
from hnb.events import Driver

EpisodeKey = tuple[str, int, str, str]  # authority, financial year, scope, rule


class State(StrEnum):
    """Where an episode stands. An acknowledged one is still open: somebody has taken it on."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Change(StrEnum):
    """What can happen to an episode."""

    OPENED = "opened"
    RAISED = "raised"
    LOWERED = "lowered"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"


TOLD = frozenset({Change.OPENED, Change.RAISED, Change.RESOLVED})  # of the others nobody is sent a message


class Evidence(BaseModel):
    """The figures a change rests on, in pence, and the commitments that moved them."""

    model_config = ConfigDict(frozen=True)

    known_at: datetime = Field(description="when the ledger learned what made this true")
    position_version: int
    value_pence: int = Field(description="what was judged: committed and spent together, or the closing reserve")
    threshold_pence: int
    threshold_percent: int | None = Field(None, description="the threshold as a percentage of the budget")
    percent_tenths: int | None = Field(None, description="value in tenths of a per cent of the budget, rounded down")
    budget_pence: int
    committed_pence: int
    spent_pence: int
    headroom_pence: int
    reserve_closing_pence: int | None = None
    change_pence: int = Field(description="by how much committed and spent together had just moved")
    drivers: list[Driver] = Field(description="the largest movements first; with the remainder they sum to the change")
    remainder_pence: int


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
    since: datetime  # when the ledger learned what opened it

    @property
    def key(self) -> EpisodeKey:
        return self.authority, self.financial_year, self.scope, self.rule

    @property
    def id(self) -> str:
        """A name that can be read, and that the same events always lead to."""
        return f"{self.authority}-{self.financial_year}-{self.rule}-{self.scope}-{self.ordinal}"


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


def decide(rules: Sequence[Rule], position: Position, last: Mapping[EpisodeKey, Episode]) -> list[Step]:
    """What a position changes, given the last episode of each key; at most one step per rule.

    A position that cannot be judged (its budget or grant is gone) changes nothing: not to know is not to be well.
    """
    steps = []
    for rule in rules:
        before = last.get((*position.key, rule.id))
        held = before if before is not None and before.state is not State.RESOLVED else None
        judgement = rule.judge(position, held.severity if held else None)
        if judgement is None:
            continue
        if held is None and judgement.severity is not None:
            ordinal = before.ordinal + 1 if before else 1
            opened = Episode(*position.key, rule.id, ordinal, State.OPEN, judgement.severity, 1, position.recorded_at)
            steps.append(Step(Change.OPENED, opened, _evidence(position, judgement)))
        elif held is not None and judgement.severity is not held.severity:
            steps.append(_moved(held, position, judgement))
    return steps


def acknowledge(episode: Episode) -> Episode:
    """The episode taken on by somebody; AlreadyResolved when it has ended."""
    if episode.state is State.RESOLVED:
        raise AlreadyResolved(episode.id)
    return replace(episode, state=State.ACKNOWLEDGED, changes=episode.changes + 1)


def _moved(held: Episode, position: Position, judgement: Judgement) -> Step:
    evidence = _evidence(position, judgement)
    if judgement.severity is None:
        ended = replace(held, state=State.RESOLVED, changes=held.changes + 1)
        return Step(Change.RESOLVED, ended, evidence)
    change = Change.RAISED if judgement.severity is Severity.CRITICAL else Change.LOWERED
    # Who acknowledged it still has it: what people decided survives what the figures do.
    return Step(change, replace(held, severity=judgement.severity, changes=held.changes + 1), evidence)


def _evidence(position: Position, judgement: Judgement) -> Evidence:
    return Evidence(
        known_at=position.recorded_at,
        position_version=position.version,
        value_pence=judgement.value_pence,
        threshold_pence=judgement.threshold_pence,
        threshold_percent=judgement.threshold_percent,
        percent_tenths=judgement.percent_tenths,
        budget_pence=position.budget_pence,
        committed_pence=position.committed_pence,
        spent_pence=position.spent_pence,
        headroom_pence=position.headroom_pence,
        reserve_closing_pence=position.reserve_closing_pence,
        change_pence=position.change_pence,
        drivers=list(position.drivers),
        remainder_pence=position.remainder_pence,
    )
