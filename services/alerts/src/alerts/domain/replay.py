"""Rules played over what was heard in the past: what they would have told."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.domain.conditions import ConditionKey, OnCondition, Reading, latest_readings, reading_order
from alerts.domain.episodes import TOLD, Change, Episode, EpisodeKey, Rule, State, Step, decide
from alerts.domain.positions import LineKey, Position, latest
from hnb.events import ConditionChanged, Event, PositionChanged


@dataclass
class Replay:
    """Hears events in the order in which they became known, and tells the steps of episodes; nothing is sent.

    The clock is that of the events: what opens by lapse of time opens at the next event, or at the end.
    """

    rules: Sequence[Rule]
    _versions: dict[LineKey, int] = field(default_factory=dict)
    _lines: dict[LineKey, Position] = field(default_factory=dict)
    _readings: dict[ConditionKey, Reading] = field(default_factory=dict)
    _last: dict[EpisodeKey, Episode] = field(default_factory=dict)

    def play(self, events: Iterable[Event], until: datetime) -> Iterator[tuple[datetime, Step]]:
        """Every step of which somebody would have been told, with when."""
        day = None
        for event in events:
            if event.time.date() != day:
                day = event.time.date()
                yield from self._wait(event.time)
            yield from self._move(self._heard(event), event.time)
        yield from self._wait(until)

    def _heard(self, event: Event) -> list[Position | Reading]:
        if isinstance(event.data, PositionChanged):
            positions = latest([(event.authority, event.data)], self._versions)
            for position in positions:
                self._versions[position.key] = position.version
                self._lines[position.key] = position
            return list(positions)
        if isinstance(event.data, ConditionChanged):
            before = self._readings.get(
                (event.authority, event.data.condition, event.data.scope, event.data.financial_year or 0)
            )
            known = {before.condition_key: reading_order(before)} if before else {}
            found = latest_readings([event], known)
            self._readings |= {reading.condition_key: reading for reading in found}
            return list(found)
        return []

    def _wait(self, now: datetime) -> Iterator[tuple[datetime, Step]]:
        timed = {rule.condition for rule in self.rules if isinstance(rule, OnCondition) and rule.takes_time}
        yield from self._move([r for r in self._readings.values() if r.active and r.condition in timed], now)
        pending = {episode.key[:3] for episode in self._last.values() if episode.state is State.PENDING}
        waiting: list[Position | Reading] = [line for key, line in self._lines.items() if key in pending]
        waiting += [reading for reading in self._readings.values() if reading.key in pending]
        yield from self._move(waiting, now)

    def _move(self, subjects: Sequence[Position | Reading], now: datetime) -> Iterator[tuple[datetime, Step]]:
        for subject in subjects:
            for step in decide(self.rules, subject, self._last, now):
                if step.change is Change.DROPPED:
                    del self._last[step.episode.key]
                else:
                    self._last[step.episode.key] = step.episode
                if step.change in TOLD:
                    yield now, step
