"""Plans measured in the background, so that their page need not wait while every commitment of a year is folded."""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Engine, text

from hnb.database import reading
from ledger.handlers import Ledger
from ledger.recovery import composing
from ledger.recovery.lines import Years

# A plan is measured again once the books of its authority have moved, it has another version, or a day has gone by.
_MARKS = text("""
    SELECT p.authority, max(p.number) AS version,
        (SELECT max(b.recorded_at) FROM balances b WHERE b.authority = p.authority) AS moved
    FROM recovery_plans p GROUP BY p.authority ORDER BY p.authority
""")

Mark = tuple[datetime | None, int, date]


@dataclass(slots=True)
class Ready:
    """What each plan was measured by last, and when that was known."""

    engine: Engine
    ledger: Ledger
    years: Years
    known_at: dict[str, datetime] = field(default_factory=dict)
    _marks: dict[str, Mark] = field(default_factory=dict)

    def measure(self) -> bool:
        """Measure one plan whose authority moved since it was last measured; whether some are left."""
        today = self.ledger.today()
        with reading(self.engine) as connection:
            marks = {row.authority: (row.moved, row.version, today) for row in connection.execute(_MARKS)}
            measured = {authority: order for order, authority in enumerate(self._marks)}
            moved = [authority for authority, mark in marks.items() if self._marks.get(authority) != mark]
            if moved:
                authority = min(moved, key=lambda one: measured.get(one, -1))
                found = composing.report(connection, self.ledger, self.years, authority, None, None)
                if found is not None:
                    self.known_at[authority] = found.known_at
                self._marks.pop(authority, None)  # so that it stands last
                self._marks[authority] = marks[authority]
        return len(moved) > 1
