"""Exceptions of a financial year for finance to look at, asked of the ledger and counted for Prometheus."""

from collections import Counter
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


@dataclass(slots=True)
class Counting:
    """How many exceptions of each kind there are, counted again in the background where something moved."""

    engine: Engine
    ledger: Ledger
    unpaid_days: int
    counts: dict[str, dict[tuple[int, Kind], int]] = field(default_factory=dict)
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
            self.counts[authority] = self._counted(authority, today)
            self._marks.pop(authority, None)  # so that it stands last
            self._marks[authority] = marks[authority]
        return len(moved) > 1

    def _counted(self, authority: str, today: date) -> dict[tuple[int, Kind], int]:
        latest = financial_year(today)
        with reading(self.engine) as connection:
            binds = {"authority": authority, "total": TOTAL, "latest": latest}
            years = {row.financial_year for row in connection.execute(_YEARS, binds)} | {latest}
            found: Counter[tuple[int, Kind]] = Counter()
            for year in sorted(years):
                found.update(dict.fromkeys([(year, kind) for kind in Kind], 0))
                asked = Asked(year, today, self.unpaid_days)
                found.update((year, one.kind) for one in read(connection, self.ledger, authority, asked))
        return dict(found)
