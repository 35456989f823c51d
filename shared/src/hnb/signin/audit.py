"""Who looked at which record of a child, when: written down before it is shown, and never changed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine, text

from hnb.database import reading, transaction
from hnb.http import Moment
from hnb.signin.people import Person

# `at` and `service` are the table's own defaults.
_VIEWED = text("""
    INSERT INTO views (subject, name, kind, authority, record)
    SELECT :subject, :name, :kind, :authority, record FROM unnest(CAST(:records AS text[])) AS record
""")

_READ = text("""
    SELECT number, at, subject, name, kind, authority, record, service FROM views
    WHERE number > :after AND at >= :since AND at < :until
    AND (:authority = '' OR authority = :authority) AND (:record = '' OR record = :record)
    ORDER BY number LIMIT :most
""")
MOST = 1_000
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


class View(BaseModel):
    """Somebody looked at one record."""

    at: datetime
    subject: str = Field(description="who, as the identity provider knows them; `loopback` where nobody signs in")
    name: str
    kind: str
    authority: str
    record: str = Field(description="an id or a pseudonym, as it stands in the page's address or rows")
    service: str


class Views(BaseModel):
    """The trail in the order it was written; `next` is null on the last page."""

    views: list[View]
    next: int | None


def viewed(engine: Engine, person: Person, kind: str, authority: str, records: str | Iterable[str]) -> None:
    """Write down that a person is about to see these records (`commitment`, `waits`, ...) of an authority.

    In a transaction of its own, before the page is answered. Where that fails it raises, and the page is not shown:
    so call it after the records are read, and outside of `reading()`.
    """
    seen = [records] if isinstance(records, str) else sorted(set(records))
    if not seen:
        return
    with transaction(engine) as connection:
        connection.execute(_VIEWED, {
            "subject": person.subject, "name": person.name, "kind": kind, "authority": authority, "records": seen,
        })  # fmt: skip


def make_router(engine: Engine) -> APIRouter:
    """The route that reads the trail, for who holds an operator's token."""
    router = APIRouter(tags=["audit"])

    @router.get("/views", summary="Who looked at which record of a child, when")
    def get_views(
        since: Annotated[Moment | None, Query(alias="from", description="seen at or after")] = None,
        until: Annotated[Moment | None, Query(alias="to", description="seen before")] = None,
        authority: Annotated[str, Query(max_length=20, description="an ONS code; all where not given")] = "",
        record: Annotated[str, Query(max_length=200, description="one record; all where not given")] = "",
        after: Annotated[int, Query(ge=0, le=2**63 - 1, description="`next` of the page before")] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    ) -> Views:
        binds = {
            "since": since or _ALWAYS[0], "until": until or _ALWAYS[1], "authority": authority, "record": record,
            "after": after, "most": limit,
        }  # fmt: skip
        if since and until and since > until:
            raise HTTPException(422, "from: is after to")
        with reading(engine) as connection:
            rows = connection.execute(_READ, binds).mappings().all()
        return Views(
            views=[View.model_validate(dict(row)) for row in rows],
            next=rows[-1]["number"] if len(rows) == limit else None,
        )

    return router
