"""Dead letters over HTTP: what was set aside, and trying it again once what was wrong with it is mended."""

from datetime import datetime
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, Field

from hnb import deadletters
from hnb.database import reading, transaction
from hnb.deadletters import Asked
from hnb.events import Text
from hnb.http import Moment
from hnb.intake import Intake

LISTED_AT_ONCE = 1_000

Number = Annotated[int, Path(ge=1, le=2**63 - 1)]
Words = Annotated[str | None, Query(min_length=1, max_length=200)]
log = structlog.get_logger(__name__)


class By(BaseModel):
    """Who tries a letter again."""

    by: Text = Field(description="a name, for the record", examples=["A. Operator"])


class Letter(BaseModel):
    """One entry that could not be applied, and what names the event in it. Its data is not in a list."""

    id: int
    stream: str = Field(description="where it came from: a stream, or `http` for the door")
    entry_id: str
    reason: str
    buried_at: datetime
    replayed_at: datetime | None = Field(description="when it took effect after all; null while it waits")
    tries: int = Field(description="how often it was tried again")
    event: dict[str, str] | None = Field(description="its source, id, type and authority; null where it is no event")


class Letters(BaseModel):
    """A page of letters; `next` is what to ask for `after` them, null on the last page."""

    letters: list[Letter]
    next: int | None


class Tried(BaseModel):
    """What came of trying a letter again."""

    id: int
    outcome: Literal["accepted", "duplicate", "conflicting", "refused", "failed"]
    detail: str | None = Field(None, description="why, where it did not take effect")


def make_router(intake: Intake) -> APIRouter:
    """The routes, over the database and the road in of one service."""
    router = APIRouter(prefix="/dead-letters", tags=["operations"])

    @router.get("", summary="What could not be applied, with its reason, the oldest first")
    def get_letters(
        state: Literal["waiting", "replayed", "all"] = "waiting",
        stream: Words = None,
        reason: Annotated[str | None, Query(min_length=1, max_length=200, description="words in the reason")] = None,
        since: Annotated[Moment | None, Query(description="set aside at this moment or later")] = None,
        after: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
        limit: Annotated[int, Query(ge=1, le=LISTED_AT_ONCE)] = 100,
    ) -> Letters:
        """Without the bodies: they may hold what the door refused, a name among it."""
        with reading(intake.engine) as connection:
            found = deadletters.listed(connection, Asked(state, stream, reason, since, after), limit + 1)
        letters = [Letter.model_validate(row) for row in found[:limit]]
        return Letters(letters=letters, next=letters[-1].id if len(found) > limit else None)

    @router.get("/{number}", summary="One of them whole, and how often it was tried again")
    def get_letter(number: Number) -> dict[str, Any]:
        """Its body as it came; bytes that are no text are shown as escapes."""
        with reading(intake.engine) as connection:
            letter = deadletters.one(connection, number)
            if letter is None:
                raise HTTPException(404, f"there is no dead letter {number}")
            return {**letter, "replays": deadletters.tries(connection, number)}

    @router.post("/{number}/replay", summary="Try one of them again")
    def replay(number: Number, asked: By) -> Tried:
        """As if it came now. What it comes to, when and by whom is put on record; a letter is never removed."""
        with reading(intake.engine) as connection:
            letter = deadletters.one(connection, number)
        if letter is None:
            raise HTTPException(404, f"there is no dead letter {number}")
        outcome, detail = intake.take_again(letter["body"])
        # A second transaction: if we die between the two, the next try finds the event on record and says duplicate.
        with transaction(intake.engine) as connection:
            deadletters.note(connection, number, asked.by, outcome, detail)
        log.info("a dead letter was tried again", letter=number, outcome=outcome)
        return Tried.model_validate({"id": number, "outcome": outcome, "detail": detail})

    return router
