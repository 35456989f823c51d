"""Silences: who wants no messages about what, why and until when; and a form to end one before its time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool

from alerts import silences
from alerts.domain import records
from alerts.links import INBOX
from alerts.pages.forms import REFUSED_ON_A_PAGE, Wrong, body_of, read_form, taken
from alerts.pages.showing import write_down
from alerts.silence_api import MOST, Ending
from alerts.silences import Silence
from hnb.database import reading, transaction
from hnb.pages import HEADERS, TAG, Pages
from hnb.signin import ON_LOOPBACK, Person, person_of

ALL = f"{INBOX}/silences"
Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
WithEnded = Annotated[bool, Query(description="those that have ended as well")]


def make_router(engine: Engine, pages: Pages, now: Callable[[], datetime], wake: Callable[[], None]) -> APIRouter:
    """The routes, over the given database; `now` is the clock."""
    router = APIRouter(prefix=ALL, tags=[TAG], default_response_class=HTMLResponse, responses=REFUSED_ON_A_PAGE)

    @router.get("", summary="Silences, the newest first")
    def get_silences(request: Request, ended: WithEnded = False) -> Response:
        person = person_of(request)
        with reading(engine) as connection:
            found = silences.listed(connection, now(), ended=ended, most=MOST)
        seen = [one for one in found if may_see(person, one)]
        write_down(engine, person, "silences", _records(seen))
        return pages.show(request, "silences.html", silences=seen, ended=ended, at=now())

    @router.get("/{id}", summary="One silence")
    def get_silence(request: Request, id: Number) -> Response:
        return shown(request, id)

    @router.post(
        "/{id}/end", summary="End a silence before its time",
        openapi_extra=body_of("csrf_token", "by"),
    )  # fmt: skip
    async def end(request: Request, id: Number) -> Response:
        return await run_in_threadpool(ending, request, id, await read_form(request))

    def ending(request: Request, id: int, form: Mapping[str, str]) -> Response:
        person = person_of(request)
        _, may_end = of_number(person, id)
        if not may_end:
            raise HTTPException(403, "this silence covers councils that your role here does not")
        try:
            given = taken(Ending, form, person)
        except Wrong as wrong:
            return shown(request, id, 422, form, wrong.faults)
        with transaction(engine) as connection:
            ended = silences.end(connection, id, given.by, now())
        if ended is None:
            return shown(request, id, 409)
        wake()
        return RedirectResponse(f"{ALL}/{id}", 303, HEADERS)

    def shown(
        request: Request, id: int, status: int = 200, form: Mapping[str, str] | None = None,
        faults: Mapping[str, str] | None = None,
    ) -> Response:  # fmt: skip
        person = person_of(request)
        silence, may_end = of_number(person, id)
        write_down(engine, person, "silences", _records([silence]))
        return pages.show(
            request, "silence.html", status, silence=silence, at=now(), asks_name=person is ON_LOOPBACK,
            may_end=may_end, form=form or {}, faults=faults or {},
        )  # fmt: skip

    def of_number(person: Person, id: int) -> tuple[Silence, bool]:
        with reading(engine) as connection:
            silence = silences.one(connection, id)
        if silence is None or not may_see(person, silence):
            raise HTTPException(404, f"there is no silence {id} of a council that your role here covers")
        return silence, _may_end(person, silence)

    return router


def may_see(person: Person, silence: Silence) -> bool:
    """Whether a silence covers anything of the authorities a person looks after."""
    return silence.authority is None or person.may_see(silence.authority)


def _may_end(person: Person, silence: Silence) -> bool:
    """Whether all that a silence covers is of the authorities a person looks after."""
    return person.authorities is None if silence.authority is None else person.may_see(silence.authority)


def _records(seen: Iterable[Silence]) -> Iterator[tuple[str, set[str]]]:
    return ((one.authority or "", records.of_scope(one.scope or "")) for one in seen)
