"""What a council may do or meet, as a scenario names it: each measure with what it takes for granted."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hnb.provisions import Provision
from ledger.outlook.inputs import Written

Percent = Annotated[float, Field(ge=-100, le=300)]
Share = Annotated[float, Field(ge=0, le=100)]
Pounds = Annotated[int, Field(ge=0, le=10**10)]
Assumption = Annotated[str, Field(min_length=10, max_length=1000)]


class Between(Written):
    """A share nobody knows exactly, in per cent: each future draws its own, as likely at one end as at the other."""

    low: Share
    high: Share

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low is {self.low:g}, above high, {self.high:g}")
        return self


class InsteadOf(Written):
    """Where children would have gone: a provision, or only those of it who would have gone out of the area."""

    provision: Provision
    out_of_area: bool = False


class _Measure(Written):
    assumes: Assumption  # in a sentence: what has to be true for the figures to be


class Growth(_Measure):
    """More children, or fewer, join with a plan than history says."""

    kind: Literal["growth"]
    joiners_percent: Percent
    begins: date | None = Field(None, alias="from")


class Uplift(_Measure):
    """A provision's prices rise once, beside inflation."""

    kind: Literal["uplift"]
    provision: Provision
    percent: Percent
    begins: date = Field(alias="from")


class Places(_Measure):
    """New places, filled by children who would have started somewhere dearer; the empty ones are paid for too."""

    kind: Literal["places"]
    provision: Provision
    places: Annotated[int, Field(ge=1, le=100_000)]
    opens: date
    place_cost_pounds: Pounds  # a year, a child, all of it: the place and the top-up
    empty_place_pounds: Pounds = 10_000  # a year, while nobody is in it (high needs operational guidance: £10,000)
    set_up_pounds: Pounds = 0  # once, when they open
    instead_of: Annotated[tuple[InsteadOf, ...], Field(min_length=1)]
    suitable_percent: Share | Between = 100.0  # of those children, how many such a place would suit


class EarlyIntervention(_Measure):
    """Support before a plan, so that some children never need one and others need it later."""

    kind: Literal["early-intervention"]
    begins: date = Field(alias="from")
    avoided_percent: Share | Between = 0.0
    delayed_percent: Share | Between = 0.0
    delay_months: Annotated[int, Field(ge=0, le=60)] = 0
    cost_pounds_a_year: Pounds

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        avoided, delayed = _most(self.avoided_percent), _most(self.delayed_percent)
        if avoided + delayed > 100:
            raise ValueError("avoided_percent and delayed_percent come to more than 100 together")
        if bool(delayed) != bool(self.delay_months):
            raise ValueError("delayed_percent and delay_months go together")
        return self


class Tribunals(_Measure):
    """More appeals, or fewer, and another share upheld. What an appeal itself costs is the general fund's: left out."""

    kind: Literal["tribunals"]
    begins: date | None = Field(None, alias="from")
    appeals_percent: Percent = 0.0
    upheld_percent: Share | Between | None = None  # of those lodged; None: as in the year before
    provision: Provision = Provision.INDEPENDENT  # the line on which most of what is won stands
    won_pounds_a_year: Pounds | None = None  # what a won appeal costs more a year; None: as open ones seek


Measure = Annotated[Growth | Uplift | Places | EarlyIntervention | Tribunals, Field(discriminator="kind")]


def _most(share: float | Between) -> float:
    return share.high if isinstance(share, Between) else share
