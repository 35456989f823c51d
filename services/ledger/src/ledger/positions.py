"""Positions read from the balances or, as known at a past moment, from the postings; and said as they change."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, RowMapping, text

from hnb import outbox
from hnb.database import arrays, transaction
from hnb.events import OWN_SOURCES, Driver, PositionChanged, make_event
from hnb.provisions import LINES, Fund, fund_of
from ledger import held, leads
from ledger.domain.positions import Figures, Reserve, figures
from ledger.domain.schedules import Kind
from ledger.held import Caused, EventKey
from ledger.store import TOTAL

SOURCE = OWN_SOURCES["ledger"]
SAID_AT_ONCE = 200
DRIVERS = 10
SAY_LOCK = 0x534159  # "SAY"

Sums = Mapping[str, int]
_COLUMNS = ", ".join(f"{kind}_pence AS {kind}" for kind in Kind)
_NOW = text(f"SELECT line, {_COLUMNS} FROM balances WHERE authority = :authority AND financial_year = :year")  # noqa: S608
_THEN = text(f"""
    SELECT b.line, h.* FROM balances b CROSS JOIN LATERAL (
        SELECT {_COLUMNS} FROM balance_history h
        WHERE h.authority = b.authority AND h.financial_year = b.financial_year AND h.line = b.line
        AND h.recorded_at <= :known_at ORDER BY h.recorded_at DESC LIMIT 1
    ) h WHERE b.authority = :authority AND b.financial_year = :year
""")  # noqa: S608 - the names are the members of an enum
_CLOCK = text("SELECT recorded_at FROM clock")


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


def read(connection: Connection, authority: str, year: int, known_at: datetime | None) -> Position:
    """The position now, or as it was known at a past moment."""
    sums = _sums(connection, authority, year, known_at)
    following = _sums(connection, authority, year + 1, known_at)
    return _position(authority, year, known_at or connection.execute(_CLOCK).scalar_one(), sums, following)


def _sums(connection: Connection, authority: str, year: int, known_at: datetime | None) -> Mapping[str, Sums]:
    """Net pence of each kind, per line; the grant and the reserve belong to the total alone."""
    binds = {"authority": authority, "year": year}
    rows = (
        connection.execute(_NOW, binds)
        if known_at is None
        else connection.execute(_THEN, {**binds, "known_at": known_at})
    )
    return {row["line"]: {kind: row[kind] for kind in Kind} for row in rows.mappings()}


def _position(
    authority: str, year: int, known_at: datetime, sums: Mapping[str, Sums], following: Mapping[str, Sums]
) -> Position:
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


_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_UNSAID = """
    SELECT b.authority, b.financial_year, b.line, b.version, b.said_at, b.recorded_at, {columns},
        coalesce(l.lead, 0) AS lead
    FROM balances b {join} leads l USING (authority, financial_year, line)
    WHERE {which} ORDER BY b.recorded_at LIMIT :most FOR UPDATE OF b SKIP LOCKED
"""
_NEW = text(_UNSAID.format(columns=_COLUMNS, join="LEFT JOIN", which="b.version > b.said_version"))
_OWED = text(_UNSAID.format(columns=_COLUMNS, join="JOIN", which="l.owed AND b.version = b.said_version"))
_FOLLOWING = text(f"""
    SELECT b.authority, b.financial_year, b.line, {_COLUMNS} FROM balances b
    JOIN unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]))
        AS k (authority, financial_year, line) USING (authority, financial_year, line)
""")  # noqa: S608
_MOVED = text("""
    WITH moved AS (
        SELECT about, sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END)::bigint AS pence
        FROM postings
        WHERE authority = :authority AND financial_year = :year AND kind IN ('commitment', 'provisional')
        AND line = ANY(:lines) AND recorded_at > coalesce(:since, '-infinity'::timestamptz)
        GROUP BY about HAVING sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END) <> 0
    )
    SELECT about, pence, count(*) OVER () AS commitments, (sum(pence) OVER ())::bigint AS change FROM moved
    ORDER BY abs(pence) DESC, about LIMIT :most
""")
_SAID = text("""
    UPDATE balances b SET said_version = k.version, said_at = k.recorded_at
    FROM unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]),
        CAST(:versions AS bigint[]), CAST(:moments AS timestamptz[]))
        AS k (authority, financial_year, line, version, recorded_at)
    WHERE b.authority = k.authority AND b.financial_year = k.financial_year AND b.line = k.line
