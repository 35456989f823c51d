"""What officers want to be told of: rules as they are written in the rules file, and how each judges a position."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from alerts.domain.positions import TOTAL, Position
from hnb.events import Authority, Pence, SignedPence, Text, Year

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Percent = Annotated[StrictInt, Field(ge=1, le=1000)]


class Severity(StrEnum):
    """How grave it is; in rising order."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How grave a position is under one rule (None: it is well), with the figures that say so.

    The threshold is that of the severity; of the lowest one where all is well.
    """

    severity: Severity | None
    value_pence: int
    threshold_pence: int
    percent_tenths: int | None = None
    threshold_percent: int | None = None


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LineBudget(_Written):
    """Committed and spent together against a line's budget. Reaching a percentage exactly has crossed it."""

    kind: Literal["line-budget"]
    id: RuleId
    warning_percent: Percent
    critical_percent: Percent
    recovery_points: Annotated[StrictInt, Field(ge=0, le=100)]

    @model_validator(mode="after")
    def _levels_rise(self) -> "LineBudget":
        if self.warning_percent >= self.critical_percent:
            raise ValueError("critical_percent must be above warning_percent")
        if self.recovery_points >= self.warning_percent:
            raise ValueError("recovery_points must be below warning_percent")
        return self

    def judge(self, position: Position, held: Severity | None) -> Judgement | None:
        """The judgement, given the severity held until now; None where a position has nothing to judge.

        A held severity is given up only more than `recovery_points` below its percentage.
        """
        if position.scope == TOTAL or position.budget_pence <= 0:
            return None
        severity = self._severity(position, held)
        percent = self.critical_percent if severity is Severity.CRITICAL else self.warning_percent
        return Judgement(
            severity,
            position.cost_pence,
            -(-position.budget_pence * percent // 100),  # upwards: the first penny that is at the percentage
            # Downwards, so that 99.96% never shows as the 100.0% it has not reached.
            position.cost_pence * 1000 // position.budget_pence,
            percent,
        )

    def _severity(self, position: Position, held: Severity | None) -> Severity | None:
        def at_least(percent: int) -> bool:
            return position.cost_pence * 100 >= position.budget_pence * percent

        margin = self.recovery_points
        if at_least(self.critical_percent - (margin if held is Severity.CRITICAL else 0)):
            return Severity.CRITICAL
        if at_least(self.warning_percent - (margin if held is not None else 0)):
            return Severity.WARNING
        return None


class PlannedReserve(_Written):
    """The closing reserve an authority plans for a year, in pence (a deficit is negative), and who says so."""

    authority: Authority
    financial_year: Year
    closing_reserve_pence: SignedPence
    source: Text


class ReservePlan(_Written):
    """The closing reserve against plan, of years that have a grant. Exactly at plan is not past it."""

    kind: Literal["reserve-plan"]
    id: RuleId
    recovery_pence: Pence
    plans: list[PlannedReserve]

    @model_validator(mode="after")
    def _one_plan_a_year(self) -> "ReservePlan":
        years = [(plan.authority, plan.financial_year) for plan in self.plans]
        if len(set(years)) < len(years):
            raise ValueError("plans names an authority's year twice")
        return self

    def judge(self, position: Position, held: Severity | None) -> Judgement | None:
        """The judgement, given the severity held until now; None where a position has nothing to judge."""
        closing = position.reserve_closing_pence
        if position.scope != TOTAL or closing is None or not position.grant_pence:
            return None
        for plan in self.plans:
            if (plan.authority, plan.financial_year) == (position.authority, position.financial_year):
                wanted = plan.closing_reserve_pence + (self.recovery_pence if held is not None else 0)
                severity = Severity.CRITICAL if closing < wanted else None
                return Judgement(severity, closing, plan.closing_reserve_pence)
        return None


Rule = LineBudget | ReservePlan


class RulePack(_Written):
    """All rules of an installation."""

    rules: list[Annotated[Rule, Field(discriminator="kind")]]

    @model_validator(mode="after")
    def _ids_differ(self) -> "RulePack":
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) < len(ids):
            raise ValueError("rules: two rules have the same id")
        return self
