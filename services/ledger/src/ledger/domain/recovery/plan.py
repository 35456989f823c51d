"""A recovery plan and a review of it as people write them down: every field checked, pounds turned into pence."""

import re
from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from hnb.calendar import financial_year
from hnb.provisions import Provision

MONTHS = 12
MOST_POUNDS = 10**9
PENCE = 100
KEPT = {"kept": True}  # a plan as the database has it: amounts in pence

_NUMBERS = re.compile(r"(?:\d[ -]?){7,}")


class Kpi(StrEnum):
    """What the ledger can measure on lines, and nothing else: a target of another kind proves nothing here."""

    PLACEMENTS = "placements"  # in force on the day
    COMMITMENTS = "commitments"  # of any kind, in force on the day
    MEAN_PRICE = "mean-price"  # a year, over the priced placements in force on the day, in pence
    COST_TO_DATE = "cost-to-date"  # what fell due in the financial year up to the day, in pence
    SPEND_TO_DATE = "spend-to-date"  # what was paid for the financial year by the day, in pence


IN_PENCE = {Kpi.MEAN_PRICE, Kpi.COST_TO_DATE, Kpi.SPEND_TO_DATE}
SINCE_APRIL = {Kpi.COST_TO_DATE, Kpi.SPEND_TO_DATE}  # from nought each April


class Body(StrEnum):
    """Who reviews a plan."""

    SCHOOLS_FORUM = "schools-forum"
    SCRUTINY = "scrutiny"
    ADVISORY_GROUP = "advisory-group"
    CABINET = "cabinet"
    SEND_BOARD = "send-board"
    DFE = "dfe"


class Rating(StrEnum):
    """How a review rates the plan as a whole."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


def _a_post(owner: str) -> str:
    if "@" in owner or _NUMBERS.search(owner):
        raise ValueError("names a role or a post, without an email address or a telephone number")
    return owner


def _in_pence(value: Any, info: ValidationInfo) -> Any:
    """Pounds as written, as whole pence; what was kept is pence already, and read with the context KEPT."""
    if info.context == KEPT:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise ValueError("is no amount: write pounds as 12500 or 12500.50")
    pence = round(value * PENCE)
    if abs(value * PENCE - pence) > 1e-4:
        raise ValueError("has a part of a penny")
    if abs(value) > MOST_POUNDS:
        raise ValueError(f"is beyond £{MOST_POUNDS:,}")
    return pence


class Written(BaseModel):
    """Closed, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")]
