"""Publishing: what the public summary would say, the edition that freezes it, and what was published."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Engine, text

from hnb.calendar import year_label
from hnb.database import reading, transaction
from hnb.events import Text
from ledger import editions
from ledger.api.positions import Authority, OfAuthority, Year
from ledger.domain.disclosure import Unprotectable
from ledger.domain.documents import as_csv
from ledger.handlers import Ledger
from ledger.reports import public

_CLOCK = text("SELECT recorded_at FROM clock")
Short = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)]
Number = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="an edition's number; the newest when left out")]


class ToPublish(BaseModel):
    """Which summary, of whom, by whom."""

    model_config = ConfigDict(extra="forbid")

    authority: str = Field(pattern=r"^E\d{8}$")
    financial_year: int = Field(ge=1990, le=2099)
    name: Short = Field(description="the council as its readers call it, such as Leicester City Council")
    by: Short = Field(description="who answers for the publication")
    dry_run: bool = Field(True, description="show it and keep nothing; false publishes it for ever")


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter()

    @router.post("/editions", tags=["publishing"], summary="Publish the next edition of a summary, or see it first")
    def post_edition(asked: ToPublish) -> dict[str, Any]:
        """Frozen for ever once published; 409 where it says nothing new, or cannot be protected."""
        with transaction(engine) as connection:
            editions.lock(connection, asked.authority)
            known_at = connection.execute(_CLOCK).scalar_one()
            try:
                made = public.compose(connection, ledger, asked.authority, asked.name, asked.financial_year, known_at)
            except Unprotectable as error:
                raise HTTPException(409, f"this cannot be published: {error}") from None
            if made is None:
                raise HTTPException(404, f"nothing is known of {asked.authority} in {year_label(asked.financial_year)}")
            if not made.is_new:
                raise HTTPException(
                    409, f"nothing has changed since edition {made.number - 1}: there is nothing to say"
                )
            if not asked.dry_run:
                editions.add(
                    connection, asked.authority, asked.financial_year, made.number, asked.by, known_at, made.document,
                    made.changes, made.behind,
                )  # fmt: skip
        return {
            "authority": asked.authority, "financial_year": asked.financial_year, "number": made.number,
            "published": not asked.dry_run, "known_at": known_at, "changes": made.changes, "document": made.document,
            "groups": len(made.behind.groups),
            "kept_back": {"counts": len(made.behind.hidden_children), "pounds": len(made.behind.hidden_pence)},
        }  # fmt: skip

    @router.get("/editions", tags=["publishing"], summary="What was published, the newest first")
    def get_editions(authority: Authority) -> dict[str, Any]:
        with reading(engine) as connection:
            found = editions.listed(connection, authority)
        return {"authority": authority, "editions": [asdict(one) for one in found]}

    @router.get("/public/{authority}/{year}/document", tags=["publishing"], summary="A published summary as JSON")
    def get_document(authority: OfAuthority, year: Year, edition: Number = None) -> dict[str, Any]:
        return asdict(read_edition(engine, authority, year, edition))

    @router.get("/public/{authority}/{year}/figures.csv", tags=["publishing"], summary="A published summary's tables")
    def get_figures(authority: OfAuthority, year: Year, edition: Number = None) -> Response:
        found = read_edition(engine, authority, year, edition)
        name = f"high-needs-{authority}-{year}-edition-{found.number}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
        return Response(as_csv(found.document), headers=headers, media_type="text/csv; charset=utf-8")

    return router


def read_edition(engine: Engine, authority: str, year: int, number: int | None) -> editions.Published:
    """The edition asked for, or the newest; 404 where there is none."""
    with reading(engine) as connection:
        found = editions.published(connection, authority, year, number)
    if found is None:
        which = "no summary" if number is None else f"no edition {number}"
        raise HTTPException(404, f"{which} of {authority} was published for this year")
    return found
