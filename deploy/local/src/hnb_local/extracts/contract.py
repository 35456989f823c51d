"""What each event type of the contract has to be told: its fields, their kinds, and which may be left out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import StrictBool, TypeAdapter, ValidationError

from hnb.events import (
    CASE_EVENTS,
    GRANT_LINE,
    BudgetLine,
    ChildRef,
    Day,
    EventData,
    Pence,
    Ref,
    SignedPence,
    Text,
    Year,
)
from hnb.provisions import Provision


class Kind(StrEnum):
    """How a field is written in the contract, in a person's words."""

    REFERENCE = "an id"
    CHILD = "a child's pseudonym"
    TEXT = "words"
    DAY = "a date"
    PENCE = "an amount of money"
    SIGNED_PENCE = "an amount of money, below zero too"
    YEAR = "a financial year"
    CODE = "one of the contract's words"
    YES_NO = "yes or no"
    WHOLE = "a whole number"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One field: its dotted path, what it holds, and whether it must be said. `nullable` may be said as nothing."""

    path: str
    kind: Kind
    required: bool
    nullable: bool
    choices: tuple[str | int, ...]
    many: bool
    annotation: Any

    def accept(self, value: object) -> object:
        """A value of the contract as JSON would hold it, one item of it where there are many; ValueError, with why."""
        try:
            return TypeAdapter[Any](self.annotation).dump_python(
                TypeAdapter[Any](self.annotation).validate_python(value), mode="json"
            )
        except ValidationError as error:
            raise ValueError(error.errors(include_url=False, include_input=False)[0]["msg"]) from None


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that are said together or not at all, as `cost` is; the event's own data has the empty path."""

    path: str
    required: bool
    nullable: bool
    fields: Mapping[str, "Leaf | Group"]

    def leaves(self) -> Iterator[Leaf]:
        """Every field under this one."""
        for field in self.fields.values():
            if isinstance(field, Leaf):
                yield field
            else:
                yield from field.leaves()


# Annotated types are told apart by what they are annotated with, so the stricter stands before the plainer.
_KINDS: tuple[tuple[Any, Kind], ...] = (
    (ChildRef, Kind.CHILD),
    (Ref, Kind.REFERENCE),
    (Text, Kind.TEXT),
    (Day, Kind.DAY),
    (Pence, Kind.PENCE),
    (SignedPence, Kind.SIGNED_PENCE),
    (Year, Kind.YEAR),
    (StrictBool, Kind.YES_NO),
)


def event_types() -> list[str]:
    """Every event type, as people write it: `placement-made`."""
    return [kind.removeprefix("hnb.").removesuffix(".v1") for kind in CASE_EVENTS]


@cache
def fields_of(event: str) -> Group:
    """The fields of an event type, by the name people write."""
    return _group("", CASE_EVENTS[f"hnb.{event}.v1"][1], required=True, nullable=False)


def _group(path: str, model: type[EventData], *, required: bool, nullable: bool) -> Group:
    hints = get_type_hints(model, include_extras=True)
    fields = {
        name: _field(f"{path}.{name}".lstrip("."), hints[name], required=info.is_required())
        for name, info in model.model_fields.items()
    }
    return Group(path, required, nullable, fields)


def _field(path: str, hint: Any, *, required: bool) -> Leaf | Group:
    nullable = False
    if get_origin(hint) in (Union, UnionType):
        rest = [part for part in get_args(hint) if part is not NoneType]
        nullable, hint = len(rest) < len(get_args(hint)), rest[0]
    if isinstance(hint, type) and issubclass(hint, EventData):
        return _group(path, hint, required=required, nullable=nullable)
    bare = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    many = get_origin(bare) is list
    item = get_args(bare)[0] if many else hint
    kind, choices = _kind(path, item)
    return Leaf(path, kind, required, nullable, choices, many, item)


def _kind(path: str, hint: Any) -> tuple[Kind, tuple[str | int, ...]]:
    if get_origin(hint) is Literal:
        return Kind.CODE, get_args(hint)
    if hint is Provision:
        return Kind.CODE, tuple(str(line) for line in Provision)
    if hint == BudgetLine:
        return Kind.CODE, (GRANT_LINE, *(str(line) for line in Provision))
    for known, kind in _KINDS:
        if hint == known:
            return kind, ()
    if get_origin(hint) is Annotated and get_args(hint)[0] is int:
        return Kind.WHOLE, ()
    raise TypeError(f"{path} is of a kind that no extract can say yet: {hint}")
