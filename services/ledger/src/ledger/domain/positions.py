"""A position: what the postings of a financial year come to, line by line and in total."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hnb.provisions import Fund, fund_of
from ledger.domain.schedules import Kind


@dataclass(frozen=True, slots=True)
class Figures:
    """One line (or the total) of a position, in pence. `headroom` below zero is the overspend."""

    budget_pence: int = 0
    committed_pence: int = 0
    spent_pence: int = 0
    provisional_pence: int = 0
    contingent_pence: int = 0

    @property
    def headroom_pence(self) -> int:
        return self.budget_pence - self.committed_pence - self.spent_pence

    @property
    def cost_pence(self) -> int:
        """Committed and spent together: what the year costs as known."""
        return self.committed_pence + self.spent_pence


def figures(sums: Mapping[str, int]) -> Figures:
    """The figures of a line from the net pence of each kind of posting on it."""
    spent = sums.get(Kind.PAYMENT, 0)
    provisional = sums.get(Kind.PROVISIONAL, 0)
    return Figures(
        budget_pence=sums.get(Kind.BUDGET, 0),
        committed_pence=sums.get(Kind.COMMITMENT, 0) + provisional - spent,
        spent_pence=spent,
        provisional_pence=provisional,
        contingent_pence=sums.get(Kind.EXPOSURE, 0),
    )


def in_total(line: str) -> bool:
    """Whether a line is part of the High Needs Block's total; general-fund lines stand beside it."""
    return line in ("grant", "reserve") or fund_of(line) is Fund.HIGH_NEEDS


@dataclass(frozen=True, slots=True)
class Reserve:
    """The year's grant and the reserve it leads to, in pence; a deficit is negative."""

    grant_pence: int
    opening_pence: int
    cost_pence: int

    @property
    def in_year_pence(self) -> int:
        return self.grant_pence - self.cost_pence

    @property
    def closing_pence(self) -> int:
        return self.opening_pence + self.in_year_pence


def add_up(lines: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The sums of several lines, kind by kind."""
    total: dict[str, int] = dict.fromkeys(Kind, 0)
    for line in lines:
        for kind, pence in line.items():
            total[kind] += pence
    return total
