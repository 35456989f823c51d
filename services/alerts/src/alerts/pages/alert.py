"""One alert in the inbox: its evidence, its history and who was told; and forms to take it on, note and silence it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, StringConstraints
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool

from alerts import silences
from alerts.api import Acknowledge, AlertDetail, AlertId, read_detail
from alerts.domain import records
from alerts.domain.episodes import OVER, AlreadyResolved
from alerts.handlers import Alerts
from alerts.links import INBOX, in_inbox
from alerts.pages.forms import REFUSED_ON_A_PAGE, Wrong, body_of, read_form, taken
from alerts.pages.showing import in_words, write_down
from alerts.silence_api import LONGEST_DAYS, By
from hnb.database import reading, transaction
from hnb.events import Day, Text
from hnb.pages import HEADERS, TAG, Pages
from hnb.signin import ON_LOOPBACK, Person, within
from hnb.words import LONDON

Words = Annotated[Text, StringConstraints(strip_whitespace=True)]
Answer = Literal["acknowledge", "note", "silence"]
Form = Mapping[str, str]


class Note(BaseModel):
    """What somebody writes beside an alert."""

    by: By
    note: Words


class Quiet(BaseModel):
    """What is silenced: an alert's rule, for what it is about or for the whole council; up to the end of a day."""

    by: By
    reason: Words
    until: Day
    covers: Literal["this", "rule"] = "this"


@dataclass(frozen=True, slots=True)
class Answers:
    """What the forms do, each in one transaction of the caller's; Wrong where one cannot be taken."""

    alerts: Alerts
    now: Callable[[], datetime]

    def take(self, connection: Connection, answer: Answer, alert: AlertDetail, person: Person, form: Form) -> None:
        """Do what somebody answers to an alert; AlreadyResolved where it has ended, and nobody can take it on."""
        if answer == "acknowledge":
            word = taken(Acknowledge, form, person)
            self.alerts.acknowledge(connection, alert.id, word.by, word.note)
        elif answer == "note":
            note = taken(Note, form, person)
            self.alerts.note(connection, alert.id, note.by, note.note)
        else:
            self._silence(connection, alert, taken(Quiet, form, person))

    def last_day(self) -> date:
        """The last day that a silence begun now can be for."""
        return (self.now() + timedelta(days=LONGEST_DAYS - 1)).astimezone(LONDON).date()

    def _silence(self, connection: Connection, alert: AlertDetail, given: Quiet) -> None:
        at, last = self.now(), self.last_day()
        if not at.astimezone(LONDON).date() <= given.until <= last:
            raise Wrong({"until": f"Enter a day from today to {last.day} {last:%B %Y}"})
        silences.begin(
            connection, authority=alert.authority, rule=alert.rule, reason=given.reason, author=given.by,
            scope=alert.scope if given.covers == "this" else None, begins_at=at,
            ends_at=datetime.combine(given.until + timedelta(days=1), time(), LONDON),
        )  # fmt: skip


def make_router(
    engine: Engine, alerts: Alerts, pages: Pages, now: Callable[[], datetime], wake: Callable[[], None]
) -> APIRouter:
    """The routes, over the given database; `now` is the clock."""
    router = APIRouter(
        prefix=f"{INBOX}/alerts", tags=[TAG], default_response_class=HTMLResponse, responses=REFUSED_ON_A_PAGE
    )
    answers = Answers(alerts, now)

    @router.get("/{alert_id}", summary="One alert: why, since when, who was told and who has it")
    def show(request: Request, alert_id: AlertId) -> Response:
        return shown(request, alert_id, "alert.html")

    @router.get("/{alert_id}/{answer}", summary="The form to take an alert on, note something beside it, or silence it")
    def ask(request: Request, alert_id: AlertId, answer: Answer) -> Response:
        return asked(request, alert_id, answer)

    @router.post(
        "/{alert_id}/{answer}", summary="Take an alert on, note something beside it, or silence it",
        openapi_extra=body_of("csrf_token", "by", "note", "reason", "until", "covers"),
    )  # fmt: skip
    async def take(request: Request, alert_id: AlertId, answer: Answer) -> Response:
        return await run_in_threadpool(taking, request, alert_id, answer, await read_form(request))

    def taking(request: Request, alert_id: str, answer: Answer, form: Form) -> Response:
        try:
            with transaction(engine) as connection:
                alert = read_detail(connection, alert_id)
                answers.take(connection, answer, alert, within(request, alert.authority), form)
        except Wrong as wrong:
            return asked(request, alert_id, answer, 422, form, wrong.faults)
        except AlreadyResolved:
            return shown(request, alert_id, "alert.html", 409)
        wake()
        # Shown by a GET of its own: to load the page again must not send the form again.
        return RedirectResponse(in_inbox(alert_id), 303, HEADERS)

    def asked(
        request: Request, alert_id: str, answer: Answer, status: int = 200, form: Form | None = None,
        faults: Form | None = None,
    ) -> Response:  # fmt: skip
        return shown(
            request, alert_id, "answer.html", status, answer=answer, form=form or {}, faults=faults or {},
            last=answers.last_day(),
        )  # fmt: skip

    def shown(request: Request, alert_id: str, template: str, status: int = 200, **values: object) -> Response:
        with reading(engine) as connection:
            alert = read_detail(connection, alert_id)
            silent = [
                one
                for one in silences.active(connection, now())
                if one.covers(alert.authority, alert.rule, alert.scope)
            ]
        person = within(request, alert.authority)
        seen = records.of_evidence(alert.scope, alert.evidence)
        write_down(engine, person, "alert", [(alert.authority, seen)])
        return pages.show(
            request, template, status, alert=alert, said=in_words(alert), silent=silent, over=alert.state in OVER,
            asks_name=person is ON_LOOPBACK, **values,
        )  # fmt: skip

    return router
