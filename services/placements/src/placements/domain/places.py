"""A setting's places: capacity as steps over days, and what a number of children makes of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hnb.events import Event, SettingRegistered
from hnb.money import divide_half_up
from placements.domain.conditions import OCCUPANCY_HIGH_PERCENT, OCCUPANCY_LOW_PERCENT
from placements.domain.facts import order


@dataclass(frozen=True, slots=True)
class Step:
    """From a day on, a setting has so many places, as one event said."""

    setting_id: str
    from_day: date
    capacity: int
    event: Event


def steps(events: Iterable[Event]) -> list[Step]:
    """The steps of capacity these events say, by authority, setting and day; of two for one day the later said stands.

    A capacity that names no day is from the day it was said. A registration that names no capacity changes none.
    """
    standing: dict[tuple[str, str, date], Step] = {}
    for event in events:
        if not isinstance(event.data, SettingRegistered) or event.data.capacity is None:
            continue
        from_day = event.data.capacity_from or event.time.date()
        key = (event.authority, event.data.setting_id, from_day)
        if key not in standing or order(event) > order(standing[key].event):
            standing[key] = Step(event.data.setting_id, from_day, event.data.capacity, event)
    return [standing[key] for key in sorted(standing)]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """What children there make of a capacity: places free, children beyond it, and the percentage; None: not known."""

    vacancies: int | None
    over: int | None
    percent: int | None


def occupancy(capacity: int | None, filled: int) -> Occupancy:
    """The occupancy of a setting. No percentage of no places: a setting of capacity 0 with children in it is over.

    >>> occupancy(10, 11)
    Occupancy(vacancies=0, over=1, percent=110)
    """
    if capacity is None:
        return Occupancy(None, None, None)
    percent = divide_half_up(100 * filled, capacity) if capacity else None
    return Occupancy(max(capacity - filled, 0), max(filled - capacity, 0), percent)


def fullness(capacity: int | None, filled: int) -> Literal["high", "low"] | None:
    """Whether a setting is fuller or emptier than officers want: over 95 or under 80 per cent, not rounded.

    >>> fullness(100, 96), fullness(100, 95), fullness(100, 80), fullness(100, 79)
    ('high', None, None, 'low')
    """
    if not capacity:  # no percentage of no places, nor of a number nobody said
        return None
    if 100 * filled > OCCUPANCY_HIGH_PERCENT * capacity:
        return "high"
    return "low" if 100 * filled < OCCUPANCY_LOW_PERCENT * capacity else None
