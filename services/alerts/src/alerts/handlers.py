"""What alerts does with events: judge the newest position of each line, and say and queue what changed."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine

from alerts import store
from alerts.domain.episodes import TOLD, Episode, Evidence, Step, acknowledge, decide
from alerts.domain.messages import compose
from alerts.domain.positions import LineKey, Position, latest
from alerts.domain.rules import RulePack
from alerts.store import Acknowledgement, Delivery
from hnb import outbox
from hnb.database import transaction
from hnb.events import OWN_SOURCES, AlertChanged, Event, PositionChanged, make_event

SOURCE = OWN_SOURCES["alerts"]
REVIEWED_AT_ONCE = 500
BEFORE_ALL: LineKey = ("", 0, "")


def about(event: Event) -> str | None:
    """Alerts looks nothing up by what an event is about: the newest version of a line says all there is."""
    return None


@dataclass(frozen=True, slots=True)
class Alerts:
    """The rules, the channels by name, what links start with, and the clock."""

    rules: RulePack
    channels: Sequence[str]
    link_root: str
    now: Callable[[], datetime]
    link_for: Callable[[str, str, datetime], str] | None = None  # an alert's page, for one recipient

    def judge(self, connection: Connection, events: Sequence[Event]) -> None:
        """New positions: keep the newest of each line and move its episodes, in the caller's transaction.

        Conditions are kept on record by the inbox; no rule judges one yet.
        """
        said = [(event.authority, event.data) for event in events if isinstance(event.data, PositionChanged)]
        known = store.lock_lines(connection, {(a, d.financial_year, d.provision) for a, d in said}) if said else {}
        newer = latest(said, known)
        if not newer:
            return
        # A line not yet on record cannot be locked: of two replicas that bring it in at once, the newer version wins.
        kept = store.keep_lines(connection, newer)
        self._move(connection, [position for position in newer if position.key in kept])

    def judge_again(self, connection: Connection, after: LineKey, most: int) -> LineKey | None:
        """Judge the lines after a key by the rules as they are now; the last key judged, or None at the end.

        A threshold changed between two starts would otherwise take effect only where a figure happens to move.
        """
        positions = store.lines_after(connection, after, most)
        self._move(connection, positions)
        return positions[-1].key if len(positions) == most else None

    def _move(self, connection: Connection, positions: Sequence[Position]) -> None:
        last = store.last_episodes(connection, [position.key for position in positions])
        steps = [step for position in positions for step in decide(self.rules.rules, position, last)]
        if steps:
            at = self.now()
            store.save(connection, steps, at)
            store.queue(connection, [d for step in steps for d in self._deliveries(step)])
            outbox.say(connection, [("alert", _changed(step.episode, step.evidence, at)) for step in steps])

    def acknowledge(self, connection: Connection, alert_id: str, by_whom: str, note: str | None) -> bool:
        """Somebody takes an alert on; False where there is none of this id, AlreadyResolved where it has ended."""
        episode = store.episode(connection, alert_id)
        if episode is None:
            return False
        after, at = acknowledge(episode), self.now()
        store.keep_acknowledgement(connection, after, Acknowledgement(by_whom, note, at))
        outbox.say(connection, [("alert", _changed(after, None, at))])
        return True

    def _deliveries(self, step: Step) -> list[Delivery]:
        if step.change not in TOLD:
            return []
        link = f"{self.link_root}/alerts/{step.episode.id}"
        found = []
        for channel in self.channels:
            link = self.link_for(step.episode.id, channel, self.now()) if self.link_for else link
            reference = f"{step.episode.id}-{step.episode.changes}-{hashlib.sha256(channel.encode()).hexdigest()[:8]}"
            found.append(Delivery(reference, step, channel, compose(step, link, reference)))
        return found


class Review:
    """Judges every line again, a page at a time, and begins anew once through."""

    def __init__(self, engine: Engine, alerts: Alerts) -> None:
        self._engine, self._alerts = engine, alerts
        self._after = BEFORE_ALL

    def next_page(self) -> bool:
        """Judge the next page; whether there may be more."""
        with transaction(self._engine) as connection:
            last = self._alerts.judge_again(connection, self._after, REVIEWED_AT_ONCE)
        self._after = last or BEFORE_ALL
        return last is not None


def _changed(episode: Episode, evidence: Evidence | None, at: datetime) -> str:
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
            value_pence=evidence.value_pence if evidence else None,
            threshold_pence=evidence.threshold_pence if evidence else None,
        ),
    )
