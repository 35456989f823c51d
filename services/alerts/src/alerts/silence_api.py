"""Silences as JSON: who wants no messages about what, why and until when."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Engine

from alerts import silences
from alerts.domain.rules import RuleId
from hnb.database import reading, transaction
from hnb.events import Authority, Text
from hnb.http import Moment

LONGEST_DAYS = 90  # nobody should be silent for good: a rule nobody wants is taken out of the rules
MOST = 1_000

By = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)]


class NewSilence(BaseModel):
    """What is silenced (everything that fits all it names), by whom, why and until when."""

    model_config = ConfigDict(extra="forbid")

    by: By
    reason: Annotated[Text, StringConstraints(strip_whitespace=True)]
    until: Moment = Field(description=f"within {LONGEST_DAYS} days")
    authority: Authority | None = None
    rule: RuleId | None = None
    scope: Annotated[Text, StringConstraints(max_length=200)] | None = None


class Silence(BaseModel):
    """A silence; while it lasts alerts open, move and end, and nobody is told."""

    id: int
    authority: str | None
    rule: str | None
    scope: str | None
    author: str
    reason: str
    begins_at: datetime
    ends_at: datetime
    ended_by: str | None = Field(description="who ended it before its time")


class Ending(BaseModel):
    """Who ends a silence early."""

    model_config = ConfigDict(extra="forbid")

    by: By


def make_router(engine: Engine, now: Callable[[], datetime], after_commit: Callable[[], None]) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/silences", tags=["silences"])

    @router.get("", summary="Silences, the newest first")
    def get_silences(
        ended: Annotated[bool, Query(description="those that have ended as well")] = False,
    ) -> list[Silence]:
        with reading(engine) as connection:
            found = silences.listed(connection, now(), ended=ended, most=MOST)
        return [Silence(**asdict(one)) for one in found]

    @router.post("", status_code=201, summary="Be told nothing of some alerts until a moment")
    def begin(given: NewSilence) -> Silence:
        """What opens meanwhile and still holds at the end is told then."""
        at = now()
        if not at < given.until <= at + timedelta(days=LONGEST_DAYS):
            raise HTTPException(422, f"until lies within {LONGEST_DAYS} days from now")
        facts = given.model_dump(include={"authority", "rule", "scope", "reason"})
        with transaction(engine) as connection:
            made = silences.begin(connection, **facts, author=given.by, begins_at=at, ends_at=given.until)
        return Silence(**asdict(made))

    @router.post("/{id}/end", summary="End a silence before its time")
    def end(id: Annotated[int, Path(ge=1, le=2**63 - 1)], given: Ending) -> Silence:
        with transaction(engine) as connection:
            ended = silences.end(connection, id, given.by, now())
        if ended is None:
            raise HTTPException(404, f"there is no silence {id} that has not ended")
        after_commit()
        return Silence(**asdict(ended))

    return router
