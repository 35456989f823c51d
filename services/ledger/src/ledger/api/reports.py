"""What finance asks beyond the position: what makes up a line, the year by month, what waits, what is exceptional."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine

from hnb.calendar import financial_year as year_of
from hnb.database import reading
from hnb.events import Day
from hnb.provisions import Provision, fund_of
from ledger.api.positions import Authority, FinancialYear, KnownAt
from ledger.domain.exceptions import Asked, Kind
from ledger.domain.positions import Figures
from ledger.domain.profiles import month_ends
from ledger.handlers import COMMITMENT, Ledger
from ledger.reports import exceptions, explaining, payments, profile, waiting
from ledger.store import TOTAL

LISTED_AT_ONCE = 1_000
EXCEPTIONS_AT_ONCE = 10_000  # each page looks at every commitment again: one page is better than ten
Limit = Annotated[int, Query(ge=1, le=LISTED_AT_ONCE, description="how many on a page")]
After = Annotated[str, Query(max_length=500, description="what `next` of the page before says")]
On = Annotated[Day | None, Query(description="the day on which it is looked at; today when left out")]
Ids = Annotated[list[str], Query(max_length=payments.ASKED_AT_ONCE, description="may be given again and again")]
_MOMENT = TypeAdapter(AwareDatetime)


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter()

    def year_or_this(year: int | None) -> int:
        return year_of(ledger.today()) if year is None else year

    @router.get("/commitments", tags=["commitments"], summary="The commitments that make up a line of the position")
    def get_line(
        authority: Authority, line: Provision, financial_year: FinancialYear = None, known_at: KnownAt = None,
        after: After = "", limit: Limit = LISTED_AT_ONCE,
    ) -> dict[str, Any]:  # fmt: skip
        """By id. The next page is asked for with `after` and this page's `known_at`: so all pages sum to the line."""
        year = year_or_this(financial_year)
        with reading(engine) as connection:
            then = known_at or _now(connection)
            asked = explaining.LineAsked(authority, year, line, then, after, limit)
            page, commitments, total = explaining.line(connection, asked)
        return {
            "authority": authority, "financial_year": year, "line": line, "fund": fund_of(line), "known_at": then,
            "commitments": [
                {"commitment_id": share.commitment_id, "kind": share.kind, **_pence(share.figures)} for share in page
            ],
            "total": {"commitments": commitments, **_pence(total)},
            "next": page[-1].commitment_id if len(page) == limit else None,
        }  # fmt: skip

    @router.get("/commitments/{commitment_id:path}", tags=["commitments"], summary="One commitment, explained")
    def get_commitment(commitment_id: str, authority: Authority, known_at: KnownAt = None) -> dict[str, Any]:
        with reading(engine) as connection:
            found = explaining.commitment(connection, ledger, (authority, COMMITMENT + commitment_id), known_at)
        if found is None:
            raise HTTPException(404, f"nothing is known of a commitment {commitment_id} of {authority}")
        return {"authority": authority, "commitment_id": commitment_id, **found}

    @router.get("/profile", tags=["positions"], summary="A financial year by month: what falls due and what is paid")
    def get_profile(
        authority: Authority, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> dict[str, Any]:
        """Months sum to the position: due to committed and spent together, paid to spent."""
        year = year_or_this(financial_year)
        with reading(engine) as connection:
            then = known_at or _now(connection)
            lines = profile.read(connection, ledger, authority, year, known_at)
        total = lines.pop(TOTAL)
        return {
            "authority": authority, "financial_year": year, "known_at": then,
            "months": [f"{end:%Y-%m}" for end in month_ends(year)],
            "lines": [{"provision": line, "fund": fund_of(line), **_months(of)} for line, of in lines.items()],
            "total": _months(total),
        }  # fmt: skip

    @router.get(
        "/waiting-events", tags=["events"], summary="Events that wait for what they are about, the oldest first"
    )
    def get_waiting(
        authority: Authority, known_at: KnownAt = None, after: After = "", limit: Limit = LISTED_AT_ONCE
    ) -> dict[str, Any]:
        with reading(engine) as connection:
            then = known_at or waiting.clock(connection)
            asked = waiting.Asked(authority, known_at, _read_cursor(after), limit)
            events = waiting.read(connection, asked)
        return {
            "authority": authority,
            "known_at": then,
            "events": [
                {
                    "source": e.source, "id": e.id, "type": e.type, "time": e.time, "received_at": e.received_at,
                    "age_seconds": int((then - e.received_at).total_seconds()), "waits_for": e.waits_for,
                }
                for e in events
            ],
            "next": _cursor(events[-1]) if len(events) == limit else None,
        }  # fmt: skip

    @router.get("/exceptions", tags=["commitments"], summary="Over-paid, paid for nothing known, unpaid, apart")
    def get_exceptions(
        authority: Authority, financial_year: FinancialYear = None, on: On = None, known_at: KnownAt = None,
        after: Annotated[int, Query(ge=0, description="how many to pass over")] = 0,
        limit: Annotated[int, Query(ge=1, le=EXCEPTIONS_AT_ONCE)] = LISTED_AT_ONCE,
    ) -> dict[str, Any]:  # fmt: skip
        """Kind by kind, the largest first; the counts and sums are of all of them, whichever page is asked for."""
        asked = Asked(year_or_this(financial_year), on or ledger.today(), ledger.settings.unpaid_days)
        with reading(engine) as connection:
            then = known_at or waiting.clock(connection)
            found = exceptions.read(connection, ledger, authority, asked, known_at)
        of_kind = {kind: [one.amount_pence for one in found if one.kind is kind] for kind in Kind}
        return {
            "authority": authority, "financial_year": asked.year, "on": asked.on, "known_at": then,
            "unpaid_days": asked.unpaid_days,
            "kinds": {kind: {"count": len(all_), "amount_pence": sum(all_)} for kind, all_ in of_kind.items()},
            "exceptions": [asdict(one) for one in found[after : after + limit]],
            "next": after + limit if len(found) > after + limit else None,
        }  # fmt: skip

    @router.get("/payments", tags=["commitments"], summary="What stands of these payments, as last heard")
    def get_payments(
        authority: Authority,
        payment_id: Ids = [],  # noqa: B006 - FastAPI makes a new one of each request
        commitment_id: Ids = [],  # noqa: B006
    ) -> dict[str, Any]:
        """For a feed that sends payments again: what they would replace, and which commitments are not known yet."""
        with reading(engine) as connection:
            found = payments.standing(connection, authority, payment_id)
            unknown = payments.unknown(connection, authority, commitment_id)
        return {
            "authority": authority, "payments": [asdict(one) for one in found], "unknown_commitments": unknown,
        }  # fmt: skip

    return router


def _now(connection: Connection) -> datetime:
    moment: datetime = connection.execute(explaining.CLOCK).scalar_one()
    return moment


def _pence(of: Figures) -> dict[str, int]:
    return {
        "committed_pence": of.committed_pence, "spent_pence": of.spent_pence,
        "provisional_pence": of.provisional_pence, "contingent_pence": of.contingent_pence,
    }  # fmt: skip


def _months(months: profile.Months) -> dict[str, Any]:
    return {
        "due_pence": months.due, "paid_pence": months.paid,
        "cost_pence": sum(months.due), "spent_pence": sum(months.paid),
    }  # fmt: skip


def _cursor(event: waiting.Waiting) -> str:
    return f"{event.received_at.isoformat()} {event.source} {event.id}"


def _read_cursor(after: str) -> tuple[datetime, str, str] | None:
    if not after:
        return None
    try:
        moment, source, id = after.split(" ")
        return _MOMENT.validate_python(moment), source, id
    except (ValueError, ValidationError):
        raise HTTPException(422, "after: not what `next` of a page said") from None
