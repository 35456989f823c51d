"""Alerts as JSON: what is open, why, who was told, and who took it on."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, computed_field
from sqlalchemy import Connection, Engine, RowMapping, text

from alerts.domain.episodes import AlreadyResolved, Change, State
from alerts.domain.evidence import Evidence
from alerts.domain.line_words import title_of
from alerts.domain.messages import headline_of
from alerts.domain.severity import Severity
from alerts.handlers import Alerts
from hnb.database import reading, transaction
from hnb.events import Text

MOST = 1_000

Authority = Annotated[str, Query(pattern=r"^(E[0-9]{8})?$", description="an ONS code; all authorities when empty")]
Wanted = Annotated[
    Literal["open", "acknowledged", "resolved", "retracted", "all"],
    Query(description="`open` is all that has not ended, acknowledged or not"),
]
AlertId = Annotated[str, Path(pattern=r"^[\x21-\x7e]{1,200}$")]
Rules = Annotated[list[str] | None, Query(description="ids of rules; every rule when none is given")]
After = Annotated[int | None, Query(ge=0, le=2**63 - 1, description="the `next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=MOST)]
_STATES = {
    "open": [State.OPEN, State.ACKNOWLEDGED],
    "acknowledged": [State.ACKNOWLEDGED],
    "resolved": [State.RESOLVED],
    "retracted": [State.RETRACTED],
    "all": [State.OPEN, State.ACKNOWLEDGED, State.RESOLVED, State.RETRACTED],
}


class LineNow(BaseModel):
    """The newest figures known of what an alert is about, in pence."""

    version: int
    recorded_at: datetime
    budget_pence: int
    committed_pence: int
    spent_pence: int
    headroom_pence: int
    grant_pence: int | None
    reserve_closing_pence: int | None


class Alert(BaseModel):
    """One alert episode."""

    id: str
    authority: str
    financial_year: int
    scope: str = Field(description="a provision line, `total`, or what a condition is about, as `placement/PL-1042`")
    title: str
    rule: str
    state: State
    severity: Severity
    since: datetime = Field(description="when the ledger learned what opened it")
    opened_at: datetime
    changed_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    evidence: Evidence = Field(description="of the last change the figures made")
    now: LineNow | None = Field(description="null where an alert is about a condition")
    escalated_at: datetime | None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def headline(self) -> str:
        """What it says, in half a sentence, as at its last change."""
        return headline_of(self.scope, self.evidence)


class AlertPage(BaseModel):
    """Alerts, the newest first; `next` is null on the last page."""

    alerts: list[Alert]
    next: int | None


class Transition(BaseModel):
    """One thing that happened to an alert."""

    number: int
    change: Change
    severity: Severity
    at: datetime
    by: str | None
    note: str | None
    evidence: Evidence | None


class Receipt(BaseModel):
    """One message about one change to one recipient. `reference` stands in the message."""

    reference: str
    transition: int
    channel: str
    subject: str
    state: Literal["queued", "sent", "failed"]
    attempts: int
    queued_at: datetime
    sent_at: datetime | None
    next_try_at: datetime | None
    last_error: str | None


class AlertDetail(Alert):
    """An alert with all that happened to it and everyone who was told."""

    transitions: list[Transition]
    deliveries: list[Receipt]


class Acknowledge(BaseModel):
    """Who takes an alert on, and what they want others to know."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)]
    note: Annotated[Text, StringConstraints(strip_whitespace=True)] | None = None


COLUMNS = """
    a.*, l.version, l.recorded_at, l.budget_pence, l.committed_pence, l.spent_pence, l.headroom_pence, l.grant_pence,
    l.reserve_closing_pence FROM alerts a LEFT JOIN lines l USING (authority, financial_year, scope)
"""
_PAGE = text(f"""
    SELECT {COLUMNS} WHERE a.state = ANY(:states) AND (:authority = '' OR authority = :authority)
    AND (CAST(:rules AS text[]) IS NULL OR a.rule = ANY(:rules))
    AND (CAST(:after AS bigint) IS NULL OR a.seq < :after) ORDER BY a.seq DESC LIMIT :most
""")
_ONE = text(f"SELECT {COLUMNS} WHERE a.id = :id AND a.state <> 'pending'")
_TRANSITIONS = text("""
    SELECT number, change, severity, at, by_whom AS by, note, evidence FROM transitions
    WHERE alert_id = :id ORDER BY number
""")
_RECEIPTS = text("""
    SELECT id AS reference, number AS transition, channel, subject, state, attempts, queued_at, sent_at,
        CASE WHEN state = 'queued' THEN due_at END AS next_try_at, last_error
    FROM deliveries WHERE alert_id = :id ORDER BY seq
""")


def make_router(engine: Engine, alerts: Alerts, after_commit: Callable[[], None]) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/alerts", tags=["alerts"])

    @router.get("", summary="Alerts, the newest first")
    def get_alerts(
        state: Wanted = "open",
        authority: Authority = "",
        rule: Rules = None,
        after: After = None,
        limit: Limit = 100,
    ) -> AlertPage:
        states = [str(wanted) for wanted in _STATES[state]]
        binds = {"states": states, "authority": authority, "rules": rule, "after": after, "most": limit}
        with reading(engine) as connection:
            rows = connection.execute(_PAGE, binds).mappings().all()
        return AlertPage(
            alerts=[Alert.model_validate(shaped(row)) for row in rows],
            next=rows[-1]["seq"] if len(rows) == limit else None,
        )

    @router.get("/{alert_id}", summary="One alert: its evidence, its history and who was told")
    def get_alert(alert_id: AlertId) -> AlertDetail:
        with reading(engine) as connection:
            return read_detail(connection, alert_id)

    @router.post("/{alert_id}/acknowledge", summary="Take an alert on, by name")
    def acknowledge(alert_id: AlertId, given: Acknowledge) -> AlertDetail:
        """Again by somebody else hands it over; what happened before stays in the history."""
        try:
            with transaction(engine) as connection:
                if not alerts.acknowledge(connection, alert_id, given.by, given.note):
                    raise unknown(alert_id)
        except AlreadyResolved as error:
            raise HTTPException(409, str(error)) from None
        after_commit()
        with reading(engine) as connection:
            return read_detail(connection, alert_id)

    return router


def read_detail(connection: Connection, alert_id: str) -> AlertDetail:
    """One alert with its history and receipts; a 404 where there is none."""
    row = connection.execute(_ONE, {"id": alert_id}).mappings().first()
    if row is None:
        raise unknown(alert_id)
    transitions = connection.execute(_TRANSITIONS, {"id": alert_id}).mappings().all()
    receipts = connection.execute(_RECEIPTS, {"id": alert_id}).mappings().all()
    return AlertDetail.model_validate({**shaped(row), "transitions": transitions, "deliveries": receipts})


def unknown(alert_id: str) -> HTTPException:
    """The refusal where there is no alert of this id."""
    return HTTPException(404, f"there is no alert {alert_id}")


def shaped(row: RowMapping) -> dict[str, object]:
    """A row of `COLUMNS` as an alert is made of it."""
    now = None if row["version"] is None else {name: row[name] for name in LineNow.model_fields}
    return {**row, "title": title_of(str(row["scope"])), "now": now}
