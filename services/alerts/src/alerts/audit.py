"""Who was told what, when, by which channel, with what evidence, and who took it on: as JSON or CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Engine, text

from alerts.api import MOST, After, Authority, Limit
from hnb.database import reading
from hnb.http import Moment

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that starts with one

# A message about an alert belongs to its authority; a digest to every one it speaks of.
_TOLD = text("""
    SELECT d.seq, d.id AS reference, d.channel AS recipient, d.state, d.attempts, d.queued_at, d.sent_at, d.last_error,
        d.fallback_of, d.subject, d.body AS text, d.alert_id,
        coalesce(array_to_string(g.authorities, ' '), a.authority) AS authority, a.financial_year, a.scope, a.rule,
        t.change, d.severity, t.at AS changed_at, t.evidence, a.acknowledged_by, a.acknowledged_at,
        a.note AS acknowledgement_note
    FROM deliveries d
    LEFT JOIN alerts a ON a.id = d.alert_id
    LEFT JOIN transitions t ON t.alert_id = d.alert_id AND t.number = d.number
    LEFT JOIN digests g ON g.reference = coalesce(d.fallback_of, d.id)
    WHERE d.queued_at >= :since AND d.queued_at < :until AND d.seq > :after
    AND (:authority = '' OR a.authority = :authority OR :authority = ANY(g.authorities))
    ORDER BY d.seq LIMIT :most
""")


class Told(BaseModel):
    """One message to one recipient, and what became of it."""

    reference: str = Field(description="stands in the message; `-fallback` at its end went to the fallback")
    recipient: str
    state: Literal["queued", "sent", "failed"]
    attempts: int
    queued_at: datetime
    sent_at: datetime | None
    last_error: str | None
    fallback_of: str | None = Field(description="the delivery given up that this one stands in for")
    subject: str
    text: str
    alert_id: str | None = Field(description="null for a digest")
    authority: str | None = Field(description="an ONS code; of a digest, each it speaks of")
    financial_year: int | None
    scope: str | None
    rule: str | None
    change: str | None
    severity: str | None
    changed_at: datetime | None
    evidence: dict[str, Any] | None
    acknowledged_by: str | None = Field(description="who has the alert now, if anybody")
    acknowledged_at: datetime | None
    acknowledgement_note: str | None


class ToldPage(BaseModel):
    """Messages in the order in which they were queued; `next` is null on the last page."""

    deliveries: list[Told]
    next: int | None


From = Annotated[
    Moment | None, Query(alias="from", description="queued at or after; from the beginning where not given")
]
To = Annotated[Moment | None, Query(alias="to", description="queued before; until now where not given")]
Format = Annotated[Literal["json", "csv"], Query(alias="format", description="`csv` is all of it in one file")]

AS_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


def make_audit(engine: Engine) -> APIRouter:
    """The route of the audit, over the given database."""
    router = APIRouter(prefix="/deliveries", tags=["audit"])

    @router.get("", summary="Who was told what, when and how", response_model=ToldPage, responses=AS_CSV)
    def get_deliveries(
        since: From = None, until: To = None, authority: Authority = "", written: Format = "json",
        after: After = None, limit: Limit = 100,
    ) -> Response | ToldPage:  # fmt: skip
        binds = {"since": since or _ALWAYS[0], "until": until or _ALWAYS[1], "authority": authority}
        if binds["since"] > binds["until"]:  # type: ignore[operator]
            raise HTTPException(422, "from: is after to")
        if written == "csv":
            headers = {
                "Content-Disposition": 'attachment; filename="alert-deliveries.csv"',
                "Cache-Control": "no-store",
            }
            return StreamingResponse(_as_csv(engine, binds), media_type="text/csv; charset=utf-8", headers=headers)
        rows = _page(engine, binds, after or 0, limit)
        return ToldPage(
            deliveries=[Told.model_validate(row) for row in rows],
            next=rows[-1]["seq"] if len(rows) == limit else None,
        )

    return router


def _page(engine: Engine, binds: dict[str, object], after: int, most: int) -> list[dict[str, Any]]:
    with reading(engine) as connection:
        found = connection.execute(_TOLD, binds | {"after": after, "most": most}).mappings()
        return [dict(row) for row in found]


def _as_csv(engine: Engine, binds: dict[str, object]) -> Iterator[str]:
    """All of it, a page of rows at a time, so that a year of messages needs no more memory than a day."""
    names = list(Told.model_fields)
    yield _line(names)
    after = 0
    while rows := _page(engine, binds, after, MOST):
        yield "".join(_line([_cell(row[name]) for name in names]) for row in rows)
        after = rows[-1]["seq"]


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    said = str(value)
    return f"'{said}" if isinstance(value, str) and said.startswith(_FORMULA) else said
