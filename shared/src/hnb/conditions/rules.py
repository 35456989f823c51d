"""Conditions: what holds now beside what was last said of it, and so what there is to say."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hnb.events import Figure

Key = tuple[str, str, str, int | None]  # authority, condition, scope, and the financial year where it is of one

# A figure that follows a mean moves with every price of its line. It stands beside the value, and is worth saying again
# by itself only once it has moved by so much of what was last said.
FIGURES_MOVED_PER_CENT = 1


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now. `since` is when it began, None where only looking tells."""

    authority: str
    condition: str
    scope: str
    value: int | None = None
    unit: str | None = None
    since: datetime | None = None
    financial_year: int | None = None
    provision: str | None = None
    figures: tuple[Figure, ...] = ()

    @property
    def key(self) -> Key:
        return self.authority, self.condition, self.scope, self.financial_year


@dataclass(frozen=True, slots=True)
class Said:
    """What was last said of a condition; the version rises each time something is said of it."""

    key: Key
    active: bool
    value: int | None
    unit: str | None
    since: datetime
    version: int
    provision: str | None = None
    figures: tuple[Figure, ...] = ()


def changes(said: Mapping[Key, Said], holding: Iterable[Condition], at: datetime) -> list[Said]:
    """What to say now: what began, what changed, and what ended, in the order of their keys.

    `at` is when we looked: the beginning of what has no other, and the end of what no longer holds.
    """
    now = {condition.key: condition for condition in holding}
    changed = []
    for key, condition in now.items():
        last = said.get(key)
        if last is None or not last.active:
            changed.append(_holds(condition, condition.since or at, last))
        elif _moved(last, condition):
            changed.append(_holds(condition, condition.since or last.since, last))
    for key, last in said.items():
        if last.active and key not in now:
            changed.append(Said(key, False, None, None, at, last.version + 1, last.provision))
    return sorted(changed, key=lambda one: (*one.key[:3], one.key[3] or 0))


def _holds(condition: Condition, since: datetime, last: Said | None) -> Said:
    version = last.version + 1 if last is not None else 1
    return Said(
        condition.key, True, condition.value, condition.unit, since, version, condition.provision, condition.figures
    )


def _moved(last: Said, now: Condition) -> bool:
    if (last.value, last.unit, last.provision) != (now.value, now.unit, now.provision):
        return True
    return now.since not in (None, last.since) or _figures_moved(last.figures, now.figures)


def _figures_moved(last: Sequence[Figure], now: Sequence[Figure]) -> bool:
    if [(figure.name, figure.unit) for figure in last] != [(figure.name, figure.unit) for figure in now]:
        return True
    return any(
        abs(figure.value - before.value) * 100 > abs(before.value) * FIGURES_MOVED_PER_CENT
        for before, figure in zip(last, now, strict=True)
    )


def morning(day: date) -> datetime:
    """When something that began on a day began: as that day did."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
