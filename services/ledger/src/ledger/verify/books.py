"""Whether what is derived from postings is what they come to: schedules, balances, their causes and their order."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from hnb.calendar import year_label
from hnb.money import pounds
from hnb.provisions import LINES
from ledger.domain.positions import in_total
from ledger.domain.schedules import PLACES, Kind
from ledger.store import TOTAL
from ledger.verify.findings import Differs

CLOCK_AHEAD_SECONDS = 60  # the server's own clock may have been set back a little
STALE_SECONDS = 600  # what waits to be decided again waits for seconds

_TARGETS = ", ".join(f"('{kind}', '{target}')" for kind, (_, target) in PLACES.items())
_SIGNED = "CASE WHEN p.to_place = t.target THEN p.amount_pence ELSE -p.amount_pence END"
_POSTED = f"postings p JOIN (VALUES {_TARGETS}) AS t (kind, target) ON t.kind = p.kind"
_IN_TOTAL = ", ".join(f"'{line}'" for line in (*LINES, "grant", "reserve") if in_total(line))
_BESIDE = f"'{Kind.GRANT}', '{Kind.RESERVE}'"  # of the year as a whole: in the total, on no line of the balances

_SCHEDULES = text(f"""
    SELECT authority, about, financial_year, line, kind, p.pence AS posted, s.pence AS scheduled, s.cells
    FROM (
        SELECT p.authority, p.about, p.financial_year, p.line, p.kind, sum({_SIGNED})::bigint AS pence
        FROM {_POSTED} GROUP BY 1, 2, 3, 4, 5 HAVING sum({_SIGNED}) <> 0
    ) p
    FULL JOIN (
        SELECT c.authority, c.about, (cell ->> 0)::integer AS financial_year, cell ->> 1 AS line, cell ->> 2 AS kind,
            sum((cell ->> 3)::bigint)::bigint AS pence, count(*) AS cells
        FROM commitments c CROSS JOIN LATERAL json_array_elements(c.schedule) AS cell GROUP BY 1, 2, 3, 4, 5
    ) s USING (authority, about, financial_year, line, kind)
    WHERE p.pence IS DISTINCT FROM s.pence OR s.cells > 1
    ORDER BY authority, about, financial_year, line, kind LIMIT 1
""")  # noqa: S608 - the names are the members of an enum
_SUMS = ", ".join(f"coalesce(sum(pence) FILTER (WHERE kind = '{kind}'), 0)::bigint AS {kind}_pence" for kind in Kind)
_LINES = f"""
    WITH signed AS MATERIALIZED (
        SELECT p.authority, p.financial_year, p.line, p.kind, p.recorded_at, sum({_SIGNED}) AS pence
        FROM {_POSTED} GROUP BY 1, 2, 3, 4, 5
    ), of_line AS (
        SELECT authority, financial_year, line, kind, recorded_at, pence FROM signed WHERE kind NOT IN ({_BESIDE})
        UNION ALL
        SELECT authority, financial_year, '{TOTAL}', kind, recorded_at, pence FROM signed WHERE line IN ({_IN_TOTAL})
    )
"""  # noqa: S608
_BALANCES = text(f"""
    {_LINES}, rebuilt AS (
        SELECT authority, financial_year, line, {_SUMS},
            count(DISTINCT recorded_at) AS version, max(recorded_at) AS recorded_at
        FROM of_line GROUP BY 1, 2, 3
    )
    SELECT authority, financial_year, line, to_jsonb(r) AS rebuilt, to_jsonb(b) AS kept
    FROM rebuilt r FULL JOIN balances b USING (authority, financial_year, line)
    WHERE r.line IS NULL OR b.line IS NULL
    OR ({", ".join(f"r.{kind}_pence" for kind in Kind)}, r.version, r.recorded_at)
        IS DISTINCT FROM ({", ".join(f"b.{kind}_pence" for kind in Kind)}, b.version, b.recorded_at)
    ORDER BY authority, financial_year, line LIMIT 1
