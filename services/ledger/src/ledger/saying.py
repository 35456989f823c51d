"""What the ledger says of its positions: each line as it moves, with what moved it; and any line once more."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, RowMapping, text

from hnb import outbox
from hnb.database import arrays, transaction
from hnb.events import OWN_SOURCES, Driver, PositionChanged, make_event
from hnb.provisions import Fund, fund_of
from ledger import held, traces
from ledger.domain.schedules import Kind
from ledger.held import Caused, EventKey
from ledger.positions import COLUMNS, Sums, high_needs_lines, line_figures, position, reserve_figures
from ledger.store import TOTAL

if TYPE_CHECKING:
    from hnb.tracing import Tracing

SOURCE = OWN_SOURCES["ledger"]
SAID_AT_ONCE = 200
DRIVERS = 10
SAY_LOCK = 0x534159  # "SAY"

Line = tuple[str, int, str]  # authority, financial year, line
Movement = tuple[str, str | None, str | None, str, int]  # about, event source and id, the day of posting, pence

_TRY = text("SELECT pg_try_advisory_xact_lock(:key)")
_WAIT = text("SELECT pg_advisory_xact_lock(:key)")
# One statement, so that a line's figures and what moved it are of one moment: nobody who posts is kept waiting for it.
# An authority's lines together, those of the one that waits longest first: its postings are gone through once for all.
_UNSAID = text(f"""
    WITH unsaid AS MATERIALIZED (
        SELECT b.authority, b.financial_year, b.line, b.version, b.recorded_at, {COLUMNS}, coalesce(l.lead, 0) AS lead,
            s.recorded_at AS said_at
        FROM balances b LEFT JOIN said s USING (authority, financial_year, line)
        LEFT JOIN leads l USING (authority, financial_year, line)
        WHERE b.version > coalesce(s.version, 0) OR l.owed
        ORDER BY min(b.recorded_at) OVER (PARTITION BY b.authority), b.authority LIMIT :most
    ), since AS MATERIALIZED (
        SELECT u.authority, min(h.recorded_at) AS first FROM unsaid u CROSS JOIN LATERAL (
            SELECT recorded_at FROM balance_history h
            WHERE h.authority = u.authority AND h.financial_year = u.financial_year AND h.line = u.line
            AND h.recorded_at > coalesce(u.said_at, '-infinity') ORDER BY h.recorded_at LIMIT 1
        ) AS h GROUP BY u.authority
    ), moved AS (
        SELECT u.authority, u.financial_year, u.line, p.about, p.event_source, p.event_id,
            (p.recorded_at AT TIME ZONE 'UTC')::date AS recorded_on,
            sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END)::bigint AS pence
        FROM since CROSS JOIN LATERAL (
            SELECT * FROM postings p WHERE p.authority = since.authority AND p.recorded_at >= since.first
            AND p.kind IN ('commitment', 'provisional') OFFSET 0  -- kept apart: few authorities, each by the index
        ) AS p JOIN (
            SELECT u.*, n.line AS of_line FROM unsaid u CROSS JOIN
            unnest(CASE WHEN line = '{TOTAL}' THEN CAST(:high_needs AS text[]) ELSE ARRAY[line] END) AS n (line)
        ) u ON (u.authority, u.financial_year, u.of_line) = (p.authority, p.financial_year, p.line)
        WHERE p.recorded_at > coalesce(u.said_at, '-infinity')
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    )
    SELECT u.*, m.movements FROM unsaid u LEFT JOIN (
        SELECT authority, financial_year, line,
            json_agg(json_build_array(about, event_source, event_id, recorded_on, pence)) AS movements
        FROM moved GROUP BY 1, 2, 3
    ) AS m USING (authority, financial_year, line)
""")  # noqa: S608 - only names of this code are put in
_FOLLOWING = text(f"""
    SELECT b.authority, b.financial_year, b.line, {COLUMNS} FROM balances b
    JOIN unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]))
        AS k (authority, financial_year, line) USING (authority, financial_year, line)
""")  # noqa: S608
_SAID = text("""
    INSERT INTO said SELECT * FROM unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]),
        CAST(:versions AS bigint[]), CAST(:moments AS timestamptz[]))
    ON CONFLICT (authority, financial_year, line)
    DO UPDATE SET version = EXCLUDED.version, recorded_at = EXCLUDED.recorded_at
""")
_AGAIN = text("""
    INSERT INTO leads SELECT authority, financial_year, line, :lead, true FROM balances
    ON CONFLICT (authority, financial_year, line) DO UPDATE
    SET lead = greatest(leads.lead + 1, EXCLUDED.lead), owed = true
""")
_NOT_OWED = text("""
    UPDATE leads l SET owed = false
    FROM unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]))
        AS k (authority, financial_year, line)
    WHERE l.authority = k.authority AND l.financial_year = k.financial_year AND l.line = k.line
""")


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved a line since it was last said: pence by commitment, the largest first, and by event."""

    commitments: Sequence[tuple[str, int]]
    causes: Sequence[Caused]


