"""What a plan is measured by: each line of a financial year by month, and on a day, as known at a moment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection, text

from hnb.calendar import year_end
from ledger.domain.commitments import Agreed
from ledger.domain.disclosure import FEW
from ledger.domain.profiles import MONTHS, due_by, due_by_month, paid_by_month, paid_for, posted_cost
from ledger.domain.recovery.measuring import LineYear, OnDay
from ledger.domain.schedules import Context
from ledger.handlers import Ledger
from ledger.reports import known

MOST_KEPT = 500
_MOVED = text("SELECT max(recorded_at) FROM balances WHERE authority = :authority")


@dataclass(frozen=True, slots=True)
class YearKnown:
    """One financial year of an authority as known at a moment."""

    months: Mapping[str, LineYear]
    days: Mapping[date, Mapping[str, OnDay]]  # each line on the days that were asked for
    small: frozenset[str]  # lines on which few children, or chiefly one, cost anything


@dataclass(slots=True)
class _Counted:
    commitments: int = 0
    placements: int = 0
    prices: list[int] = field(default_factory=list)
    due: int = 0
    paid: int = 0

    def count(self, agreed: Agreed, horizon: date) -> None:
        self.commitments += 1
        if agreed.kind == "placement":
            self.placements += 1
            price = agreed.annual_pence(horizon)
            if price is not None:
                self.prices.append(price)

    def as_day(self) -> OnDay:
        return OnDay(self.commitments, self.placements, len(self.prices), sum(self.prices), self.due, self.paid)


class Years:
    """Years as known, kept a while: what was known at a moment is never anything else."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._kept: dict[tuple[str, int, datetime], YearKnown] = {}

    def of(
        self, connection: Connection, authority: str, year: int, known_at: datetime, days: Set[date] = frozenset()
    ) -> YearKnown:
        """A year, and its lines on some of its days; read once from one movement of the books to the next."""
        key = authority, year, min(known_at, connection.scalar(_MOVED, {"authority": authority}) or known_at)
        found = self._kept.get(key)
        if found is None or not days <= found.days.keys():
            found = read(connection, self._ledger, *key, days if found is None else days | found.days.keys())
            self._kept.pop(key, None)
            while len(self._kept) >= MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = found
        return found


def read(
    connection: Connection, ledger: Ledger, authority: str, year: int, known_at: datetime, days: Set[date]
) -> YearKnown:
    """All commitments of the year, folded once, and what they come to by line, month and day."""
    commitments = known.of_year(connection, authority, year, known_at)
    contexts = ledger.contexts(connection, known.keyed(authority, commitments))
    due: dict[str, list[int]] = defaultdict(lambda: [0] * MONTHS)
    paid: dict[str, list[int]] = defaultdict(lambda: [0] * MONTHS)
    children: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in commitments.values():
        for line, months in due_by_month(one.folded, one.posted, contexts[authority], year).items():
            due[line] = [a + b for a, b in zip(due[line], months, strict=True)]
        for line, months in paid_by_month(one.folded.payments, one.posted, year).items():
            paid[line] = [a + b for a, b in zip(paid[line], months, strict=True)]
        who = next((agreed.child_ref for agreed in one.folded.agreed if agreed.child_ref), None)
        for line, amount in posted_cost(one.posted).items():
            if who is not None:
                children[line][who] += amount.pence
    return YearKnown(
        {line: LineYear(due[line], paid[line]) for line in sorted(due.keys() | paid.keys())},
        {day: _on(day, year, commitments.values(), contexts.get(authority)) for day in days},
        frozenset(line for line, of in children.items() if _few(of)),
    )


def _on(day: date, year: int, commitments: Iterable[known.Known], context: Context | None) -> dict[str, OnDay]:
    """Each line on a day of the year. A commitment counts where it costs the year anything."""
    found: dict[str, _Counted] = defaultdict(_Counted)
    if context is None:
        return {}
    for one in commitments:
        costs = posted_cost(one.posted)
        for agreed in one.folded.agreed:
            if str(agreed.provision) in costs and _in_force(agreed, day):
                found[str(agreed.provision)].count(agreed, context.horizon)
        for line, pence in due_by(one.folded, context, year, min(day, year_end(year))).items():
            if line in costs:
                found[line].due += min(pence, costs[line].pence)
        left = paid_for(one.folded, year, day)
        for line, cost in sorted(costs.items()):  # what is paid beyond what it costs is in no position either
            found[line].paid += min(left, cost.pence)
            left -= min(left, cost.pence)
    return {line: one.as_day() for line, one in found.items()}


def _few(pence_of: Mapping[str, int]) -> bool:
    return len(pence_of) < FEW or 2 * max(pence_of.values()) > sum(pence_of.values())


def _in_force(agreed: Agreed, day: date) -> bool:
    return not agreed.paid_by_dfe and agreed.start <= day and (agreed.end is None or agreed.end >= day)
