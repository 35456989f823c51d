"""The kinds of field an event has, and what each refuses."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as cs

from hnb.provisions import Provision

MAX_PENCE = 10**12  # ten thousand million pounds: far above any authority, far below a bigint's end
GRANT_LINE = "grant"  # a budget line beside the provisions: the year's High Needs Block itself

_UPN = re.compile(r"[A-Z]\d{11}[0-9A-Z]")
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 3, 31)


def _to_utc(instant: datetime) -> datetime:
    # Nearly all are in UTC already, and moving one there takes as long as reading it.
    return instant.astimezone(UTC) if instant.utcoffset() else instant.replace(tzinfo=UTC)


def _written(pattern: str, words: str) -> CoreSchema:
    # Pydantic alone would read 1762128000 or a whole timestamp as a day; a case system that sends one has a bug.
    return cs.custom_error_schema(
        cs.str_schema(pattern=pattern, strict=True), "wrongly_written", custom_error_message=words
    )


def _plausible(schema: CoreSchema) -> CoreSchema:
    words = f"a date lies between {_FIRST_DAY} and {_LAST_DAY}"
    return cs.custom_error_schema(schema, "implausible_day", custom_error_message=words)


# Rules of pydantic's own core, with no way through Python, which a date took twice: that was a third of what an event
# costs to read. The bounds of an instant are those of UTC.
_DAY = cs.chain_schema(
    [
        _written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "a date is written YYYY-MM-DD"),
        cs.date_schema(),
        _plausible(cs.date_schema(ge=_FIRST_DAY, le=_LAST_DAY)),
    ]
)
_INSTANT = cs.chain_schema(
    [
        _written(
            r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}", "a time is written YYYY-MM-DDTHH:MM:SSZ, with its zone"
        ),
        cs.datetime_schema(tz_constraint="aware"),
        _plausible(
            cs.datetime_schema(
                ge=datetime.combine(_FIRST_DAY, time(), UTC),
                lt=datetime.combine(_LAST_DAY, time(), UTC) + timedelta(days=1),
            )
        ),
        cs.no_info_plain_validator_function(_to_utc),
    ]
)


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
    date, GetPydanticSchema(lambda _source, _handler: _DAY), WithJsonSchema({"type": "string", "format": "date"})
]
Instant = Annotated[
    datetime,
    GetPydanticSchema(lambda _source, _handler: _INSTANT),
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
