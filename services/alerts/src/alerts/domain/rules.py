"""What officers want to be told of: rules as they are written in the rules file, and how each judges a position."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints, model_validator

from alerts.domain.positions import TOTAL, Position
from alerts.domain.quiet import QuietHours
from alerts.domain.severity import Judgement, Severity
from hnb.events import Authority, Pence, SignedPence, Text, Year
from hnb.provisions import Provision

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Role = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Percent = Annotated[StrictInt, Field(ge=1, le=1000)]
Hours = Annotated[StrictInt, Field(ge=0, le=24 * 365)]
MOST_ROLES = 20


class Written(BaseModel):
    """Something in the rules file: a field it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Escalation(Written):
    """Who is told as well where nobody acknowledges an alert in time."""

    after_hours: Annotated[StrictInt, Field(ge=1, le=24 * 90)]
    to: Annotated[list[Role], Field(min_length=1, max_length=MOST_ROLES)]


class Scope(Written):
    """What a rule is about, where it is not about everything it can judge."""

    authorities: list[Authority] = Field([], description="all of them where none is named")
    provisions: list[Provision] = Field([], description="all lines where none is named")


class Common(Written):
    """What every rule has: what it is about, how long it must hold, who is told, and when they are let be."""

    id: RuleId
    scope: Scope = Scope()
    for_minutes: Annotated[StrictInt, Field(ge=0, le=60 * 24 * 30)] = Field(
        0, description="how long it must hold before an alert opens"
    )
    recipients: Annotated[list[Role], Field(min_length=1, max_length=MOST_ROLES)] = ["finance"]
    told: Literal["at-once", "in-digest"] = Field(
        "at-once", description="in-digest: nobody is sent a message of its own, unless it is critical"
    )
    quiet_hours: QuietHours | None = None
    escalate: Escalation | None = None

    def concerns(self, authority: str, provision: str | None) -> bool:
        """Whether the rule is about this authority and line."""
        return (not self.scope.authorities or authority in self.scope.authorities) and (
            not self.scope.provisions or provision in self.scope.provisions
        )


class LineBudget(Common):
    """Committed and spent together against a line's budget. Reaching a percentage exactly has crossed it."""

    kind: Literal["line-budget"]
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


class PlannedReserve(Written):
    """The closing reserve an authority plans for a year, in pence (a deficit is negative), and who says so."""

    authority: Authority
    financial_year: Year
    closing_reserve_pence: SignedPence
    source: Text


class ReservePlan(Common):
    """The closing reserve against plan, of years that have a grant. Exactly at plan is not past it."""

    kind: Literal["reserve-plan"]
    recovery_pence: Pence
    plans: list[PlannedReserve]

    @model_validator(mode="after")
    def _one_plan_a_year(self) -> "ReservePlan":
        once("plans", [(plan.authority, plan.financial_year) for plan in self.plans])
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


class SignedOff(Written):
    """The cost of a year as it was last signed off: by whom and when, for who reads the alert."""

    authority: Authority
    financial_year: Year
    cost_pence: Pence
    source: Text


class OutturnSinceSignOff(Common):
    """What a year comes to, as far as committed and spent, against what was last signed off. Exactly at it is past."""

    kind: Literal["since-sign-off"]
    worse_pence: Annotated[StrictInt, Field(ge=1)]
    recovery_pence: Pence
    signed_off: list[SignedOff]

    @model_validator(mode="after")
    def _one_sign_off_a_year(self) -> "OutturnSinceSignOff":
        once("signed_off", [(one.authority, one.financial_year) for one in self.signed_off])
        if self.recovery_pence >= self.worse_pence:
            raise ValueError("recovery_pence must be below worse_pence")
        return self

    def judge(self, position: Position, held: Severity | None) -> Judgement | None:
        """The judgement, given the severity held until now; None where a position has nothing to judge."""
        if position.scope != TOTAL:
            return None
        for one in self.signed_off:
            if (one.authority, one.financial_year) == (position.authority, position.financial_year):
                threshold = one.cost_pence + self.worse_pence
                margin = self.recovery_pence if held is not None else 0
                severity = Severity.WARNING if position.cost_pence >= threshold - margin else None
                return Judgement(severity, position.cost_pence, threshold)
        return None


LineRule = LineBudget | ReservePlan | OutturnSinceSignOff


def once(field: str, years: Sequence[tuple[str, int]]) -> None:
    """ValueError where an authority's year is named twice."""
    if len(set(years)) < len(years):
        raise ValueError(f"{field} names an authority's year twice")
