"""The forecast against plan: what the ledger expects of a year, judged before the year has come to it."""

from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator

from alerts.domain.conditions import Reading
from alerts.domain.rules import Common, PlannedReserve, SignedOff, once
from alerts.domain.severity import Judgement, Severity
from hnb.events import Pence

BETTER_END = "p90"  # of ten futures nine leave a smaller reserve, that is a larger deficit


class ForecastPlan(Common):
    """The forecast's reserve against plan, and its outturn against what was signed off.

    A reserve whose middle is worse than planned is a warning, one that is worse in nine of ten futures critical;
    exactly at plan is not past it. An outturn worse than signed off by `worse_pence` or more is a warning.
    """

    kind: Literal["forecast-plan"]
    recovery_pence: Pence
    plans: list[PlannedReserve] = Field([])
    worse_pence: Annotated[StrictInt, Field(ge=1)] = 25_000_000
    signed_off: list[SignedOff] = Field([])

    @model_validator(mode="after")
    def _one_a_year(self) -> "ForecastPlan":
        once("plans", [(plan.authority, plan.financial_year) for plan in self.plans])
        once("signed_off", [(one.authority, one.financial_year) for one in self.signed_off])
        return self

    def judge(self, reading: Reading, held: Severity | None) -> Judgement | None:
        """The judgement, given the severity held until now; None where there is nothing to judge it by."""
        if not self.concerns(reading.authority, reading.provision):
            return None
        year = (reading.authority, reading.year)
        match reading.condition:
            case "forecast-reserve":
                for plan in self.plans:
                    if (plan.authority, plan.financial_year) == year:
                        return self._reserve(reading, plan, held)
            case "forecast-outturn":
                for one in self.signed_off:
                    if (one.authority, one.financial_year) == year:
                        return self._outturn(reading, one, held)
        return None

    def _reserve(self, reading: Reading, plan: PlannedReserve, held: Severity | None) -> Judgement:
        better = next((figure.value for figure in reading.figures if figure.name == BETTER_END), reading.value)

        def worse(pence: int | None, severity: Severity) -> bool:
            margin = self.recovery_pence if held is not None and held.rank >= severity.rank else 0
            return pence is not None and pence < plan.closing_reserve_pence + margin

        severity = None
        if reading.active and worse(better, Severity.CRITICAL):
            severity = Severity.CRITICAL
        elif reading.active and worse(reading.value, Severity.WARNING):
            severity = Severity.WARNING
        return Judgement(severity, reading.value, plan.closing_reserve_pence, source=plan.source)

    def _outturn(self, reading: Reading, one: SignedOff, held: Severity | None) -> Judgement:
        threshold = one.cost_pence + self.worse_pence
        margin = self.recovery_pence if held is not None else 0
        worse = reading.active and reading.value is not None and reading.value >= threshold - margin
        return Judgement(Severity.WARNING if worse else None, reading.value, threshold, source=one.source)
