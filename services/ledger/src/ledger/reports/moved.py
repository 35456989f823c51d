"""What moved a year between two moments, shortly: by line from the balances, and the commitments that moved it most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from ledger import positions
from ledger.domain.positions import in_total
from ledger.domain.schedules import Kind
from ledger.handlers import COMMITMENT

# The span's postings are read once: looked up again for each commitment, a table whose statistics are not made yet was
# gone through as often as there are movers.
_MOST = text("""
    WITH span AS MATERIALIZED (
        SELECT id, about, line, amount_pence, event_source, event_id,
            CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END AS pence
        FROM postings WHERE authority = :authority AND financial_year = :year AND kind = ANY(:kinds)
        AND starts_with(about, :prefix) AND recorded_at > :since AND recorded_at <= :until
    ), moved AS (
        SELECT about, line, sum(pence)::bigint AS pence FROM span GROUP BY about, line
    ), most AS (SELECT * FROM moved WHERE pence <> 0 ORDER BY abs(pence) DESC, about LIMIT :most),
    why AS (
        SELECT DISTINCT ON (s.about) s.about, i.type, i.time FROM span s
        JOIN inbox i ON i.source = s.event_source AND i.id = s.event_id
        WHERE s.about IN (SELECT about FROM most) ORDER BY s.about, s.amount_pence DESC, s.id DESC
    )
    SELECT m.about, m.line, m.pence, why.type, why.time FROM most m LEFT JOIN why USING (about)
    ORDER BY abs(m.pence) DESC, m.about
""")


@dataclass(frozen=True, slots=True)
class LineMoved:
    """How far one line's budget and cost moved, in pence."""

    line: str
    budget_pence: int
    cost_pence: int


@dataclass(frozen=True, slots=True)
class Mover:
    """One commitment, how far it moved its line, and the event behind the most of it: none where time moved it."""

    commitment_id: str
    line: str
    pence: int
    event_type: str | None
    event_time: datetime | None


def by_line(connection: Connection, authority: str, year: int, since: datetime, until: datetime) -> Sequence[LineMoved]:
    """The lines whose budget or cost is another at the later moment, the furthest moved first."""
    before = positions.read(connection, authority, year, since).lines
    after = positions.read(connection, authority, year, until).lines
    found = []
    for line in sorted(before.keys() | after.keys()):
        old, new = before.get(line), after.get(line)
        budget = (new.budget_pence if new else 0) - (old.budget_pence if old else 0)
        cost = (new.cost_pence if new else 0) - (old.cost_pence if old else 0)
        if (budget or cost) and in_total(line):
            found.append(LineMoved(line, budget, cost))
    return sorted(found, key=lambda one: -abs(one.cost_pence))


def most(
    connection: Connection, authority: str, year: int, since: datetime, until: datetime, at_most: int
) -> Sequence[Mover]:
    """The commitments whose cost moved furthest."""
    binds = {
        "authority": authority, "year": year, "kinds": [str(Kind.COMMITMENT), str(Kind.PROVISIONAL)],
        "prefix": COMMITMENT, "since": since, "until": until, "most": at_most,
    }  # fmt: skip
    return [
        Mover(row.about.removeprefix(COMMITMENT), row.line, row.pence, row.type, row.time)
        for row in connection.execute(_MOST, binds)
    ]
