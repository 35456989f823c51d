"""The CloudEvents envelope, and how an event is read, refused and written."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, cast

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from hnb.events.case import CASE_EVENTS
from hnb.events.fields import Authority, EventData, Instant, Ref
from hnb.events.own import OWN_EVENTS

MAX_EVENT_BYTES = 64 * 1024
MAX_BATCH_EVENTS = 1_000
MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_FAULTS = 50  # named of one event: an answer must not outgrow what it answers

EVENTS = CASE_EVENTS | OWN_EVENTS
OWN_SOURCES = {service: f"/hnb/{service}" for service in ("placements", "ledger", "alerts")}  # what they say themselves


class Envelope(BaseModel):
    """CloudEvents 1.0, JSON format, with the `authority` extension."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"]
    id: Ref
    source: Ref
    time: Instant
    authority: Authority
    subject: Ref | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Ref | None = None
    traceparent: Ref | None = None
    tracestate: Ref | None = None
    data: EventData


def _envelope_of(kind: str, data: type[EventData]) -> type[Envelope]:
    name = data.__name__ + "Event"
    return create_model(name, __base__=Envelope, type=(cast(Any, Literal[kind]), ...), data=(data, ...))


ENVELOPES: dict[str, type[Envelope]] = {kind: _envelope_of(kind, data) for kind, (_, data) in EVENTS.items()}


class Event(NamedTuple):
    """One accepted or received event: who said it, when it happened, what it says, and its canonical JSON.

    `traceparent` is no part of it: it is what follows from it in a trace, None where it is not traced.
    """

    source: str
    id: str
    type: str
    time: datetime
    authority: str
    data: EventData
    body: str
    traceparent: str | None = None

    @property
    def stream(self) -> str:
        """The family stream this event travels on."""
        return EVENTS[self.type][0]

    @property
    def digest(self) -> bytes:
        """What tells a repetition from an id used again for something else: SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.body.encode()).digest()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with an event: the field, as a dotted path, and what is wrong with it."""

    field: str
    message: str


class Unreadable(Exception):
    """The bytes are not a JSON object at all."""


class Refused(Exception):
    """An event that breaks the contract, with every field at fault. Expected: a refusal is not a failure."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


def read_json(raw: bytes | str) -> object:
    """Bytes as JSON; Unreadable, with the place, when they are not."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from None


def read_event(value: object, *, known: Mapping[str, object] = EVENTS, strict: bool = False) -> Event:
    """A JSON value as an event of one of the `known` types; Refused with each field at fault otherwise.

    `strict` is the door's manner: a field the contract does not know is refused, since that is how a name or a
    birth date would slip in. Consumers inside ignore such fields, so that a newer producer can add some.
    """
    if not isinstance(value, dict):
        raise Refused([FieldError("(event)", "an event is a JSON object")])
    kind = value.get("type")
    if not isinstance(kind, str):  # and nothing of it is repeated: it may be nested deeper than Python can write
        raise Refused([FieldError("type", "missing" if kind is None else "not a text")])
    if kind not in known:
        raise Refused([FieldError("type", f"unknown event type {kind!r:.100}")])
    body = _canonical(value)  # before its fields are looked at: each that is wrong costs more than it weighs
    try:
        envelope = ENVELOPES[kind].model_validate(value, extra="forbid" if strict else "ignore")
    except ValidationError as error:
        raise Refused(_field_errors(error)) from None
    if strict and envelope.source in OWN_SOURCES.values():
        raise Refused([FieldError("source", "is this system's own: whoever sends has a source of its own")])
    if envelope.subject is not None and envelope.subject in _children(envelope.data):
        raise Refused([FieldError("subject", "never holds anything about a person, the child_ref included")])
    return Event(envelope.source, envelope.id, kind, envelope.time, envelope.authority, envelope.data, body.decode())


def _children(data: EventData) -> tuple[object, ...]:
    return (getattr(data, "child_ref", None), *(getattr(data, "child_refs", None) or ()))


def _canonical(value: dict[str, object]) -> bytes:
    try:
        body = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise Refused([FieldError("(event)", "nested too deeply")]) from None
    if len(body) > MAX_EVENT_BYTES:
        raise Refused([FieldError("(event)", f"larger than {MAX_EVENT_BYTES} bytes")])
    return body


_FIELD_OF_RULE = {  # rules over two fields
    "end_before_start": ["end_date"], "weeks_without_week": ["weeks"], "amended_before_issue": ["amended_on"],
    "day_without_capacity": ["capacity_from"], "child_twice": ["child_refs"], "child_beyond_children": ["child_refs"],
}  # fmt: skip


def _field_errors(refused: ValidationError) -> list[FieldError]:
    errors = refused.errors(include_url=False, include_input=False)
    listed = [_field_error(error) for error in errors[:MAX_FAULTS]]
    more = len(errors) - len(listed)
    return [*listed, FieldError("(event)", f"{more} more fields are wrong")] if more else listed


def _field_error(error: Any) -> FieldError:
    place = [*error["loc"], *_FIELD_OF_RULE.get(error["type"], ())]
    field = ".".join(str(part) for part in place) or "data"
    message = {"missing": "missing", "extra_forbidden": "unknown field"}.get(error["type"], error["msg"])
    return FieldError(field, message)


def make_event(
    kind: str,
    *,
    source: str,
    id: str,
    time: datetime,
    authority: str,
    data: EventData,
    subject: str | None = None,
) -> str:
    """The canonical JSON of an event a service says itself."""
    value = {
        "specversion": "1.0", "id": id, "source": source, "type": kind, "authority": authority,
        "time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": data.model_dump(mode="json", exclude_none=True),
    }  # fmt: skip
    if subject is not None:
        value["subject"] = subject
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
