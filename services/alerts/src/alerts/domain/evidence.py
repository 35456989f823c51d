"""The figures a change of an alert rests on: of a line's position, or of a condition."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from alerts.domain.conditions import Reading
from alerts.domain.positions import Position
from alerts.domain.severity import Judgement
from hnb.events import Driver, Figure


class LineEvidence(BaseModel):
    """The figures of a line or a year, in pence, and the commitments that moved them."""

    model_config = ConfigDict(frozen=True)

    of: Literal["line"] = "line"
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


class ConditionEvidence(BaseModel):
    """What the owner of the data said: since when, how much of what, and the figures beside it."""

    model_config = ConfigDict(frozen=True)

    of: Literal["condition"] = "condition"
    known_at: datetime = Field(description="when the owner of the data said it")
    condition: str
    year: int = Field(description="the financial year it is of; 0 where it is of none")
    active: bool
    since: datetime = Field(description="since when it holds, or when it ended")
    value: int | None = None
    unit: str | None = None
    provision: str | None = None
    figures: list[Figure] = []
    threshold: int | None = Field(None, description="what the value was judged by, in its unit, where it was by one")
    source: str | None = Field(None, description="who set the threshold")


def _kind(value: Any) -> str:
    # What was kept before there were two kinds says nothing of its kind.
    return str(value.get("of", "line") if isinstance(value, dict) else value.of)


Evidence = Annotated[
    Annotated[LineEvidence, Tag("line")] | Annotated[ConditionEvidence, Tag("condition")], Discriminator(_kind)
]
EVIDENCE: TypeAdapter[LineEvidence | ConditionEvidence] = TypeAdapter(Evidence)


def of_position(position: Position, judgement: Judgement) -> LineEvidence:
    """The evidence of a position under a judgement with a value and a threshold."""
    assert judgement.value_pence is not None
    assert judgement.threshold_pence is not None
    return LineEvidence(
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


def of_reading(reading: Reading, judgement: Judgement) -> ConditionEvidence:
    """The evidence of a condition under a judgement."""
    return ConditionEvidence(
        known_at=reading.known_at,
        condition=reading.condition,
        year=reading.year,
        active=reading.active,
        since=reading.since,
        value=reading.value,
        unit=reading.unit,
        provision=reading.provision,
        figures=list(reading.figures),
        threshold=judgement.threshold_pence,
        source=judgement.source,
    )
