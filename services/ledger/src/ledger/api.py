"""The money as JSON: positions, what moved between two of them, and each commitment with its explanation."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, BaseModel
from sqlalchemy import Connection, Engine, text

from hnb import withdrawals
from hnb.calendar import financial_year as year_of
from hnb.database import reading
from hnb.events import Event, read_json
from hnb.provisions import Fund, fund_of
from ledger import positions, store
from ledger.domain.commitments import fold, order
from ledger.domain.positions import in_total
from ledger.domain.words import explain
from ledger.handlers import COMMITMENT, Ledger
from ledger.positions import line_figures, reserve_figures

Authority = Annotated[str, Query(pattern=r"^E\d{8}$", description="an ONS code, such as E06000016")]
KnownAt = Annotated[AwareDatetime | None, Query(description="as known at this moment; now when left out")]
FinancialYear = Annotated[int | None, Query(ge=1990, le=2099, description="2025 is 2025-26; this year when left out")]


class LineFigures(BaseModel):
    """One line's figures, in pence."""

    budget_pence: int
    committed_pence: int
    spent_pence: int
    headroom_pence: int
    provisional_pence: int
    contingent_pence: int
    full_year_effect_pence: int


class PositionLine(LineFigures):
    """One provision line of a position."""

    provision: str
    fund: str


class PositionAnswer(BaseModel):
    """The position of one authority's financial year. The total holds the High Needs Block alone."""

    authority: str
    financial_year: int
    known_at: datetime
    lines: list[PositionLine]
    total: LineFigures
    grant_pence: int
    in_year_balance_pence: int
    reserve_opening_pence: int
    reserve_closing_pence: int


_CHANGES = text("""
    SELECT line, about, sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END)::bigint AS pence,
        array_agg(DISTINCT event_source || ' ' || event_id) FILTER (WHERE event_id IS NOT NULL) AS events
    FROM postings WHERE authority = :authority AND financial_year = :year AND kind IN ('commitment', 'provisional')
    AND recorded_at > :since AND recorded_at <= :until GROUP BY line, about
    HAVING sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END) <> 0
    ORDER BY line, abs(sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END)) DESC, about
""")
_POSTINGS = text("""
    SELECT id, recorded_at, financial_year, line, kind, from_place, to_place, amount_pence, first_day, last_day,
        event_source, event_id
    FROM postings WHERE authority = :authority AND about = :about ORDER BY id
""")
_STATE = text("SELECT * FROM commitments WHERE authority = :authority AND about = :about")


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter()

    @router.get("/positions", tags=["positions"], summary="The position of a financial year, line by line")
    def get_position(
        authority: Authority, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> PositionAnswer:
        year = year_of(ledger.today()) if financial_year is None else financial_year
        with reading(engine) as connection:
            position = positions.read(connection, authority, year, known_at)
        effect = position.full_year_effect
        return PositionAnswer(
            authority=authority,
            financial_year=year,
            known_at=position.known_at.astimezone(UTC),
            lines=[
                PositionLine(provision=line, fund=fund_of(line), **line_figures(of_line, effect.get(line, 0)))
                for line, of_line in position.lines.items()
            ],
            total=LineFigures(**line_figures(position.total, effect.get(store.TOTAL, 0))),
            **reserve_figures(position.reserve),
        )

    @router.get("/positions/changes", tags=["positions"], summary="What moved between two moments of knowledge")
    def get_changes(
        authority: Authority,
        since: Annotated[AwareDatetime, Query(alias="from")],
        until: Annotated[AwareDatetime, Query(alias="to")],
        financial_year: FinancialYear = None,
    ) -> dict[str, Any]:
        year = year_of(ledger.today()) if financial_year is None else financial_year
        if until < since:
            raise HTTPException(422, "to: is before from")
        with reading(engine) as connection:
            rows = connection.execute(
                _CHANGES, {"authority": authority, "year": year, "since": since, "until": until}
            ).all()
        lines: dict[str, dict[str, Any]] = {}
        for row in rows:
            line = lines.setdefault(
                row.line, {"provision": row.line, "fund": fund_of(row.line), "change_pence": 0, "commitments": []}
            )
            line["change_pence"] += row.pence
            line["commitments"].append(
                {
                    "commitment_id": row.about.removeprefix(COMMITMENT),
                    "change_pence": row.pence,
                    "events": row.events or [],
                }
            )
        total = sum(line["change_pence"] for line in lines.values() if in_total(line["provision"]))
        return {
            "authority": authority, "financial_year": year, "from": since, "to": until,
            "lines": list(lines.values()), "total_change_pence": total,
        }  # fmt: skip

    @router.get("/commitments/{commitment_id:path}", tags=["commitments"], summary="One commitment, explained")
    def get_commitment(commitment_id: str, authority: Authority) -> dict[str, Any]:
        with reading(engine) as connection:
            found = _commitment(connection, ledger, (authority, COMMITMENT + commitment_id))
        if found is None:
            raise HTTPException(404, f"nothing is known of a commitment {commitment_id} of {authority}")
        return {"authority": authority, "commitment_id": commitment_id, **found}

    return router


def _commitment(connection: Connection, ledger: Ledger, key: store.Key) -> dict[str, Any] | None:
    binds = {"authority": key[0], "about": key[1]}
    row = connection.execute(_STATE, binds).first()
    if row is None:
        return None
    events = sorted(store.events_of(connection, [key]).get(key, []), key=order)
    gone = withdrawals.against(connection, events)
    folded = fold(event for event in events if (event.source, event.id) not in gone)
    context = ledger.contexts(connection, {key: folded})[key[0]]
    postings = connection.execute(_POSTINGS, binds).mappings().all()
    fund = fund_of(row.provision) if row.provision else Fund.HIGH_NEEDS
    return {
        "kind": row.kind,
        "provision": row.provision,
        "fund": fund,
        "waiting": not folded.known,
        "provisional": row.unpriced,
        "first_day": row.first_day,
        "last_day": row.last_day,
        "planning_horizon": context.horizon,
        "explanation": explain(folded, context),
        "segments": [
            {
                "first_day": segment.span.first,
                "last_day": segment.span.last,
                "cost": segment.cost.model_dump(exclude_none=True) if segment.cost else None,
            }
            for agreed in folded.agreed
            for segment in agreed.segments(context.horizon)
        ],
        "schedule": [
            {
                "financial_year": cell.year, "line": cell.line, "kind": cell.kind, "amount_pence": amount.pence,
                "first_day": amount.first, "last_day": amount.last,
            }
            for cell, amount in store.read_schedule(row.schedule).items()
        ],
        "events": [_event(event, withdrawn=(event.source, event.id) in gone) for event in events],
        "postings": [dict(posting) for posting in postings],
    }  # fmt: skip


def _event(event: Event, withdrawn: bool) -> dict[str, Any]:
    body: Any = read_json(event.body)
    return {
        "source": event.source, "id": event.id, "type": event.type, "time": event.time, "withdrawn": withdrawn,
        "data": body["data"],
    }  # fmt: skip
