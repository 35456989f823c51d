"""The recovery plan over HTTP: beside what was measured, its next version, a review of it, and the pack for a body."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import Connection, Engine

from hnb.database import reading, transaction
from hnb.events import Text
from hnb.http import Moment
from ledger.api.positions import Authority, FinancialYear, KnownAt
from ledger.domain.profiles import month_ends
from ledger.domain.recovery.measuring import CANNOT_SAY, MeasureStands, Months
from ledger.domain.recovery.plan import Body
from ledger.domain.recovery.report import Report
from ledger.domain.recovery.versions import decisions, differences, faults
from ledger.forecast.faults import BadInput
from ledger.handlers import Ledger
from ledger.recovery import composing, store
from ledger.recovery.lines import Years
from ledger.recovery.reading import MAX_BYTES, read_plan, read_review

Who = Annotated[Text, StringConstraints(strip_whitespace=True, max_length=200)]
For = Annotated[
    Literal["schools-forum", "scrutiny", "advisory-group"], Query(alias="for", description="who the pack is for")
]


class ToKeep(BaseModel):
    """A plan or a review as its file has it, and who hands it in."""

    model_config = ConfigDict(extra="forbid")

    written: str = Field(max_length=MAX_BYTES, description="YAML, as docs/recovery.md describes it")
    name: Who = Field("the file", description="what the file is called in messages")
    by: Who = Field(description="who answers for it: a role or post")
    dry_run: bool = Field(True, description="check it and keep nothing; false keeps it for ever")


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/recovery", tags=["recovery"])
    years = Years(ledger)

    @router.get("", summary="A recovery plan beside what the ledger measured")
    def get_recovery(
        authority: Authority, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> dict[str, Any]:
        with reading(engine) as connection:
            return as_json(find_report(connection, ledger, years, authority, financial_year, known_at))

    @router.get("/versions", summary="Every version of a plan and every review, and what each changed")
    def get_versions(authority: Authority, known_at: KnownAt = None) -> dict[str, Any]:
        with reading(engine) as connection:
            plans = store.versions(connection, authority, known_at)
            held = store.reviews(connection, authority, known_at)
        return {
            "authority": authority,
            "plans": [
                {"number": one.number, "made_at": one.made_at, "made_by": one.made_by,
                 "changes": [asdict(change) for change in one.changes]} for one in plans
            ],
            "reviews": [
                {"number": one.number, "kept_at": one.kept_at, "kept_by": one.kept_by,
                 "review": one.review.model_dump(mode="json")} for one in held
            ],
        }  # fmt: skip

    @router.get("/pack", summary="The pack for a body that reviews the plan, as a document")
    def get_pack(
        authority: Authority, body: For, financial_year: FinancialYear = None, known_at: KnownAt = None
    ) -> dict[str, Any]:
        """No row of it is about a child, and nothing in it tells of a few."""
        with reading(engine) as connection:
            found = find_report(connection, ledger, years, authority, financial_year, known_at)
            document = composing.compose(connection, ledger, years, found, Body(body))
        return {
            "authority": authority, "financial_year": found.year, "for": body, "known_at": found.known_at,
            "version": found.number, "document": document.model_dump(mode="json"),
        }  # fmt: skip

    @router.post("/plans", summary="Keep the next version of a plan, or see what it would change")
    def post_plan(asked: ToKeep) -> dict[str, Any]:
        """409 where it says nothing that the version in force does not."""
        plan = _told(lambda: read_plan(asked.name, asked.written.encode()))
        with transaction(engine) as connection:
            store.lock(connection, plan.authority)
            before = store.versions(connection, plan.authority)
            changes = differences(before[-1].plan if before else None, plan)
            if not changes:
                raise HTTPException(409, f"it says what version {len(before)} says: there is nothing to keep")
            if not asked.dry_run:
                store.add_plan(connection, len(before) + 1, asked.by, plan, changes)
            unknown = composing.unknown_scenarios(connection, plan)
        return {
            "authority": plan.authority, "title": plan.title, "number": len(before) + 1, "kept": not asked.dry_run,
            "changes": [asdict(one) for one in changes], "unknown_scenarios": unknown,
        }  # fmt: skip

    @router.post("/reviews", summary="Keep a review, or see what it would say")
    def post_review(asked: ToKeep) -> dict[str, Any]:
        """409 where it does not fit the plan or the reviews before it."""
        review = _told(lambda: read_review(asked.name, asked.written.encode()))
        with transaction(engine) as connection:
            store.lock(connection, review.authority)
            if not store.versions(connection, review.authority):
                raise HTTPException(409, f"there is no plan of {review.authority} to review: keep one first")
            before = [one.review for one in store.reviews(connection, review.authority)]
            wrong = faults(review, before, ledger.today())
            if wrong:
                raise HTTPException(409, f"{asked.name}: {'; '.join(wrong)}")
            if not asked.dry_run:
                store.add_review(connection, len(before) + 1, asked.by, review)
        return {
            "authority": review.authority, "number": len(before) + 1, "kept": not asked.dry_run,
            "review": review.model_dump(mode="json"),
            "still_open": [
                {**one.decision.model_dump(mode="json"), "held_on": one.held_on}
                for one in decisions([*before, review])
            ],
        }  # fmt: skip

    return router


def find_report(
    connection: Connection, ledger: Ledger, years: Years, authority: str, year: int | None, known_at: Moment | None,
    ready: datetime | None = None,
) -> Report:  # fmt: skip
    """The report of a year; if not said this one, or the last the plan is for. 404 where no plan was known."""
    found = composing.report(connection, ledger, years, authority, year, known_at, ready)
    if found is None:
        when = "" if known_at is None else f" at {known_at.isoformat()}"
        raise HTTPException(404, f"no recovery plan of {authority} was known{when}; `hnb recovery plan` keeps one")
    return found


def as_json(report: Report) -> dict[str, Any]:
    """All of it, with the ledger's own words on what it cannot say."""
    whole: dict[str, Any] = jsonable_encoder({
        "authority": report.plan.authority, "council": report.plan.council, "title": report.plan.title,
        "note": report.plan.note, "financial_year": report.year, "known_at": report.known_at, "on": report.on,
        "version": report.number, "made_at": report.made_at, "made_by": report.made_by,
        "cannot_say": CANNOT_SAY, "months": [f"{end:%Y-%m}" for end in month_ends(report.year)],
        "measures": [_measure(one, report) for one in report.measures], "total": _months(report.total),
        "baselines": {line: asdict(one) for line, one in report.baselines.items()},
        "risks": [one.model_dump(mode="json") for one in report.plan.risks],
        "reviews": [one.model_dump(mode="json") for one in report.reviews], "next_review": report.next_review,
        "decisions_due": [
            {**one.decision.model_dump(mode="json"), "held_on": one.held_on, "overdue": one.overdue(report.on)}
            for one in report.still_open
        ],
    })  # fmt: skip
    return whole


def _measure(one: MeasureStands, report: Report) -> dict[str, Any]:
    kpi, stands = one.measure.kpi, one.kpi
    return {
        "id": one.measure.id, "title": one.measure.title, "owner": one.measure.owner, "lines": one.measure.lines,
        "scenario": one.measure.scenario, "forecast_saving_pence": report.forecast.get(one.measure.id),
        "shared_with": one.shared_with, **_months(one.months),
        "kpi": {"what": kpi.what, "lines": kpi.lines or one.measure.lines, "by": kpi.by, **asdict(stands)},
    }  # fmt: skip


def _months(months: Months) -> dict[str, Any]:
    planned, measured = months.to_date
    return {
        "planned_pence": months.planned, "moved_pence": months.measured,
        "planned_to_date_pence": planned, "moved_to_date_pence": measured,
    }  # fmt: skip


def _told(read: Any) -> Any:
    try:
        return read()
    except BadInput as bad:
        raise HTTPException(422, str(bad)) from None
