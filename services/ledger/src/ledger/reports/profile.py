"""The profile of a financial year by month: what falls due and what is paid, line by line, summing to the position."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ledger.domain.positions import in_total
from ledger.domain.profiles import MONTHS, due_by_month, paid_by_month
from ledger.handlers import Ledger
from ledger.reports import known
from ledger.store import TOTAL


@dataclass(frozen=True, slots=True)
class Months:
    """Pence falling due and paid in each month of a financial year, April first."""

    due: list[int]
    paid: list[int]


def read(
    connection: Connection, ledger: Ledger, authority: str, year: int, known_at: datetime | None
) -> dict[str, Months]:
    """Each line's months, and under `total` those of the High Needs Block together."""
    commitments = known.of_year(connection, authority, year, known_at)
    contexts = ledger.contexts(connection, known.keyed(authority, commitments))
    lines: dict[str, Months] = defaultdict(lambda: Months([0] * MONTHS, [0] * MONTHS))
    for one in commitments.values():
        for line, due in due_by_month(one.folded, one.posted, contexts[authority], year).items():
            _add(lines[line].due, due)
        for line, paid in paid_by_month(one.folded.payments, one.posted, year).items():
            _add(lines[line].paid, paid)
    block = [months for line, months in sorted(lines.items()) if in_total(line)]
    total = Months(_sum(m.due for m in block), _sum(m.paid for m in block))
    return dict(sorted(lines.items())) | {TOTAL: total}


def _add(months: list[int], more: list[int]) -> None:
    for month, pence in enumerate(more):
        months[month] += pence


def _sum(lines: Iterable[list[int]]) -> list[int]:
    months = [0] * MONTHS
    for line in lines:
        _add(months, line)
    return months