""")  # noqa: S608
_HISTORY = text(f"""
    {_LINES}, moved AS (
        SELECT authority, financial_year, line, recorded_at, {_SUMS} FROM of_line GROUP BY 1, 2, 3, 4
    ), rebuilt AS (
        SELECT authority, financial_year, line, recorded_at,
            {", ".join(f"(sum({kind}_pence) OVER so_far)::bigint AS {kind}_pence" for kind in Kind)}
        FROM moved WINDOW so_far AS (PARTITION BY authority, financial_year, line ORDER BY recorded_at)
    )
    SELECT authority, financial_year, line, recorded_at, to_jsonb(r) AS rebuilt, to_jsonb(h) AS kept
    FROM rebuilt r FULL JOIN balance_history h USING (authority, financial_year, line, recorded_at)
    WHERE r.line IS NULL OR h.line IS NULL
    OR ({", ".join(f"r.{kind}_pence" for kind in Kind)})
        IS DISTINCT FROM ({", ".join(f"h.{kind}_pence" for kind in Kind)})
    ORDER BY authority, financial_year, line, recorded_at LIMIT 1
""")  # noqa: S608
# A line is said as of one of its versions, with the moment at which that was made: its history, which is checked too.
_SAID = text("""
    WITH moments AS (
        SELECT authority, financial_year, line, recorded_at,
            row_number() OVER (PARTITION BY authority, financial_year, line ORDER BY recorded_at) AS version
        FROM balance_history
    )
    SELECT s.authority, s.financial_year, s.line, s.version, s.recorded_at FROM said s
    LEFT JOIN moments m USING (authority, financial_year, line, version)
    WHERE m.recorded_at IS DISTINCT FROM s.recorded_at
    ORDER BY 1, 2, 3 LIMIT 1
""")
_CAUSES = text("""
    SELECT p.id, p.event_source, p.event_id FROM postings p
    LEFT JOIN inbox i ON i.source = p.event_source AND i.id = p.event_id AND i.authority = p.authority
    WHERE i.id IS NULL AND (p.event_source IS NOT NULL OR p.event_id IS NOT NULL) ORDER BY p.id LIMIT 1
""")
_ORDER = text("""
    SELECT id, recorded_at, before FROM (
        SELECT id, recorded_at, lag(recorded_at) OVER (ORDER BY id) AS before FROM postings
    ) p WHERE recorded_at < before ORDER BY id LIMIT 1
""")
_CLOCK = text("""
    SELECT count(*) AS clocks, bool_and(one) AS one, max(c.recorded_at) AS recorded_at,
        (SELECT max(recorded_at) FROM postings) AS last, clock_timestamp() AS now,
        extract(epoch FROM max(c.recorded_at) - clock_timestamp()) AS ahead
    FROM clock c
""")
_STALE = text("""
    SELECT s.authority, s.about, s.due_at, c.about IS NULL AS unknown FROM stale s
    LEFT JOIN commitments c USING (authority, about)
    WHERE c.about IS NULL OR abs(extract(epoch FROM s.due_at - clock_timestamp())) > :seconds LIMIT 1
