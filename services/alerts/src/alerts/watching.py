"""What the clock does to alerts: what has held long enough, what nobody took on in time, what is silent no more."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from alerts import readings, silences, store
from alerts.domain.conditions import ConditionKey, OnCondition
from alerts.domain.episodes import escalate, remind
from alerts.handlers import Alerts
from hnb.database import transaction

WATCHED_AT_ONCE = 500
NO_CONDITION: ConditionKey = ("", "", "", 0)

Key = tuple[str, int, str]
Page = Callable[[Connection], bool]

_PENDING = text("""
    SELECT authority, financial_year, scope, evidence ->> 'condition' AS condition,
        coalesce((evidence ->> 'year')::int, 0) AS year FROM alerts
    WHERE state = 'pending' AND rule = :rule AND since <= :since ORDER BY id LIMIT :most
""")
_IGNORED = text("""
    SELECT id FROM alerts WHERE state = 'open' AND rule = :rule AND escalated_at IS NULL AND level_at <= :since
    AND NOT untold ORDER BY id LIMIT :most
""")
_ESCALATED = text("UPDATE alerts SET escalated_at = :at WHERE id = :id")
_UNTOLD = text("SELECT id FROM alerts WHERE untold AND state IN ('open', 'acknowledged') ORDER BY id LIMIT :most")


class Watch:
    """Goes through what time alone may change, a page at a time: every line and condition, and every open alert."""

    def __init__(self, engine: Engine, alerts: Alerts) -> None:
        self._engine, self._alerts = engine, alerts
        self._timed = {r.condition for r in alerts.rules.rules if isinstance(r, OnCondition) and r.takes_time}
        self._line: Key = ("", 0, "")
        self._condition: ConditionKey = NO_CONDITION

    def review(self) -> bool:
        """Judge the next page of lines by the rules as they are now; whether there may be more.

        A threshold changed between two starts would otherwise take effect only where a figure happens to move.
        """
        with transaction(self._engine) as connection:
            positions = store.lines_after(connection, self._line, WATCHED_AT_ONCE)
            self._alerts.move(connection, positions)
        more = len(positions) == WATCHED_AT_ONCE
        self._line = positions[-1].key if more else ("", 0, "")
        return more

    def tick(self) -> bool:
        """Look at the clock: conditions that last, alerts that wait, that nobody took on, that are silent no more."""
        with transaction(self._engine) as connection:
            self._open_pending(connection)
        for work in (self._escalate, self._remind):
            with transaction(self._engine) as connection:
                work(connection, self._alerts.now())
        with transaction(self._engine) as connection:
            found = readings.after(connection, self._condition, self._timed, WATCHED_AT_ONCE) if self._timed else []
            self._alerts.move(connection, found)
        more = len(found) == WATCHED_AT_ONCE
        self._condition = found[-1].condition_key if more else NO_CONDITION
        return more

    def _open_pending(self, connection: Connection) -> None:
        lines: set[Key] = set()
        conditions: set[ConditionKey] = set()
        for rule in self._alerts.rules.rules:
            if rule.for_minutes:
                since = self._alerts.now() - timedelta(minutes=rule.for_minutes)
                for row in connection.execute(_PENDING, {"rule": rule.id, "since": since, "most": WATCHED_AT_ONCE}):
                    if row.condition is None:
                        lines.add((row.authority, row.financial_year, row.scope))
                    else:
                        conditions.add((row.authority, row.condition, row.scope, row.year))
        if lines:
            self._alerts.move(connection, store.lines_named(connection, lines))
        if conditions:
            self._alerts.move(connection, readings.named(connection, conditions))

    def _escalate(self, connection: Connection, now: datetime) -> None:
        for rule in self._alerts.rules.rules:
            if rule.escalate is None:
                continue
            since = now - timedelta(hours=rule.escalate.after_hours)
            binds = {"rule": rule.id, "since": since, "most": WATCHED_AT_ONCE}
            for id in connection.scalars(_IGNORED, binds).all():
                found = store.episode_with_evidence(connection, id)
                if found is not None and found[0].state == "open":
                    connection.execute(_ESCALATED, {"id": id, "at": now})
                    self._alerts.take(connection, [escalate(*found)])

    def _remind(self, connection: Connection, now: datetime) -> None:
        silent = silences.active(connection, now)
        for id in connection.scalars(_UNTOLD, {"most": WATCHED_AT_ONCE}).all():
            found = store.episode_with_evidence(connection, id)
            if found is not None and silences.covering(silent, found[0]) is None:
                self._alerts.take(connection, [remind(*found)])
