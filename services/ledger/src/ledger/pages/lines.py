"""The board's drill-down: the commitments that make up a line, and one commitment from its events to its pence."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine

from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.provisions import Provision
from hnb.signin import audit, within
from hnb.words import title
from ledger.api.positions import OfAuthority, Year
from ledger.handlers import COMMITMENT, Ledger
from ledger.pages.asked import AsAt, Form, end_of
from ledger.pages.board import known
from ledger.pages.files import as_file, sheet
from ledger.reports import explaining

ON_A_PAGE = 100
MOST_IN_A_FILE = 100_000
COLUMNS = [
    ("Commitment", "text"), ("Kind", "text"), ("Committed", "pence"), ("Spent", "pence"), ("Provisional", "pence"),
    ("Contingent", "pence"),
]  # fmt: skip
After = Annotated[str, Query(max_length=500, description="the last commitment of the page before")]


def make_router(engine: Engine, ledger: Ledger, pages: Pages) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/board", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("/{authority}/{year}/lines/{line}", summary="The commitments that make up a line, for finance")
    def get_line(
        request: Request, authority: OfAuthority, year: Year, line: Provision, as_at: AsAt = None, after: After = "",
        form: Form = "html",
    ) -> Response:  # fmt: skip
        person = within(request, authority)
        with reading(engine) as connection:
            position = known(connection, authority, year, end_of(as_at))
            limit = ON_A_PAGE if form == "html" else MOST_IN_A_FILE
            asked = explaining.LineAsked(authority, year, line, position.known_at, after, limit)
            shares, number, total = explaining.line(connection, asked)
        audit.viewed(engine, person, "line", authority, [share.commitment_id for share in shares])
        if form != "html":
            rows = [(share.commitment_id, share.kind, *_pence(share)) for share in shares]
            return as_file(form, f"{line}-{authority}-{year}", [sheet(title(line), COLUMNS, rows)])
        return pages.show(
            request, "line.html", position=position, line=line, shares=shares, number=number, total=total, as_at=as_at,
            after=after, next=shares[-1].commitment_id if len(shares) == limit else None,
        )  # fmt: skip

    @router.get("/{authority}/commitments/{commitment_id:path}", summary="One commitment explained, for finance")
    def get_commitment(request: Request, authority: OfAuthority, commitment_id: str, as_at: AsAt = None) -> Response:
        person = within(request, authority)
        with reading(engine) as connection:
            key = (authority, COMMITMENT + commitment_id)
            found = explaining.commitment(connection, ledger, key, end_of(as_at))
        if found is None:
            raise HTTPException(404, f"nothing is known of a commitment {commitment_id} of {authority}")
        audit.viewed(engine, person, "commitment", authority, commitment_id)
        return pages.show(
            request, "commitment.html", authority=authority, commitment_id=commitment_id, found=found, as_at=as_at
        )

    return router


def _pence(share: explaining.Share) -> tuple[Any, ...]:
    of = share.figures
    return of.committed_pence, of.spent_pence, of.provisional_pence, of.contingent_pence
