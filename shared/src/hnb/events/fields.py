"""The kinds of field an event has, and what each refuses."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from hnb.provisions import Provision

MAX_PENCE = 10**12  # ten thousand million pounds: far above any authority, far below a bigint's end
GRANT_LINE = "grant"  # a budget line beside the provisions: the year's High Needs Block itself

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}")
_UPN = re.compile(r"[A-Z]\d{11}[0-9A-Z]")
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 3, 31)


def _iso_day(value: object) -> object:
    # Pydantic alone would read 1762128000 or a whole timestamp as a day; a case system that sends one has a bug.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("iso_day", "a date is written YYYY-MM-DD")
    return value


def _plausible_day(value: date) -> date:
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise PydanticCustomError("implausible_day", "a date lies between 1990-01-01 and 2100-03-31")
    return value


def _iso_instant(value: object) -> object:
    if not isinstance(value, str) or not _INSTANT.match(value):
        raise PydanticCustomError("iso_instant", "a time is written YYYY-MM-DDTHH:MM:SSZ, with its zone")
    return value


def _to_utc(value: datetime) -> datetime:
    _plausible_day(value.date())
    return value.astimezone(UTC)


def _not_an_identity(value: str) -> str:
    if _UPN.fullmatch(value):
        raise PydanticCustomError("identity", "this looks like a UPN; a child is named by an opaque pseudonym only")
    return value


def _budget_line(value: str) -> str:
    if value != GRANT_LINE and value not in set(Provision):
        raise PydanticCustomError("budget_line", "neither a provision nor grant")
    return value


# No white space and no control characters: an id that a person could be named in is not an id.
Ref = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")]
ChildRef = Annotated[Ref, AfterValidator(_not_an_identity)]
Day = Annotated[
    date,
    BeforeValidator(_iso_day),
    AfterValidator(_plausible_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_iso_instant),
    AfterValidator(_to_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Authority = Annotated[str, StringConstraints(pattern=r"^E\d{8}$")]
Pence = Annotated[StrictInt, Field(ge=0, le=MAX_PENCE)]
SignedPence = Annotated[StrictInt, Field(ge=-MAX_PENCE, le=MAX_PENCE)]
Year = Annotated[StrictInt, Field(ge=1990, le=2099)]
BudgetLine = Annotated[str, AfterValidator(_budget_line), WithJsonSchema({"enum": [GRANT_LINE, *Provision]})]
Need = Literal["SPLD", "MLD", "SLD", "PMLD", "SEMH", "SLCN", "HI", "VI", "MSI", "PD", "ASD", "DS", "OTH"]


class EventData(BaseModel):
    """What one event type says. Frozen: an event is a fact, and facts do not change."""

    model_config = ConfigDict(frozen=True)
