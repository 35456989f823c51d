"""What addresses of pages ask for: whose, on which day, in which form, and which page of a list."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import HTTPException, Path, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, text

from hnb.events import Day
from hnb.pages.paging import link

_CODE = r"^E\d{8}$"
_KNOWN = text("SELECT EXISTS (SELECT FROM facts WHERE authority = :authority)")
_SET_TO = {"type": "string", "format": "date"}


def _an_ons_code(said: object) -> object:
    if not re.fullmatch(_CODE, str(said), re.ASCII):
        raise PydanticCustomError("authority", "a council is named by its ONS code, such as E06000016")
    return said


OfAuthority = Annotated[
    str, BeforeValidator(_an_ons_code), WithJsonSchema({"type": "string", "pattern": _CODE}),
    Path(description="an ONS code, such as E06000016"),
]  # fmt: skip
# A form's empty field says nothing.
On = Annotated[
    Day | None, BeforeValidator(lambda said: said or None),
    WithJsonSchema({"anyOf": [_SET_TO, {"type": "string", "const": ""}, {"type": "null"}]}),
]  # fmt: skip


class Asked(BaseModel):
    """What every address may ask for; a page adds its filters, each empty where any will do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    on: On = Field(None, description="the day it is asked of, by what is known now; today when left out")
    page: int = Field(1, ge=1, le=100_000, description="which page of the list, from 1")
    format: Literal["html", "csv"] = Field("html", description="a page, or what it shows as a file")


@dataclass(frozen=True, slots=True)
class AsAt:
    """Of which day a page tells, by what was known when, and whose."""

    authority: str
    day: date
    moment: datetime


def as_at(connection: Connection, authority: str, on: date | None, moment: datetime) -> AsAt:
    """Whose page it is and as at when; 404 where no case system has said anything about the council."""
    if not connection.scalar(_KNOWN, {"authority": authority}):
        raise HTTPException(404, f"no case system has sent anything about {authority}: check the code in the address")
    return AsAt(authority, on or moment.date(), moment)


def one_of(field: str, wanted: str, there: Iterable[str]) -> str:
    """A filter that must be among what is there, or empty; 422 that says what there is."""
    known = sorted(set(there))
    if wanted and wanted not in known:
        choices = ", ".join(known) or "none, as nothing here says any"
        raise HTTPException(422, f"{field}: nothing here has {wanted!r}; choose one of {choices}")
    return wanted


def csv_link(request: Request, **changed: str) -> str:
    """The same as a file: all of it, whatever page is shown."""
    return link(request, **changed, format="csv", page="")
