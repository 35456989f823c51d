"""Any part of the journal on its way again, a page at a time."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import Engine

from hnb.database import reading, transaction
from hnb.events import Ref
from placements.journal import Part, count, kinds_of, say_again, unsettled

AT_ONCE = 1_000


class Sent(BaseModel):
    """How many were put on their way, what is to be asked for `after` them, and how many are not heard yet."""

    events: int
    next: str | None
    unsettled: int


def _part(
    authority: Annotated[str | None, Query(pattern=r"^(E\d{8})?$", description="an ONS code; all if left out")] = None,
    source: Annotated[Ref | None, Query(description="whose events")] = None,
    id: Annotated[Ref | None, Query(description="one event of that source")] = None,
    type: Annotated[str | None, Query(max_length=100, description="a type or a family; all if left out")] = None,
    since: Annotated[AwareDatetime | None, Query(description="accepted at this moment or later")] = None,
    until: Annotated[AwareDatetime | None, Query(description="accepted before this moment")] = None,
) -> Part:
    if id is not None and source is None:
        raise HTTPException(422, "id: an id is of a source: give both")
    kinds = kinds_of(type) if type else None
    if kinds == []:
        raise HTTPException(422, f"type: {type!r} is neither a type nor a family")
    return Part(authority or None, source, id, kinds, since, until)


Asked = Annotated[Part, Depends(_part)]
After = Annotated[
    str, Query(pattern=r"^(\S+ \S+)?$", max_length=500, description="what `next` of the page before says")
]


def make_router(engine: Engine, wake: Callable[[], None]) -> APIRouter:
    """The routes, over the given database; `wake` tells the relay that there is something to send."""
    router = APIRouter(prefix="/journal", tags=["operations"])

    @router.get("", summary="How many events a part of the journal holds, by type")
    def get_journal(part: Asked) -> dict[str, Any]:
        """All that was ever accepted, or the part asked for."""
        with reading(engine) as connection:
            types = count(connection, part)
        return {"events": types.total(), "types": types}

    @router.post("/replay", summary="Send a part of the journal again, a page of it")
    def post_replay(part: Asked, after: After = "", limit: Annotated[int, Query(ge=1, le=AT_ONCE)] = AT_ONCE) -> Sent:
        """Harmless: what hears an event a second time does nothing. It brings back what a hearer has lost."""
        source, _, id = after.partition(" ")
        with transaction(engine) as connection:
            said = say_again(connection, part, (source, id), limit)
            waiting = unsettled(connection)
        wake()
        return Sent(events=len(said), next=" ".join(said[-1]) if len(said) == limit else None, unsettled=waiting)

    return router
