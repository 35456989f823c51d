"""Which events of a source were accepted before."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from sqlalchemy import Engine

from hnb.database import reading
from hnb.events import Ref
from placements.reports.accepted import ASKED_AT_ONCE, accepted
from placements.tokens.door import scope_of

One = Annotated[str, Query(pattern=r"^E\d{8}$", description="an ONS code")]
Source = Annotated[Ref, Query(description="whose events")]
Ids = Annotated[list[Ref], Query(min_length=1, max_length=ASKED_AT_ONCE, description="their ids")]


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The route, over the given database. What was accepted stays so, whatever the day."""
    router = APIRouter(tags=["events"])

    @router.get("/events", summary="Which of these events of one source were accepted, as they came")
    def get_accepted(request: Request, authority: One, source: Source, id: Ids) -> dict[str, Any]:
        """For a feed that says only what has changed. What was never accepted is left out of the answer."""
        if not scope_of(request).holds_source(source):
            raise HTTPException(403, f"{source} is outside this token's scope")
        with reading(engine) as connection:
            return {"events": accepted(connection, authority, source, id)}

    return router
