"""All rules of an installation, as the rules file says them."""

from typing import Annotated

from pydantic import Field, model_validator

from alerts.domain.conditions import OnCondition
from alerts.domain.forecasts import ForecastPlan
from alerts.domain.rules import LineBudget, OutturnSinceSignOff, ReservePlan, Written

MOST_RULES = 200
AnyRule = Annotated[
    LineBudget | ReservePlan | OutturnSinceSignOff | OnCondition | ForecastPlan, Field(discriminator="kind")
]


class RulePack(Written):
    """The rules, each with a name of its own."""

    rules: list[AnyRule] = Field(max_length=MOST_RULES)

    @model_validator(mode="after")
    def _ids_differ(self) -> "RulePack":
        ids = [rule.id for rule in self.rules]
        if len(set(ids)) < len(ids):
            raise ValueError("rules: two rules have the same id")
        return self
