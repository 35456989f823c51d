"""Plans and reviews in PostgreSQL: each version kept as it was made, read as known at a moment."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from ledger.domain.recovery.plan import KEPT, Plan, Review
from ledger.domain.recovery.versions import Changed

_PLANS = text("""
    SELECT number, made_at, made_by, plan, changes FROM recovery_plans
    WHERE authority = :authority AND made_at <= coalesce(:known_at, 'infinity'::timestamptz) ORDER BY number
""")
_REVIEWS = text("""
    SELECT number, kept_at, kept_by, review FROM recovery_reviews
    WHERE authority = :authority AND kept_at <= coalesce(:known_at, 'infinity'::timestamptz) ORDER BY number
""")
_ADD_PLAN = text("""
    INSERT INTO recovery_plans (authority, number, made_by, plan, changes)
    VALUES (:authority, :number, :by, CAST(:plan AS jsonb), CAST(:changes AS jsonb))
""")
_ADD_REVIEW = text("""
    INSERT INTO recovery_reviews (authority, number, kept_by, review)
    VALUES (:authority, :number, :by, CAST(:review AS jsonb))
""")
# Two who write at once wait for each other, so that each version says what it changed of the one before.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('recovery'), hashtext(:authority))")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a plan: when, by whom, and what it changed."""

    number: int
    made_at: datetime
    made_by: str
    plan: Plan
    changes: Sequence[Changed]


@dataclass(frozen=True, slots=True)
class Kept:
    """One review, when it was written down, and by whom."""

    number: int
    kept_at: datetime
    kept_by: str
    review: Review


def lock(connection: Connection, authority: str) -> None:
    """Waits until nobody else writes a plan or a review of the authority."""
    connection.execute(_LOCK, {"authority": authority})


def versions(connection: Connection, authority: str, known_at: datetime | None = None) -> list[Version]:
    """Every version of an authority's plan known by then, the first first."""
    return [
        Version(
            row.number, row.made_at, row.made_by, Plan.model_validate_json(json.dumps(row.plan), context=KEPT),
            [Changed(**one) for one in row.changes],
        )
        for row in connection.execute(_PLANS, {"authority": authority, "known_at": known_at})
    ]  # fmt: skip


def reviews(connection: Connection, authority: str, known_at: datetime | None = None) -> list[Kept]:
    """Every review known by then, the first first."""
    return [
        Kept(row.number, row.kept_at, row.kept_by, Review.model_validate_json(json.dumps(row.review)))
        for row in connection.execute(_REVIEWS, {"authority": authority, "known_at": known_at})
    ]


def add_plan(connection: Connection, number: int, by: str, plan: Plan, changes: Sequence[Changed]) -> None:
    """Keeps a version for ever."""
    connection.execute(
        _ADD_PLAN,
        {
            "authority": plan.authority, "number": number, "by": by, "plan": plan.model_dump_json(),
            "changes": json.dumps([asdict(one) for one in changes]),
        },
    )  # fmt: skip


def add_review(connection: Connection, number: int, by: str, review: Review) -> None:
    """Keeps a review for ever."""
    binds = {"authority": review.authority, "number": number, "by": by, "review": review.model_dump_json()}
    connection.execute(_ADD_REVIEW, binds)
