"""A preview: what events would do to the position, line by line, without any of them being taken in."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool

from hnb.database import reading
from hnb.events import CASE_EVENTS, Event, FieldError, Refused, Unreadable, read_event, read_json
from hnb.http import problem, read_body
from hnb.provisions import fund_of
from ledger import positions
from ledger.api.positions import Authority
from ledger.domain.positions import Figures, figures, in_total
from ledger.handlers import Ledger
from ledger.reports import preview
from ledger.reports.preview import CannotPreview, Preview

MAX_PREVIEW_EVENTS = 100_000
MAX_PREVIEW_BYTES = 64 * 1024 * 1024
FAULTS_LISTED = 100
_EVENTS = {"type": "array", "maxItems": MAX_PREVIEW_EVENTS, "items": {"type": "object"}}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _EVENTS}}}}


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter()

    @router.post(
        "/positions/preview", tags=["positions"], summary="What events would do to the position", openapi_extra=_BODY
    )
    async def post_preview(request: Request, authority: Authority) -> Response:
        """A JSON array of events of one authority. Nothing is kept; an event that is here already moves nothing."""
        raw = await read_body(request, MAX_PREVIEW_BYTES)
        return await run_in_threadpool(answer, raw, authority)

    def answer(raw: bytes, authority: str) -> Response:
        try:
            events = _read(read_json(raw), authority)
        except Unreadable as error:
            return problem(400, str(error))
        except Refused as refused:
            return problem(422, "these events break the contract", refused.errors[:FAULTS_LISTED])
        with reading(engine) as connection:
            try:
                found = preview.read(connection, ledger, authority, events)
            except CannotPreview as error:
                raise HTTPException(422, str(error)) from None
            return JSONResponse(_as_json(connection, authority, found))

    return router


def _read(value: object, authority: str) -> list[Event]:
    if not isinstance(value, list):
        raise Refused([FieldError("(events)", "a JSON array of events is wanted")])
    if len(value) > MAX_PREVIEW_EVENTS:
        raise HTTPException(413, f"a preview takes at most {MAX_PREVIEW_EVENTS} events, this is {len(value)}")
    events, faults = [], []
    for number, one in enumerate(value, 1):
        try:
            event = read_event(one, known=CASE_EVENTS)
            if event.authority != authority:
                raise Refused([FieldError("authority", f"is {event.authority}, not {authority}")])
            events.append(event)
        except Refused as refused:
            faults += [FieldError(f"event {number}.{fault.field}", fault.message) for fault in refused.errors]
    if faults:
        raise Refused(faults)
    return events


def _as_json(connection: Connection, authority: str, found: Preview) -> dict[str, Any]:
    years = []
    for year in sorted({year for year, _ in found.pence}):
        position = positions.read(connection, authority, year, None)
        changes = {line: figures(pence) for (of, line), pence in sorted(found.pence.items()) if of == year}
        lines = [
            {
                "provision": line,
                "fund": fund_of(line),
                "commitments": found.commitments[year, line],
                **_moved(position.lines.get(line, Figures()), change),
            }
            for line, change in changes.items()
            if line not in ("grant", "reserve")
        ]
        total = Figures()
        for line, change in changes.items():
            total = _plus(total, change) if in_total(line) else total
        years.append({"financial_year": year, "lines": lines, "total": _moved(position.total, total)})
    return {"authority": authority, "commitments": found.moved, "years": years}


def _moved(now: Figures, change: Figures) -> dict[str, Any]:
    return {"now": _figures(now), "then": _figures(_plus(now, change)), "change_pence": change.cost_pence}


def _plus(one: Figures, other: Figures) -> Figures:
    names = ("budget_pence", "committed_pence", "spent_pence", "provisional_pence", "contingent_pence")
    return Figures(**{name: getattr(one, name) + getattr(other, name) for name in names})


def _figures(of: Figures) -> Mapping[str, int]:
    return {
        "cost_pence": of.cost_pence, "budget_pence": of.budget_pence, "committed_pence": of.committed_pence,
        "spent_pence": of.spent_pence, "headroom_pence": of.headroom_pence, "provisional_pence": of.provisional_pence,
        "contingent_pence": of.contingent_pence,
    }  # fmt: skip
