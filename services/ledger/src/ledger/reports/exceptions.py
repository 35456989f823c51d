"""Exceptions of a financial year for finance to look at, asked of the ledger and counted for Prometheus."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, Engine, text

from hnb.calendar import financial_year
from hnb.database import reading
from ledger.domain.exceptions import Asked, Exceptional, Kind, exceptions_of
from ledger.handlers import Ledger
from ledger.reports import known
from ledger.store import TOTAL

# What moves an exception: a posting, an event about nothing known, or the day. A year counts once its books are opened
# or paid from: placements begun earlier have days in years that were never kept here, and never paid here.
_MARKS = text("""
    SELECT authority, max(moved) AS moved, sum(unknown)::bigint AS unknown FROM (
        SELECT authority, recorded_at AS moved, 0 AS unknown FROM balances
        UNION ALL SELECT authority, NULL, 1 FROM commitments WHERE kind IS NULL
    ) AS m GROUP BY authority
""")
_YEARS = text("""
    SELECT financial_year FROM balances WHERE authority = :authority AND line = :total AND financial_year <= :latest
    AND (grant_pence <> 0 OR payment_pence <> 0)
""")

MOST_KEPT = 100  # of each kind, the largest: what a page lists

Mark = tuple[datetime | None, int, date]


def read(
    connection: Connection, ledger: Ledger, authority: str, asked: Asked, known_at: datetime | None = None
) -> list[Exceptional]:
    """The exceptions of one authority's year, kind by kind, the largest first."""
    commitments = known.of_year(connection, authority, asked.year, known_at)
    contexts = ledger.contexts(connection, known.keyed(authority, commitments))
    found = [
        exceptional
        for id, one in commitments.items()
        for exceptional in exceptions_of(id, one.folded, one.posted, contexts[authority], asked)
    ]
    kinds = list(Kind)
    return sorted(found, key=lambda e: (kinds.index(e.kind), -e.amount_pence, e.commitment_id))


@dataclass(frozen=True, slots=True)
class Found:
    """The exceptions of one kind in one year: how many, what they come to, and the largest of them."""

    count: int
    pence: int
    largest: Sequence[Exceptional]


@dataclass(slots=True)
class Counting:
    """The exceptions of each year and kind, looked for again in the background where something moved."""

    engine: Engine
    ledger: Ledger
    unpaid_days: int
    found: dict[str, dict[tuple[int, Kind], Found]] = field(default_factory=dict)
    _marks: dict[str, Mark] = field(default_factory=dict)

    def count(self) -> bool:
        """Count one authority that moved since it was last counted, the longest ago first; whether some are left."""
        today = self.ledger.today()
        with reading(self.engine) as connection:
            marks: dict[str, Mark] = {r.authority: (r.moved, r.unknown, today) for r in connection.execute(_MARKS)}
        counted = {authority: order for order, authority in enumerate(self._marks)}
        moved = [authority for authority, mark in marks.items() if self._marks.get(authority) != mark]
        if moved:
            authority = min(moved, key=lambda one: counted.get(one, -1))
            self.found[authority] = self._looked(authority, today)
            self._marks.pop(authority, None)  # so that it stands last
            self._marks[authority] = marks[authority]
        return len(moved) > 1

    def _looked(self, authority: str, today: date) -> dict[tuple[int, Kind], Found]:
        latest = financial_year(today)
        with reading(self.engine) as connection:
            binds = {"authority": authority, "total": TOTAL, "latest": latest}
            years = {row.financial_year for row in connection.execute(_YEARS, binds)} | {latest}
            found: dict[tuple[int, Kind], Found] = {}
            for year in sorted(years):
                asked = Asked(year, today, self.unpaid_days)
                by_kind: dict[Kind, list[Exceptional]] = {kind: [] for kind in Kind}
                for one in read(connection, self.ledger, authority, asked):
                    by_kind[one.kind].append(one)
                for kind, ones in by_kind.items():
                    found[year, kind] = Found(len(ones), sum(one.amount_pence for one in ones), ones[:MOST_KEPT])
        return found
