"""Positions as alerting knows them: the latest of each line, with the commitments behind the way there."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from hnb.events import Driver, PositionChanged

TOTAL = "total"
DRIVERS = 10

LineKey = tuple[str, int, str]  # authority, financial year, provision line (or `total`)


@dataclass(frozen=True, slots=True)
class Position:
    """One line of a position at its latest version, in pence, and what moved it since the version known before."""

    authority: str
    financial_year: int
    scope: str
    version: int
    recorded_at: datetime
    budget_pence: int
    committed_pence: int
    spent_pence: int
    headroom_pence: int
    grant_pence: int | None
    reserve_closing_pence: int | None
    change_pence: int
    drivers: tuple[Driver, ...]
    remainder_pence: int
    held: tuple[tuple[date, int], ...] = ()  # the change by the day from which what caused it held

    @property
    def known_at(self) -> datetime:
        return self.recorded_at

    @property
    def key(self) -> LineKey:
        return self.authority, self.financial_year, self.scope

    @property
    def cost_pence(self) -> int:
        """Committed and spent together."""
        return self.committed_pence + self.spent_pence

    def costing_more(self, pence: int) -> "Position":
        """The same position with so much more committed, and the reserve so much worse."""
        closing = self.reserve_closing_pence
        return replace(
            self,
            committed_pence=self.committed_pence + pence,
            headroom_pence=self.headroom_pence - pence,
            reserve_closing_pence=None if closing is None else closing - pence,
        )


def latest(said: Iterable[tuple[str, PositionChanged]], known: Mapping[LineKey, int]) -> list[Position]:
    """The newest version of each line that is newer than the one known, in the order of their keys.

    Older versions change nothing, whenever and however often they come. Where several newer ones come at once, the
    commitments behind all of them are added up: the last step alone would hide what caused a crossing.
    """
    newer: dict[LineKey, dict[int, PositionChanged]] = defaultdict(dict)
    for authority, data in said:
        key = (authority, data.financial_year, data.provision)
        if data.version > known.get(key, 0):
            newer[key][data.version] = data
    return [_position(key[0], [versions[v] for v in sorted(versions)]) for key, versions in sorted(newer.items())]


def _position(authority: str, steps: Sequence[PositionChanged]) -> Position:
    last = steps[-1]
    moved: dict[str, int] = defaultdict(int)
    for step in steps:
        for driver in step.drivers:
            moved[driver.commitment_id] += driver.amount_pence
    ordered = sorted(moved.items(), key=lambda one: (-abs(one[1]), one[0]))
    drivers = tuple(Driver(commitment_id=c, amount_pence=p) for c, p in ordered[:DRIVERS] if p)
    change = sum(step.change_pence for step in steps)
    held: dict[date, int] = defaultdict(int)
    for step in steps:
        for part in step.held or ():
            held[part.held_from] += part.amount_pence
    return Position(
        authority=authority,
        financial_year=last.financial_year,
        scope=last.provision,
        version=last.version,
        recorded_at=last.recorded_at,
        budget_pence=last.budget_pence,
        committed_pence=last.committed_pence,
        spent_pence=last.spent_pence,
        headroom_pence=last.headroom_pence,
        grant_pence=last.grant_pence,
        reserve_closing_pence=last.reserve_closing_pence,
        change_pence=change,
        drivers=drivers,
        remainder_pence=change - sum(driver.amount_pence for driver in drivers),
        held=tuple(sorted((day, pence) for day, pence in held.items() if pence)),
    )
