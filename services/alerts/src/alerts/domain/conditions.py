"""Conditions as alerting knows them: what the owner of the data sees, and the rules that judge it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StrictInt, StringConstraints

from alerts.domain.rules import Common, Hours, Written
from alerts.domain.severity import Judgement, Severity
from hnb.calendar import financial_year
from hnb.events import ConditionChanged, Event, Figure
from hnb.workdays import working_days_after

ConditionKey = tuple[str, str, str, int]  # authority, condition, scope, and the financial year it is of or 0
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,59}$")]


@dataclass(frozen=True, slots=True)
class Reading:
    """A condition as last said by its owner. `known_at` is when it was said, `since` from when it holds, or ended."""

    authority: str
    condition: str
    scope: str
    year: int  # the financial year it is of; 0 where it is of none
    version: int
    active: bool
    value: int | None
    unit: str | None
    since: datetime
    known_at: datetime
    provision: str | None
    figures: tuple[Figure, ...]

    @property
    def condition_key(self) -> ConditionKey:
        return self.authority, self.condition, self.scope, self.year

    @property
    def financial_year(self) -> int:
        """The year it is of, else the one it began in."""
        return self.year or financial_year(self.since.date())

    @property
    def key(self) -> tuple[str, int, str]:
        """What an episode is kept under. No condition's scope is a line's: theirs have a slash in them."""
        return self.authority, self.financial_year, self.scope


def latest_readings(events: Iterable[Event], known: Mapping[ConditionKey, tuple[int, datetime]]) -> list[Reading]:
    """The newest reading of each condition and scope that is newer than the one known, in the order of their keys."""
    newest: dict[ConditionKey, Reading] = {}
    for event in events:
        data = event.data
        if not isinstance(data, ConditionChanged):
            continue
        reading = Reading(
            event.authority, data.condition, data.scope, data.financial_year or 0, data.version or 0, data.active,
            data.value, data.unit, data.since, event.time, data.provision, tuple(data.figures or ()),
        )  # fmt: skip
        key = reading.condition_key
        before = reading_order(newest[key]) if key in newest else known.get(key)
        if before is None or reading_order(reading) > before:
            newest[key] = reading
    return [newest[key] for key in sorted(newest)]


def reading_order(reading: Reading) -> tuple[int, datetime]:
    """What tells the newer of two readings: the version, and when it was said where an owner counts none."""
    return reading.version, reading.known_at


class Level(Written):
    """When a condition has reached a level: it has held long enough, and its value or one of its figures is over.

    Where no value and no figure is named, that it holds is enough.
    """

    over: StrictInt | None = Field(None, description="strictly more than this, in the condition's own unit")
    figures_over: dict[Name, StrictInt] = Field({}, description="or one of its figures is strictly more than this")
    together: bool = Field(False, description="whether all of these must be over, where otherwise one is enough")
    after_hours: Hours = 0
    after_working_days: Annotated[StrictInt, Field(ge=0, le=250)] = 0

    def due_at(self, since: datetime) -> datetime:
        """When something that holds from a moment on has held long enough."""
        due = since + timedelta(hours=self.after_hours)
        if self.after_working_days:
            last = working_days_after(since.date(), self.after_working_days)
            due = max(due, datetime.combine(last, since.timetz()))
        return due

    def reached(self, reading: Reading, now: datetime, margin: int) -> bool:
        """Whether it is; a level held is given up only more than `margin` below its values."""
        if now < self.due_at(reading.since):
            return False
        if self.over is None and not self.figures_over:
            return True
        figures = {figure.name: figure.value for figure in reading.figures}
        tests = [(figures.get(name), over) for name, over in self.figures_over.items()]
        if self.over is not None:
            tests.append((reading.value, self.over))
        reached = (value is not None and value > over - margin for value, over in tests)
        return all(reached) if self.together else any(reached)


class OnCondition(Common):
    """A condition that an owner of data says, by the level it has reached."""

    kind: Literal["condition"]
    condition: Name
    levels: dict[Severity, Level] = Field(min_length=1)
    recovery: Annotated[StrictInt, Field(ge=0)] = Field(0, description="the margin, in the condition's own unit")

    @property
    def takes_time(self) -> bool:
        """Whether a level is reached by the clock alone."""
        return any(level.after_hours or level.after_working_days for level in self.levels.values())

    def judge(self, reading: Reading, held: Severity | None, now: datetime) -> Judgement | None:
        """The judgement at a moment, given the severity held until now; None where the rule is about another."""
        if reading.condition != self.condition or not self.concerns(reading.authority, reading.provision):
            return None
        if reading.active:
            for severity in reversed(Severity):
                level = self.levels.get(severity)
                margin = self.recovery if held is not None and held.rank >= severity.rank else 0
                if level is not None and level.reached(reading, now, margin):
                    return Judgement(severity, None, None)
        return Judgement(None, None, None)
