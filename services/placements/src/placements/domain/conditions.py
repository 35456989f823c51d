"""Conditions: what holds now beside what was last said of it, and so what there is to say."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

Key = tuple[str, str, str]  # authority, condition, scope

# An occupancy officers want to know of: domain rule "occupancy of a setting, over 95% or under 80%".
OCCUPANCY_HIGH_PERCENT = 95
OCCUPANCY_LOW_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now. `since` is when it began, None where only looking tells."""

    authority: str
    condition: str
    scope: str
    value: int | None = None
    unit: str | None = None
    since: datetime | None = None

    @property
    def key(self) -> Key:
        return self.authority, self.condition, self.scope


@dataclass(frozen=True, slots=True)
class Said:
    """What was last said of a condition; the version rises each time something is said of it."""

    key: Key
    active: bool
    value: int | None
    unit: str | None
    since: datetime
    version: int


def changes(said: Mapping[Key, Said], holding: Iterable[Condition], at: datetime) -> list[Said]:
    """What to say now: what began, what changed in value or beginning, and what ended, in the order of their keys.

    `at` is when we looked: the beginning of what has no other, and the end of what no longer holds.
    """
    now = {condition.key: condition for condition in holding}
    changed = []
    for key, condition in now.items():
        last = said.get(key)
        began = last.since if last is not None and last.active else at
        version = last.version if last is not None else 0
        holds = Said(key, True, condition.value, condition.unit, condition.since or began, version)
        if holds != last:
            changed.append(replace(holds, version=version + 1))
    for key, last in said.items():
        if last.active and key not in now:
            changed.append(Said(key, False, None, None, at, last.version + 1))
    return sorted(changed, key=lambda one: one.key)


def morning(day: date) -> datetime:
    """When something that began on a day began: as that day did."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
