"""What a plan is measured by: each line of a financial year by month, and on a day, as known at a moment."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import Connection

from hnb.calendar import year_end
from ledger.domain.commitments import Agreed
from ledger.domain.profiles import MONTHS, due_by, due_by_month, paid_by_month, paid_for, posted_cost
from ledger.domain.recovery.measuring import LineYear, OnDay
from ledger.domain.schedules import Context
from ledger.handlers import Ledger
from ledger.reports import known

FEW = 5  # children; of fewer nothing is told in public
MOST_KEPT = 8  # a year of a large council is some tens of megabytes
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class YearKnown:
    """One financial year of an authority as known at a moment."""

    commitments: Mapping[str, known.Known]
    context: Context | None
    year: int
    months: Mapping[str, LineYear]
    small: frozenset[str]  # lines on which few children, or chiefly one, cost anything

    def on(self, day: date) -> dict[str, OnDay]:
        """Each line on a day of the year. A commitment counts where it costs the year anything."""
        found: dict[str, _Counted] = defaultdict(_Counted)
        for one in self.commitments.values():
            assert self.context is not None
            costs = posted_cost(one.posted)
            horizon = self.context.horizon
            for agreed in one.folded.agreed:
                if str(agreed.provision) in costs and _in_force(agreed, day):
                    found[str(agreed.provision)].count(agreed, horizon)
            for line, pence in due_by(one.folded, self.context, self.year, min(day, year_end(self.year))).items():
                if line in costs:
                    found[line].due += min(pence, costs[line].pence)
            left = paid_for(one.folded, self.year, day)
            for line, cost in sorted(costs.items()):  # what is paid beyond what it costs is in no position either
                found[line].paid += min(left, cost.pence)
                left -= min(left, cost.pence)
        return {line: one.as_day() for line, one in found.items()}


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
        self._days: dict[tuple[str, int, datetime, date], dict[str, OnDay]] = {}

    def of(self, connection: Connection, authority: str, year: int, known_at: datetime) -> YearKnown:
        key = authority, year, known_at
        return _keep(self._kept, key, lambda: read(connection, self._ledger, authority, year, known_at))

    def on(self, connection: Connection, authority: str, year: int, known_at: datetime, day: date) -> dict[str, OnDay]:
        key = authority, year, known_at, day
        return _keep(self._days, key, lambda: self.of(connection, authority, year, known_at).on(day))


def read(connection: Connection, ledger: Ledger, authority: str, year: int, known_at: datetime) -> YearKnown:
    """All commitments of the year, folded once, and what they come to by line and month."""
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
    months_of = {line: LineYear(due[line], paid[line]) for line in sorted(due.keys() | paid.keys())}
    small = frozenset(line for line, of in children.items() if _few(of))
    return YearKnown(commitments, contexts.get(authority), year, months_of, small)


def _few(pence_of: Mapping[str, int]) -> bool:
    return len(pence_of) < FEW or 2 * max(pence_of.values()) > sum(pence_of.values())


def _in_force(agreed: Agreed, day: date) -> bool:
    return not agreed.paid_by_dfe and agreed.start <= day and (agreed.end is None or agreed.end >= day)


def _keep(kept: dict[K, V], key: K, made: Callable[[], V]) -> V:
    if key not in kept:
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[key] = made()
    return kept[key]
