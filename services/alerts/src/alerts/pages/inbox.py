"""The officers' inbox: alerts that are open, acknowledged or past, by filters that stand in its address."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from alerts import inbox, silences
from alerts.domain import records
from alerts.domain.pack import RulePack
from alerts.domain.severity import Severity
from alerts.links import INBOX
from alerts.pages.showing import write_down
from alerts.pages.silences import may_see
from hnb.database import reading
from hnb.pages import TAG, Pages
from hnb.pages.paging import ROWS_A_PAGE, shown_of
from hnb.signin import person_of, within


class Filters(BaseModel):
    """Which alerts; each empty where any will do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    show: Literal[*inbox.SHOWN] = Field(  # type: ignore[valid-type]
        "open", description="`open` is all that has not ended, acknowledged or not"
    )
    severity: Literal["", *Severity] = Field("", description="of this gravity")  # type: ignore[valid-type]
    rule: str = Field("", pattern=r"^([a-z][a-z0-9-]{0,39})?$", description="of this rule")
    authority: str = Field("", pattern=r"^(E[0-9]{8})?$", description="an ONS code")
    page: int = Field(1, ge=1, le=100_000, description="which page of the list, from 1")


def make_router(engine: Engine, rules: RulePack, pages: Pages, now: Callable[[], datetime]) -> APIRouter:
    """The route, over the given database; `now` is the clock."""
    router = APIRouter(tags=[TAG], default_response_class=HTMLResponse)
    ids = sorted(rule.id for rule in rules.rules)

    @router.get(INBOX, summary="Alerts, what needs somebody first")
    def get_inbox(request: Request, asked: Annotated[Filters, Query()]) -> Response:
        person = within(request, asked.authority) if asked.authority else person_of(request)
        whose: Collection[str] | None = [asked.authority] if asked.authority else person.authorities
        wanted = inbox.Wanted(whose, asked.severity, asked.rule)
        with reading(engine) as connection:
            counts = wanted.counts(connection)
            found = wanted.listed(connection, asked.show, (asked.page - 1) * ROWS_A_PAGE, ROWS_A_PAGE)
            silent = [one for one in silences.active(connection, now()) if may_see(person, one)]
        shown = shown_of(request, found, asked.page, counts.shown(asked.show))
        write_down(engine, person, "alerts", ((one.authority, records.of_scope(one.scope)) for one in found))
        return pages.show(
            request, "inbox.html", asked=asked, shown=shown, counts=counts, severities=list(reversed(Severity)),
            rules=sorted({*ids, asked.rule} - {""}), silences=len(silent),
        )  # fmt: skip

    return router