Sentence = Annotated[str, Field(min_length=3, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
Owner = Annotated[Sentence, AfterValidator(_a_post)]
Month = Annotated[str, Field(pattern=r"^20[1-6]\d-(0[1-9]|1[0-2])$", description="such as 2025-09")]
Pounds = Annotated[int, BeforeValidator(_in_pence)]
ByMonth = Annotated[dict[Month, Pounds], Field(min_length=1, max_length=120)]
Lines = Annotated[tuple[Provision, ...], Field(min_length=1, max_length=len(Provision))]
Council = Annotated[str, Field(pattern=r"^E\d{8}$")]
Day = Annotated[date, Field(ge=date(2010, 1, 1), le=date(2069, 12, 31))]


class Target(Written):
    """The figure that proves a measure: where it stood, where it is to stand, and by when."""

    what: Kpi
    lines: Lines | None = None  # those of the measure where left out
    baseline: Annotated[float, Field(ge=0, le=10**10)]
    baseline_on: Day
    target: Annotated[float, Field(ge=0, le=10**10)]
    by: Day

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.by <= self.baseline_on:
            raise ValueError("by is not after baseline_on")
        if self.target == self.baseline:
            raise ValueError("target is the baseline itself: nothing would prove the measure")
        if self.what not in IN_PENCE and (self.baseline % 1 or self.target % 1):
            raise ValueError(f"baseline and target of {self.what} are whole numbers")
        return self

    def amounts(self) -> tuple[int, int]:
        """Baseline and target, in pence where they are money."""
        by = PENCE if self.what in IN_PENCE else 1
        return round(self.baseline * by), round(self.target * by)


class Measure(Written):
    """One thing the council does, who answers for it, what it is to save by month, and what proves it."""

    id: Id
    title: Sentence
    owner: Owner
    lines: Lines
    planned_saving_pounds: ByMonth  # below nought where it costs before it saves
    kpi: Target
    scenario: Id | None = None  # the forecast's scenario in which it stands, by its name

    def planned(self, year: int) -> list[int]:
        """Pence planned to be saved in each month of a financial year, April first."""
        return [self.planned_saving_pounds.get(month, 0) for month in months_of(year)]


class Statement(Written):
    """What a source says of a risk."""

    source: Sentence
    says: Sentence


class Risk(Written):
    """Something that could undo the plan, with what is said of it; where sources disagree, all of them."""

    id: Id
    title: Sentence
    owner: Owner
    statements: Annotated[tuple[Statement, ...], Field(min_length=1, max_length=10)]

    @property
    def disputed(self) -> bool:
        """Whether its sources say different things."""
        return len({one.says for one in self.statements}) > 1


class Plan(Written):
    """One version of a council's recovery plan."""

    authority: Council
    council: Sentence  # as its readers call it
    title: Sentence
    note: Sentence | None = None  # shown wherever the plan is, such as that its figures are invented
    measures: Annotated[tuple[Measure, ...], Field(min_length=1, max_length=100)]
    # What a line would have cost without the plan, by month; as the ledger knew it when the plan began where left out.
    baseline_pounds: dict[Provision, ByMonth] = Field(default_factory=dict)
    risks: Annotated[tuple[Risk, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        _once("measures", [one.id for one in self.measures])
        _once("risks", [one.id for one in self.risks])
        for line, months in self.baseline_pounds.items():
            if line not in self.lines:
                raise ValueError(f"baseline_pounds.{line}: no measure is about this line")
            for year in {year_of(month) for month in months}:
                given = len(set(months_of(year)) & months.keys())
                if given != MONTHS:
                    raise ValueError(
                        f"baseline_pounds.{line}: {given} months of the financial year {year} are given: give all 12"
                    )
        return self

    @property
    def lines(self) -> list[Provision]:
        """Every line that a measure is about, once."""
        return sorted({line for one in self.measures for line in one.lines})

    def year_shown(self, this_year: int) -> int:
        """This financial year or, where the plan ends before it, the last that it plans for."""
        return min(this_year, max(year_of(month) for one in self.measures for month in one.planned_saving_pounds))


class Decision(Written):
    """What a review decided, and who does it by when."""

    id: Id
    text: Sentence
    owner: Owner
    due: Day


class Review(Written):
    """One review of the plan, as it was held."""

    authority: Council
    held_on: Day
    attended: Annotated[tuple[Body, ...], Field(min_length=1, max_length=len(Body))]
    rating: Rating
    summary: Sentence
    decisions: Annotated[tuple[Decision, ...], Field(max_length=100)] = ()
    done: Annotated[tuple[Id, ...], Field(max_length=100)] = ()  # decisions of earlier reviews that are carried out
    next_review: Day

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _once("decisions", [one.id for one in self.decisions])
        if self.next_review <= self.held_on:
            raise ValueError("next_review is not after held_on")
        for one in self.decisions:
            if one.due < self.held_on:
                raise ValueError(f"decisions.{one.id}: due is before held_on")
        return self


def months_of(year: int) -> list[str]:
    """The months of a financial year, April first.

    >>> months_of(2025)[0], months_of(2025)[-1]
    ('2025-04', '2026-03')
    """
    return [f"{year + (month > MONTHS)}-{(month - 1) % MONTHS + 1:02d}" for month in range(4, 16)]


def year_of(month: str) -> int:
    """The financial year of a month."""
    return financial_year(date.fromisoformat(f"{month}-01"))


def _once(field: str, ids: Sequence[str]) -> None:
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise ValueError(f"{field}: {', '.join(twice)} stands there more than once")
