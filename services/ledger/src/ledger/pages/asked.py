"""What addresses of pages ask for, beside whose year: as known at the end of which day, and in which form."""

from datetime import datetime, time
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BeforeValidator

from hnb.events import Day
from hnb.words import LONDON

# A form's empty field says nothing.
AsAt = Annotated[
    Day | None, BeforeValidator(lambda said: said or None),
    Query(description="as known at the end of that day, YYYY-MM-DD; now when left out"),
]  # fmt: skip
Form = Annotated[Literal["html", "csv", "xlsx"], Query(description="a page, or what it shows as a file")]


def end_of(day: Day | None) -> datetime | None:
    """The last moment of a day by the clock in England."""
    return None if day is None else datetime.combine(day, time.max, LONDON)