""")


def say_changes(engine: Engine) -> bool:
    """Say every line that changed since it was last said; whether there may be more.

    Changes that come quicker than this runs are said as one, with the commitments behind all of them.
    """
    with transaction(engine) as connection:
        if not connection.scalar(_LOCK, {"key": SAY_LOCK}):
            return False
        rows = [*connection.execute(_NEW, {"most": SAID_AT_ONCE}).mappings()]
        rows += connection.execute(_OWED, {"most": SAID_AT_ONCE - len(rows)}).mappings()
        if not rows:
            return False
        keys = [(row["authority"], row["financial_year"], row["line"]) for row in rows]
        next_year = arrays("authorities years lines", [(authority, year + 1, line) for authority, year, line in keys])
        following: dict[tuple[str, int, str], Sums] = {
            (r["authority"], r["financial_year"] - 1, r["line"]): {kind: r[kind] for kind in Kind}
            for r in connection.execute(_FOLLOWING, next_year).mappings()
        }
        changes = [
            (_unsaid(row, following.get(key, {})), row, _moved(connection, row))
            for key, row in zip(keys, rows, strict=True)
        ]
        known = held.days(connection, [cause for _, _, moved in changes for cause in moved.causes])
        messages = [("position", _changed(position, row, moved, known)) for position, row, moved in changes]
        outbox.say(connection, messages)
        said = [(*key, row["version"], row["recorded_at"]) for key, row in zip(keys, rows, strict=True)]
        connection.execute(_SAID, arrays("authorities years lines versions moments", said))
        leads.said(connection, [(*key, row["lead"]) for key, row in zip(keys, rows, strict=True) if row["lead"]])
    return len(rows) == SAID_AT_ONCE


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved a line since it was last said: the commitments, the largest first, and the events behind them."""

    drivers: Sequence[Row[Any]]
    causes: Sequence[Caused]


def _unsaid(row: RowMapping, following: Sums) -> Position:
    line: str = row["line"]
    sums: Sums = {kind: row[kind] for kind in Kind}
    return _position(row["authority"], row["financial_year"], row["recorded_at"], {line: sums}, {line: following})


def _moved(connection: Connection, row: RowMapping) -> Moved:
    binds = {
        "authority": row["authority"], "year": row["financial_year"], "since": row["said_at"],
        "lines": high_needs_lines() if row["line"] == TOTAL else [row["line"]],
    }  # fmt: skip
    drivers = connection.execute(_MOVED, binds | {"most": DRIVERS}).all()
    return Moved(drivers, held.caused(connection, binds))


def _changed(position: Position, row: RowMapping, behind: Moved, known: Mapping[EventKey, date]) -> str:
    line, version, moved = row["line"], row["version"] + row["lead"], behind.drivers
    is_total = line == TOTAL
    of_line = position.total if is_total else position.lines[line]
    change = moved[0].change if moved else 0
    data = PositionChanged(
        financial_year=position.year,
        provision=line,
        fund=Fund.HIGH_NEEDS if is_total else fund_of(line),
        version=version,
        recorded_at=position.known_at,
        **line_figures(of_line, position.full_year_effect.get(line, 0)),
        change_pence=change,
        drivers=[Driver(commitment_id=m.about.partition("/")[2], amount_pence=m.pence) for m in moved],
        remainder_count=(moved[0].commitments if moved else 0) - len(moved),
        remainder_pence=change - sum(m.pence for m in moved),
        held=held.held(behind.causes, known),
        **(reserve_figures(position.reserve) if is_total else {}),
    )
    return make_event(
        "hnb.position-changed.v1",
        source=SOURCE,
        # With the moment: a ledger that was restored may come to this version a second time, with other figures.
        id=f"{position.authority}/{position.year}/{line}/{version}/{position.known_at:%Y%m%dT%H%M%S.%f}",
        time=position.known_at.astimezone(UTC),
        authority=position.authority,
        data=data,
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
    SELECT authority, financial_year, line, recorded_at, {_COLUMNS} FROM balances
    ORDER BY authority, financial_year, line
""")  # noqa: S608


def all_now(connection: Connection) -> Iterable[tuple[str, int, str, datetime, Sums]]:
    """Every line of every position as it stands: authority, year, line, when it last moved, net pence by kind."""
    for row in connection.execute(_ALL).mappings():
        yield (
            row["authority"], row["financial_year"], row["line"], row["recorded_at"], {kind: row[kind] for kind in Kind}
        )  # fmt: skip