def say_changes(engine: Engine, tracing: "Tracing | None" = None) -> bool:
    """Say every line that changed since it was last said; whether there may be more.

    Changes that come quicker than this runs are said as one, with the commitments behind all of them.
    """
    with ExitStack() as spans, transaction(engine) as connection:
        if not connection.scalar(_TRY, {"key": SAY_LOCK}):
            return False
        binds = {"most": SAID_AT_ONCE, "high_needs": high_needs_lines()}
        rows = {_line(row): row for row in connection.execute(_UNSAID, binds).mappings()}
        if not rows:
            return False
        following = _following(connection, rows)
        moved = {line: what_moved(row["movements"] or []) for line, row in rows.items()}
        known = held.days(connection, [cause for one in moved.values() for cause in one.causes])
        outbox.say(
            connection,
            [("position", _changed(row, following.get(line, {}), moved[line], known)) for line, row in rows.items()],
            _traced(connection, rows, tracing, spans) if tracing is not None else None,
        )
        said = [(*line, row["version"], row["recorded_at"]) for line, row in rows.items()]
        connection.execute(_SAID, arrays("authorities years lines versions moments", said))
        led = [line for line, row in rows.items() if row["lead"]]
        if led:
            connection.execute(_NOT_OWED, arrays("authorities years lines", led))
    return len(rows) == SAID_AT_ONCE


def _traced(
    connection: Connection, rows: Mapping[Line, RowMapping], tracing: "Tracing", spans: ExitStack
) -> list[str | None] | None:
    """For each line what it carries on: of the latest traced event that moved it, with links to the others.

    None where nothing of what moved them is traced.
    """
    behind = traces.take(connection, [(*line, row["recorded_at"]) for line, row in rows.items()])

    def carried_on(line: Line) -> str | None:
        if line not in behind:
            return None
        latest, *others = behind[line]
        authority, year, name = line
        said: dict[str, str | int] = {"hnb.authority": authority, "hnb.financial_year": year, "hnb.line": name}
        return spans.enter_context(tracing.span("say position", said, parent=latest, links=others))

    return [carried_on(line) for line in rows] if behind else None


def say_again(engine: Engine, now: datetime) -> int:
    """Have every line said once more as it stands; how many there are.

    A ledger that was restored counts its versions on from an older one, and whoever hears it may know higher ones. Said
    again, a line's version is above every one said before: no line gets as many as there are milliseconds.
    """
    with transaction(engine) as connection:
        connection.execute(_WAIT, {"key": SAY_LOCK})
        return connection.execute(_AGAIN, {"lead": int(now.timestamp() * 1000)}).rowcount


def what_moved(movements: Sequence[Movement]) -> Moved:
    """Movements added up by commitment and by event, without what came to nothing."""
    pence: dict[str, int] = defaultdict(int)
    caused: dict[EventKey | str, tuple[int, str]] = {}  # by the day where no event is behind it
    for about, source, id, day, amount in movements:
        pence[about] += amount
        cause = (source, id) if source is not None and id is not None else day
        before, last = caused.get(cause, (0, day))
        caused[cause] = before + amount, max(last, day)
    return Moved(
        sorted(((about, amount) for about, amount in pence.items() if amount), key=lambda one: (-abs(one[1]), one[0])),
        [
            Caused(cause if isinstance(cause, tuple) else None, date.fromisoformat(last), amount)
            for cause, (amount, last) in caused.items()
            if amount
        ],
    )


def _line(row: RowMapping) -> Line:
    return row["authority"], row["financial_year"], row["line"]


def _following(connection: Connection, lines: Mapping[Line, RowMapping]) -> dict[Line, Sums]:
    """What these lines come to in the year after each one's."""
    next_year = [(authority, year + 1, line) for authority, year, line in lines]
    rows = connection.execute(_FOLLOWING, arrays("authorities years lines", next_year)).mappings()
    return {
        (row["authority"], row["financial_year"] - 1, row["line"]): {kind: row[kind] for kind in Kind} for row in rows
    }


def _changed(row: RowMapping, following: Sums, moved: Moved, known: Mapping[EventKey, date]) -> str:
    line, version = row["line"], row["version"] + row["lead"]
    sums: Sums = {kind: row[kind] for kind in Kind}
    now = position(row["authority"], row["financial_year"], row["recorded_at"], {line: sums}, {line: following})
    is_total = line == TOTAL
    drivers = moved.commitments[:DRIVERS]
    change = sum(pence for _, pence in moved.commitments)
    data = PositionChanged(
        financial_year=now.year,
        provision=line,
        fund=Fund.HIGH_NEEDS if is_total else fund_of(line),
        version=version,
        recorded_at=now.known_at,
        **line_figures(now.total if is_total else now.lines[line], now.full_year_effect.get(line, 0)),
        change_pence=change,
        drivers=[Driver(commitment_id=about.partition("/")[2], amount_pence=pence) for about, pence in drivers],
        remainder_count=len(moved.commitments) - len(drivers),
        remainder_pence=change - sum(pence for _, pence in drivers),
        held=held.held(moved.causes, known),
        **(reserve_figures(now.reserve) if is_total else {}),
    )
    return make_event(
        "hnb.position-changed.v1",
        source=SOURCE,
        # With the moment: a ledger that was restored may come to this version a second time, with other figures.
        id=f"{now.authority}/{now.year}/{line}/{version}/{now.known_at:%Y%m%dT%H%M%S.%f}",
        time=now.known_at.astimezone(UTC),
        authority=now.authority,
        data=data,
    )
