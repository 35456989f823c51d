"""The one door for every event."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, TypeAdapter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from hnb.database import reading, transaction
from hnb.deadletters import DeadLetter, bury
from hnb.events import (
    CASE_EVENTS,
    ENVELOPES,
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    MAX_EVENT_BYTES,
    Event,
    FieldError,
    Unreadable,
    read_event,
    read_json,
)  # fmt: skip
from hnb.events import Refused as RefusedEvent
from hnb.http import FieldProblem, Unavailable, problem, read_body
from hnb.inbox import Accepted, Conflicting, Duplicate, Outcome, Refused
from hnb.intake import Intake, used_before
from placements import store
from placements.domain.tokens import Scope, outside
from placements.tokens.door import bearer_of, scope_of

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
ANSWER_SECONDS = 9.0  # a request is answered within ten
log = structlog.get_logger(__name__)
REUSED = "this source and id were used before for other content"
_REF = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")  # as the contract has it
OUTSIDE = "outside this token's scope"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A good event that this token may not send, with what of it lies outside the token's scope."""

    errors: tuple[FieldError, ...]
    status = "forbidden"


class Receipt(BaseModel):
    """What became of one event."""

    id: str | None = Field(None, description="left out where the event has none")
    status: Literal["accepted", "duplicate", "conflicting", "refused", "forbidden"]
    detail: str | None = None
    errors: list[FieldProblem] | None = None


_RECEIPTS = TypeAdapter(list[Receipt])


def event_schemas() -> dict[str, Any]:
    """The JSON Schemas of every event's envelope, for the OpenAPI document."""
    union = TypeAdapter[Any](_any_of([ENVELOPES[kind] for kind in CASE_EVENTS]))
    schemas: dict[str, Any] = union.json_schema(ref_template="#/components/schemas/{model}")["$defs"]
    return schemas


def _any_of(types: list[Any]) -> Any:
    joined = types[0]
    for one in types[1:]:
        joined = joined | one
    return joined


_ONE = {"oneOf": [{"$ref": f"#/components/schemas/{ENVELOPES[kind].__name__}"} for kind in CASE_EVENTS]}
_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            SINGLE: {"schema": _ONE},
            BATCH: {"schema": {"type": "array", "maxItems": MAX_BATCH_EVENTS, "items": _ONE}},
        },
    }
}


def make_router(engine: Engine, intake: Intake) -> APIRouter:
    """The routes, over the given database and intake."""
    router = APIRouter()

    @router.post(
        "/events",
        tags=["events"],
        status_code=202,
        openapi_extra=_BODIES,
        summary="Send one event or a batch",
        responses={202: {"model": Receipt}, 200: {"model": list[Receipt]}, 207: {"model": list[Receipt]}},
    )
    async def post_events(request: Request) -> Response:
        """Accepted means on disk. Send again whatever got no answer: a repeated event changes nothing."""
        began_ns = time.time_ns()
        media, _, parameters = request.headers.get("content-type", "").partition(";")
        charset = parameters.strip().lower().replace('"', "")
        if media.strip().lower() not in (SINGLE, BATCH) or charset not in ("", "charset=utf-8"):
            return problem(415, f"send {SINGLE} or {BATCH}, in UTF-8")
        single = media.strip().lower() == SINGLE
        raw = await read_body(request, MAX_EVENT_BYTES if single else MAX_BATCH_BYTES)
        try:
            value = read_json(raw)
        except Unreadable as error:
            intake.telemetry.count("unknown", "refused")
            return problem(400, str(error))
        if not single and not isinstance(value, list):
            return problem(422, "a batch is a JSON array of events", [FieldError("(batch)", "not an array")])
        values = [value] if single else value
        assert isinstance(values, list)
        if len(values) > MAX_BATCH_EVENTS:
            return problem(413, f"a batch holds at most {MAX_BATCH_EVENTS} events, this one {len(values)}")
        bearer = bearer_of(request)
        if bearer is not None:
            bearer.charge(len(values) - 1)  # the request itself counted as one
        try:
            receipts = await asyncio.wait_for(run_in_threadpool(take, values, request, began_ns), ANSWER_SECONDS)
        except TimeoutError:
            raise Unavailable from None
        return _answer_single(receipts[0]) if single else _answer_batch(receipts)

    def take(values: list[Any], request: Request, began_ns: int) -> list[Receipt]:
        scope = scope_of(request)
        read = [_read(value, intake, scope) for value in values]
        events = [one for one in read if isinstance(one, Event)]
        if intake.tracing is not None and events:
            with intake.tracing.accepting(events, request.headers.get("traceparent"), began_ns) as traced:
                request.state.traceparent = traced[0].traceparent
                outcomes = iter(intake.take(traced))
        else:
            outcomes = iter(intake.take(events))
        results = [(one, next(outcomes) if isinstance(one, Event) else one) for one in read]
        reused = [one for one, outcome in results if isinstance(outcome, Conflicting) and isinstance(one, Event)]
        if reused:
            _keep_for_a_person(engine, reused)
        return [_receipt(value, outcome) for value, (_, outcome) in zip(values, results, strict=True)]

    @router.get("/events/{source:path}/{id}", tags=["events"], summary="One accepted event, as it came")
    def get_event(source: str, id: str, request: Request) -> dict[str, Any]:
        """Source and id percent-encoded; a source's own slashes may stand as they are."""
        raw = request.scope["raw_path"].decode("ascii").partition("?")[0].removeprefix("/events/")
        source, id = map(unquote, raw.rsplit("/", 1))  # not as routed: an id may hold an encoded slash
        with reading(engine) as connection:
            found = store.event(connection, source, id)
        scope = scope_of(request)
        if found is None or not (scope.holds_source(source) and scope.holds_authority(found["event"]["authority"])):
            raise HTTPException(404, f"no event {id} of source {source} was ever accepted")
        return found

    return router


