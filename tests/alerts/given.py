"""What alert tests start from: positions as the ledger says them, and the judging side on a real database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from alerts.domain.episodes import Step
from alerts.domain.evidence import LineEvidence
from alerts.domain.positions import Position, latest
from alerts.handlers import Alerts, about
from alerts.links import Links
from alerts.rulebook import read_rules
from hnb import database
from hnb.events import OWN_EVENTS, ConditionChanged, Driver, PositionChanged, make_event, read_event, read_json
from hnb.intake import Intake
from hnb.telemetry import Telemetry

LEICESTER = "E06000016"
NOON = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)
SHIPPED = read_rules(None)
LINKS = Links("http://alerts.example", None)


def said(version: int = 1, **given: Any) -> PositionChanged:
    """A line of £1,000.00, unless told otherwise, as the ledger says it."""
    budget, committed, spent = (given.pop(name, value) for name, value in BLANK.items())
    drivers = [Driver(commitment_id=c, amount_pence=p) for c, p in given.pop("drivers", ())]
    moved = sum(driver.amount_pence for driver in drivers)
    fields: dict[str, Any] = {
        "financial_year": 2025, "provision": "special", "fund": "high-needs", "version": version,
        "recorded_at": NOON + timedelta(seconds=version), "budget_pence": budget, "committed_pence": committed,
        "spent_pence": spent, "headroom_pence": budget - committed - spent, "provisional_pence": 0,
        "contingent_pence": 0, "full_year_effect_pence": 0, "change_pence": moved, "drivers": drivers,
        "remainder_count": 0, "remainder_pence": 0,
    }  # fmt: skip
    return PositionChanged(**(fields | given))


BLANK = {"budget_pence": 100_000, "committed_pence": 0, "spent_pence": 0}


def body(data: PositionChanged, authority: str = LEICESTER) -> str:
    """The event that says it, as it stands on the position stream."""
    key = f"{authority}/{data.financial_year}/{data.provision}/{data.version}"
    return make_event(
        "hnb.position-changed.v1", source="/hnb/ledger", id=key, time=data.recorded_at, authority=authority, data=data
    )


def condition(number: int = 1, **given: Any) -> str:
    """An event of the placements service that says a condition holds, or no longer does."""
    data = ConditionChanged.model_validate({"active": True, "version": number, "since": NOON} | given)
    return make_event(
        "hnb.condition-changed.v1", source="/hnb/placements", id=str(number), time=NOON + timedelta(minutes=number),
        authority=LEICESTER, data=data,
    )  # fmt: skip


def reserve(
    closing_pence: int, version: int = 1, grant_pence: int = 8_860_000_000, year: int = 2025
) -> PositionChanged:
    """The total of a year that closes with this reserve."""
    return said(
        version, provision="total", financial_year=year, grant_pence=grant_pence, in_year_balance_pence=0,
        reserve_opening_pence=0, reserve_closing_pence=closing_pence,
    )  # fmt: skip


def position(data: PositionChanged) -> Position:
    """The same as the domain takes it."""
    return latest([(LEICESTER, data)], {})[0]


def costing(pence: int, of: Position | None = None) -> Position:
    """A line of £1,000.00 that comes to so many pence."""
    return replace(of or position(said()), committed_pence=pence, headroom_pence=100_000 - pence)


def line_of(step: Step) -> LineEvidence:
    """The evidence of a step about a line."""
    assert isinstance(step.evidence, LineEvidence)
    return step.evidence


class Desk:
    """The judging side on a real database: positions go in, and what it left there can be asked for."""

    def __init__(self, url: str, channels: Sequence[str] = (), alerts: Alerts | None = None) -> None:
        self.engine: Engine = database.connect(url, "alerts")
        database.migrate(self.engine, "alerts")
        self.now = NOON
        self.alerts = alerts or Alerts(SHIPPED, lambda *_: channels, LINKS, lambda: self.now)
        self.intake = Intake(self.engine, Telemetry("alerts"), about, self.alerts.judge, lambda: None, OWN_EVENTS)

    def hear(self, *changes: PositionChanged, authority: str = LEICESTER) -> None:
        """Hear these as one batch."""
        self.intake.take([read_event(read_json(body(data, authority))) for data in changes])

    def acknowledge(self, alert_id: str, by: str, note: str | None = None) -> bool:
        with database.transaction(self.engine) as connection:
            return self.alerts.acknowledge(connection, alert_id, by, note)

    def ask(self, query: str) -> list[dict[str, Any]]:
        with database.reading(self.engine) as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]

    def close(self) -> None:
        self.engine.dispose()