""")


def check_schedules(connection: Connection) -> str:
    """What is posted for each commitment, cell by cell, is its schedule."""
    row = connection.execute(_SCHEDULES).first()
    if row is not None:
        raise Differs(
            f"Commitment {row.about} of {row.authority} (table commitments, column schedule): for {row.line} "
            f"{year_label(row.financial_year)} ({row.kind}) its postings come to {pounds(row.posted or 0)}, "
            f"its schedule says {pounds(row.scheduled or 0)}."
        )
    return "For every commitment, year and line the postings come to its schedule."


def check_balances(connection: Connection) -> str:
    """Each balance is the sum of its postings, with their number of moments as its version."""
    row = connection.execute(_BALANCES).first()
    if row is not None:
        raise Differs(f"Balance {_line(row)} (table balances) {_difference(row)}.")
    said = connection.execute(_SAID).first()
    if said is not None:
        raise Differs(
            f"{_line(said)} is marked as said (table said) in version {said.version}, made at {said.recorded_at}: "
            "its history knows no such moment."
        )
    count = connection.scalar(text("SELECT count(*) FROM balances"))
    return f"All {count:,} balances, rebuilt from the postings, are the same to the penny."


def check_history(connection: Connection) -> str:
    """What each line came to at every moment it moved is what its postings came to by then."""
    row = connection.execute(_HISTORY).first()
    if row is not None:
        raise Differs(f"The balance {_line(row)} as of {row.recorded_at} (table balance_history) {_difference(row)}.")
    count = connection.scalar(text("SELECT count(*) FROM balance_history"))
    return f"All {count:,} balances of past moments, rebuilt from the postings, are the same to the penny."


def _line(row: Row[tuple[object, ...]]) -> str:
    return f"{row.line} {year_label(row.financial_year)} of {row.authority}"


def _difference(row: Row[tuple[object, ...]]) -> str:
    if row.kept is None:
        return "is missing: there are postings on it"
    if row.rebuilt is None:
        return "has no postings"
    column = next(name for name, value in row.rebuilt.items() if row.kept[name] != value)
    kept, rebuilt = row.kept[column], row.rebuilt[column]
    if column.endswith("_pence"):
        kept, rebuilt = pounds(kept), pounds(rebuilt)
    return f"says {column} {kept}, its postings come to {rebuilt}"


def check_causes(connection: Connection) -> str:
    """Every posting names an event of the journal as its cause, or none."""
    row = connection.execute(_CAUSES).first()
    if row is not None:
        raise Differs(
            f"Posting {row.id} (table postings) names event {row.event_id} of {row.event_source}: there is none."
        )
    return "Every posting's event is in the journal."


def check_clock(connection: Connection) -> str:
    """What the ledger learned is in the order in which it learned it, and the clock that orders it is right."""
    row = connection.execute(_ORDER).first()
    if row is not None:
        raise Differs(
            f"Posting {row.id} (table postings, column recorded_at) says {row.recorded_at}, "
            f"the one before it {row.before}."
        )
    clock = connection.execute(_CLOCK).one()
    if clock.clocks != 1 or not clock.one:
        raise Differs(f"The clock (table clock, column one) must be one row, true; it has {clock.clocks}.")
    if clock.last is not None and clock.recorded_at < clock.last:
        raise Differs(
            f"The clock (table clock, column recorded_at) says {clock.recorded_at}, "
            f"behind the last posting of {clock.last}."
        )
    if clock.ahead > CLOCK_AHEAD_SECONDS:
        raise Differs(f"The clock (table clock, column recorded_at) says {clock.recorded_at}: it is only {clock.now}.")
    return "Postings rise in the order they were learned, and the clock stands at or after the last."


def check_waiting(connection: Connection) -> str:
    """What is to be decided again is known and not left lying: else it could hide a commitment from being checked."""
    row = connection.execute(_STALE, {"seconds": STALE_SECONDS}).first()
    if row is not None:
        why = "which is not known" if row.unknown else f"due at {row.due_at}: is the ledger running?"
        raise Differs(f"Commitment {row.about} of {row.authority} waits to be decided again (table stale), {why}.")
    return "Nothing waits to be decided again for longer than it should."


@dataclass(frozen=True, slots=True)
class Named:
    """A check that is one question to the database."""

    name: str
    ask: Callable[[Connection], str]


CHECKS = (
    Named("Schedules are their postings", check_schedules),
    Named("Balances are their postings", check_balances),
    Named("Past balances are their postings", check_history),
    Named("Postings have their events", check_causes),
    Named("The order of knowledge", check_clock),
    Named("Nothing left lying", check_waiting),
)