def _read(value: Any, intake: Intake, scope: Scope) -> Event | Refused | Forbidden:
    try:
        event = read_event(value, known=CASE_EVENTS, strict=True)
    except RefusedEvent as error:
        kind = value.get("type") if isinstance(value, dict) else None
        kind = kind if isinstance(kind, str) and kind in CASE_EVENTS else "unknown"
        intake.telemetry.count(kind, "refused")
        faults = [fault.field for fault in error.errors]  # the fields alone: what is in them may name a person
        log.info("an event was refused", event_type=kind, fields=faults, **_named(value))
        return Refused(tuple(error.errors))
    beyond = outside(scope, event)
    if not beyond:
        return event
    intake.telemetry.count(event.type, "forbidden")
    fields = [fault.field for fault in beyond]
    log.info("an event is outside its token's scope", event_type=event.type, fields=fields, **_named(value))
    return Forbidden(tuple(beyond))


def _named(value: Any) -> dict[str, str]:
    """The source and id of an event for the log, where they are such: in place of either there may be anything."""
    given = {name: value.get(name) for name in ("source", "id")} if isinstance(value, dict) else {}
    return {f"event_{name}": one for name, one in given.items() if isinstance(one, str) and _REF.fullmatch(one)}


def _receipt(value: Any, outcome: Outcome | Forbidden) -> Receipt:
    id = value.get("id") if isinstance(value, dict) and isinstance(value.get("id"), str) else None
    match outcome:
        case Accepted() | Duplicate():
            return Receipt(id=id, status=outcome.status)
        case Conflicting():
            return Receipt(id=id, status="conflicting", detail=REUSED)
        case Refused(errors) | Forbidden(errors):
            faults = [FieldProblem(field=e.field, message=e.message) for e in errors]
            detail = OUTSIDE if isinstance(outcome, Forbidden) else "breaks the contract"
            return Receipt(id=id, status=outcome.status, detail=detail, errors=faults)


def _answer_single(receipt: Receipt) -> JSONResponse:
    match receipt.status:
        case "conflicting":
            return problem(409, REUSED)
        case "refused" | "forbidden":
            faults = [FieldError(e.field, e.message) for e in receipt.errors or ()]
            status = 403 if receipt.status == "forbidden" else 422
            return problem(status, "; ".join(f"{f.field}: {f.message}" for f in faults), faults)
        case _:
            return JSONResponse(receipt.model_dump(exclude_none=True), 202)


def _answer_batch(receipts: Sequence[Receipt]) -> Response:
    statuses = {receipt.status for receipt in receipts}
    all_well = len(statuses) <= 1 and statuses <= {"accepted", "duplicate"}
    written = _RECEIPTS.dump_json(list(receipts), exclude_none=True)
    return Response(written, 200 if all_well else 207, media_type="application/json")


def _keep_for_a_person(engine: Engine, events: Sequence[Event]) -> None:
    with transaction(engine) as connection:
        for event in events:
            bury(connection, DeadLetter("http", event.digest.hex(), event.body, used_before(event)))
