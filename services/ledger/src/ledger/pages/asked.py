"""What addresses of the board ask for: whose year, as known at the end of which day, and in which form."""

from datetime import datetime, time
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BeforeValidator

from hnb.events import Day
from hnb.words import LONDON

OfAuthority = Annotated[str, Path(pattern=r"^E\d{8}$", description="an ONS code, such as E06000016")]
Year = Annotated[int, Path(ge=1990, le=2099, description="2025 is 2025-26")]
# A form's empty field says nothing.
AsAt = Annotated[
    Day | None, BeforeValidator(lambda said: said or None),
    Query(description="as known at the end of that day, YYYY-MM-DD; now when left out"),
]  # fmt: skip
Form = Annotated[Literal["html", "csv", "xlsx"], Query(description="a page, or what it shows as a file")]


def end_of(day: Day | None) -> datetime | None:
    """The last moment of a day by the clock in England."""
    return None if day is None else datetime.combine(day, time.max, LONDON)
