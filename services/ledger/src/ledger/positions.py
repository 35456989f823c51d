"""Positions read from the balances or, as known at a past moment, from what those were."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.provisions import LINES, Fund
from ledger.domain.positions import Figures, Reserve, figures
from ledger.domain.schedules import Kind
from ledger.store import TOTAL

Sums = Mapping[str, int]
COLUMNS = ", ".join(f"{kind}_pence AS {kind}" for kind in Kind)
_NOW = text(f"SELECT line, {COLUMNS} FROM balances WHERE authority = :authority AND financial_year = :year")  # noqa: S608
_THEN = text(f"""
    SELECT b.line, h.* FROM balances b CROSS JOIN LATERAL (
        SELECT {COLUMNS} FROM balance_history h
        WHERE h.authority = b.authority AND h.financial_year = b.financial_year AND h.line = b.line
        AND h.recorded_at <= :known_at ORDER BY h.recorded_at DESC LIMIT 1
    ) h WHERE b.authority = :authority AND b.financial_year = :year
""")  # noqa: S608 - the names are the members of an enum
_CLOCK = text("SELECT recorded_at FROM clock")
_YEARS = text("""
    SELECT DISTINCT authority, financial_year FROM balances WHERE line = :total ORDER BY authority, financial_year DESC
""")


@dataclass(frozen=True, slots=True)
class Position:
    """What one authority's financial year comes to, as known at a moment."""

    authority: str
    year: int
    known_at: datetime
    lines: dict[str, Figures]
    total: Figures
    reserve: Reserve
    full_year_effect: dict[str, int]  # what each line's commitments, as known, cost in the following year


def years(connection: Connection) -> dict[str, list[int]]:
    """The financial years with anything in them, of every authority; the last first."""
    found: dict[str, list[int]] = {}
    for row in connection.execute(_YEARS, {"total": TOTAL}):
        found.setdefault(row.authority, []).append(row.financial_year)
    return found


def read(connection: Connection, authority: str, year: int, known_at: datetime | None) -> Position:
    """The position now, or as it was known at a past moment."""
    sums = _sums(connection, authority, year, known_at)
    following = _sums(connection, authority, year + 1, known_at)
    return position(authority, year, known_at or connection.execute(_CLOCK).scalar_one(), sums, following)


def _sums(connection: Connection, authority: str, year: int, known_at: datetime | None) -> Mapping[str, Sums]:
    """Net pence of each kind, per line; the grant and the reserve belong to the total alone."""
    binds = {"authority": authority, "year": year}
    rows = (
        connection.execute(_NOW, binds)
        if known_at is None
        else connection.execute(_THEN, {**binds, "known_at": known_at})
    )
    return {row["line"]: {kind: row[kind] for kind in Kind} for row in rows.mappings()}


def position(
    authority: str, year: int, known_at: datetime, sums: Mapping[str, Sums], following: Mapping[str, Sums]
) -> Position:
    """A position of these lines, whose sums of the following year are `following`."""
    total = figures(sums.get(TOTAL, {}))
    of_total = sums.get(TOTAL, {})
    return Position(
        authority,
        year,
        known_at,
        {line: figures(of_line) for line, of_line in sorted(sums.items()) if line != TOTAL},
        total,
        Reserve(of_total.get(Kind.GRANT, 0), of_total.get(Kind.RESERVE, 0), total.cost_pence),
        {line: figures(of_line).cost_pence for line, of_line in following.items()},
    )


def high_needs_lines() -> list[str]:
    """The lines that make up the total."""
    return [str(provision) for provision, line in LINES.items() if line.fund is Fund.HIGH_NEEDS]


def line_figures(of_line: Figures, full_year_effect: int) -> dict[str, int]:
    """A line's figures under the contract's names."""
    return {
        "budget_pence": of_line.budget_pence,
        "committed_pence": of_line.committed_pence,
        "spent_pence": of_line.spent_pence,
        "headroom_pence": of_line.headroom_pence,
        "provisional_pence": of_line.provisional_pence,
        "contingent_pence": of_line.contingent_pence,
        "full_year_effect_pence": full_year_effect,
    }


def reserve_figures(reserve: Reserve) -> dict[str, int]:
    """The grant and the reserve under the contract's names."""
    return {
        "grant_pence": reserve.grant_pence,
        "in_year_balance_pence": reserve.in_year_pence,
        "reserve_opening_pence": reserve.opening_pence,
        "reserve_closing_pence": reserve.closing_pence,
    }


_ALL = text(f"""
    SELECT authority, financial_year, line, recorded_at, {COLUMNS} FROM balances
    ORDER BY authority, financial_year, line
""")  # noqa: S608


def all_now(connection: Connection) -> Iterable[tuple[str, int, str, datetime, Sums]]:
    """Every line of every position as it stands: authority, year, line, when it last moved, net pence by kind."""
    for row in connection.execute(_ALL).mappings():
        yield (
            row["authority"], row["financial_year"], row["line"], row["recorded_at"], {kind: row[kind] for kind in Kind}
        )  # fmt: skip
