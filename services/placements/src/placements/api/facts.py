"""The register as it was said, fact by fact: what an importer compares a case system's export with."""

from collections.abc import Callable
from datetime import UTC, date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Engine

from hnb.database import reading
from placements.api.asked import Limit
from placements.domain.facts import KINDS
from placements.reports.facts import After, standing

One = Annotated[str, Query(pattern=r"^E\d{8}$", description="an ONS code")]
Kind = Annotated[str, Query(json_schema_extra={"enum": [*KINDS]}, pattern=f"^({'|'.join(KINDS)})$")]
Following = Annotated[str, Query(description="`next` of the page before", pattern=r"^(\S.* \S+)?$")]


def make_router(engine: Engine, today: Callable[[], date]) -> APIRouter:
    """The routes, over the given database. What stands is asked for, whatever the day."""
    router = APIRouter(tags=["register"])

    @router.get("/register", summary="The facts that stand about records of one kind, for an importer to compare")
    def get_facts(authority: One, kind: Kind, after: Following = "", limit: Limit = 1_000) -> dict[str, Any]:
        """Each fact with the time it was said for, its source and its id, by record and type.

        Unlike every report this answers with the children's pseudonyms: it is for the importer of the authority's own
        returns, and a token that may only read reports ought not to open it. It is never logged.
        """
        about, _, type = after.rpartition(" ")
        with reading(engine) as connection:
            rows = list(standing(connection, authority, kind, After(about, type), limit + 1))
        facts = [
            {**row, "time": row["time"].astimezone(UTC).isoformat().replace("+00:00", "Z")} for row in rows[:limit]
        ]
        last = facts[-1] if len(rows) > limit else None
        return {"facts": facts, "next": f"{last['about']} {last['type']}" if last else None}

    return router
