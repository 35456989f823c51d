"""What people write into a form: read, checked field by field, and given back with what is wrong where something is."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qs

from fastapi import HTTPException, Request
from pydantic import BaseModel, ValidationError

from hnb.http import PROBLEMS, read_body
from hnb.signin import ON_LOOPBACK, Person

FORM = "application/x-www-form-urlencoded"
MAX_FORM_BYTES = 32 * 1024
MOST_FIELDS = 20
MOST_NAME = 200  # as the kinds of form have it; a name that an account gives may be a little longer
REFUSED_ON_A_PAGE: dict[int | str, dict[str, Any]] = {
    "4XX": {**PROBLEMS["4XX"], "content": {**PROBLEMS["4XX"]["content"], "text/html": {"schema": {"type": "string"}}}}
}
# What each field asks for, wherever it is.
_ASKS = {
    "by": "Enter your name, of at most 200 characters",
    "note": "Enter a note, of at most 500 characters and without control characters",
    "until": "Enter a day, written as 2026-03-31",
    "covers": "Choose what is silenced",
    "reason": "Enter a reason, of at most 500 characters and without control characters",
}
M = TypeVar("M", bound=BaseModel)


class Wrong(Exception):
    """A form that cannot be taken as it is: what each wrong field asks for."""

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults


def body_of(required: str, *others: str) -> dict[str, Any]:
    """The description of a form by the names of its fields, for the document of the routes."""
    properties = {name: {"type": "string"} for name in (required, *others)}
    schema = {"type": "object", "required": [required], "properties": properties}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


async def read_form(request: Request) -> dict[str, str]:
    """The first value of each field, its line ends as everywhere else."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise HTTPException(415, f"a form is sent as {FORM}")
    body = await read_body(request, MAX_FORM_BYTES)
    try:
        read = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise HTTPException(400, "the body is no form in UTF-8") from None
    return {name: values[0].replace("\r\n", "\n") for name, values in read.items()}


def taken(kind: type[M], form: Mapping[str, str], person: Person | None = None) -> M:
    """The fields of a form as what they mean; Wrong where one cannot be taken. An empty one says nothing.

    Whoever is signed in writes under their own name, whatever the form says.
    """
    said = {name: value for name in kind.model_fields if (value := form.get(name, "").strip())}
    if person is not None and person is not ON_LOOPBACK:
        said["by"] = person.name[:MOST_NAME]
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        fields = [str(fault["loc"][0]) for fault in error.errors()]
        raise Wrong({name: _ASKS.get(name, f"Check {name}") for name in fields}) from None
