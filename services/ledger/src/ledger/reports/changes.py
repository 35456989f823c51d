"""What moved between two moments of knowledge: each figure of each line, and the commitments and events behind it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from hnb.events import GRANT_LINE
from hnb.provisions import fund_of
from ledger.domain.positions import Figures, Reserve, add_up, figures, in_total
from ledger.domain.schedules import RESERVE_LINE, Kind
from ledger.handlers import COMMITMENT
from ledger.positions import line_figures, reserve_figures
from ledger.reports.known import SIGNED, TARGETS

_MOVED = text(f"""
    SELECT m.*, i.type, i.time FROM (
        SELECT p.line, p.about, p.event_source, p.event_id, p.financial_year <> :year AS following, p.kind,
            sum({SIGNED})::bigint AS pence
        FROM postings p {TARGETS}
        WHERE p.authority = :authority AND p.financial_year IN (:year, :year + 1)
        AND p.recorded_at > :since AND p.recorded_at <= :until
        GROUP BY p.line, p.about, p.event_source, p.event_id, following, p.kind HAVING sum({SIGNED}) <> 0
    ) AS m LEFT JOIN inbox i ON i.source = m.event_source AND i.id = m.event_id
""")  # noqa: S608


@dataclass(slots=True)
class Sums:
    """Net pence by kind, in the year asked for and in the one that follows it."""

    now: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    following: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, row: Row[tuple[object, ...]]) -> None:
        (self.following if row.following else self.now)[row.kind] += row.pence

    @property
    def figures(self) -> Figures:
        return figures(self.now)

    @property
    def full_year_effect(self) -> int:
        """What the movement costs in the following year; budgets and the grant of that year are none of this one's."""
        return figures(self.following).cost_pence

    @property
    def moved(self) -> bool:
        return any(self.now.values()) or self.full_year_effect != 0


@dataclass(slots=True)
class Cause(Sums):
    """An event and the pence it moved; the empty event where time or another commitment's price moved them."""

    source: str | None = None
    id: str | None = None
    type: str | None = None
    time: datetime | None = None


@dataclass(slots=True)
class Part(Sums):
    """A commitment, or a budget that was set, and the events that moved it."""

    about: str = ""
    causes: dict[tuple[str | None, str | None], Cause] = field(default_factory=dict)

    @property
    def commitment_id(self) -> str | None:
        return self.about.removeprefix(COMMITMENT) if self.about.startswith(COMMITMENT) else None


@dataclass(slots=True)
class LineMoved(Sums):
    """One line's movement and its parts, the largest first."""

    line: str = ""
    parts: dict[str, Part] = field(default_factory=dict)

    def largest_first(self) -> list[Part]:
        def size(part: Part) -> int:
            f = part.figures
            return abs(f.cost_pence) + abs(f.budget_pence) + abs(f.contingent_pence) + abs(f.spent_pence)

        parts = [part for part in self.parts.values() if part.moved or any(c.moved for c in part.causes.values())]
        return sorted(parts, key=lambda part: (-size(part), part.about))


def read(connection: Connection, authority: str, year: int, since: datetime, until: datetime) -> list[LineMoved]:
    """Each line that moved, `grant` and `reserve` among them."""
    binds = {"authority": authority, "year": year, "since": since, "until": until}
    lines: dict[str, LineMoved] = {}
    for row in connection.execute(_MOVED, binds):
        line = lines.setdefault(row.line, LineMoved(line=row.line))
        part = line.parts.setdefault(row.about, Part(about=row.about))
        key = (row.event_source, row.event_id)
        cause = part.causes.setdefault(key, Cause(source=key[0], id=key[1], type=row.type, time=row.time))
        for sums in (line, part, cause):
            sums.add(row)
    return [line for _, line in sorted(lines.items()) if line.largest_first()]


def as_json(lines: Sequence[LineMoved], most: int) -> dict[str, Any]:
    """Movements under the names of the position's own figures; of each line the largest parts, and a remainder."""
    block = [line for line in lines if in_total(line.line)]
    sums = add_up(line.now for line in block)
    total = figures(sums)
    reserve = Reserve(sums[Kind.GRANT], sums[Kind.RESERVE], total.cost_pence)
    effect = sum(line.full_year_effect for line in block)
    return {
        "lines": [_line(line, most) for line in lines if line.line not in (GRANT_LINE, RESERVE_LINE)],
        "total": {**line_figures(total, effect), **reserve_figures(reserve)},
        "total_change_pence": total.cost_pence,
        "funding": [
            {"line": line.line, "change_pence": sum(line.now.values()), "events": _events(part)}
            for line in lines if line.line in (GRANT_LINE, RESERVE_LINE) for part in line.largest_first()
        ],
    }  # fmt: skip


def _line(line: LineMoved, most: int) -> dict[str, Any]:
    parts = line.largest_first()
    listed, rest = parts[:most], Sums()
    for part in parts[most:]:
        for sums, more in ((rest.now, part.now), (rest.following, part.following)):
            for kind, pence in more.items():
                sums[kind] += pence
    commitments = [part for part in listed if part.commitment_id is not None]
    return {
        "provision": line.line, "fund": fund_of(line.line), **_figures(line),
        "commitments": [
            {"commitment_id": part.commitment_id, **_figures(part), "events": _events(part)} for part in commitments
        ],
        "budgets": [
            {**_figures(part), "events": _events(part)} for part in listed if part.commitment_id is None
        ],
        "remainder": {"parts": len(parts) - len(listed), **_figures(rest)},
    }  # fmt: skip


def _events(part: Part) -> list[dict[str, Any]]:
    return [
        {"source": cause.source, "id": cause.id, "type": cause.type, "time": cause.time, **_figures(cause)}
        for cause in part.causes.values() if cause.moved
    ]  # fmt: skip


def _figures(sums: Sums) -> dict[str, int]:
    """By how much each figure moved; `change_pence` is what the cost moved by, paid or not."""
    return {"change_pence": sums.figures.cost_pence, **line_figures(sums.figures, sums.full_year_effect)}
