"""The ledger in PostgreSQL: commitments locked and saved, postings added, balances kept, all set-based."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

import orjson
from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, text

from hnb.database import Copied, Overtaken, arrays, blaming, copied, copy_lines, copy_rows
from hnb.events import CASE_EVENTS, Event, read_event, read_json
from hnb.money import divide_half_up
from hnb.provisions import Provision
from ledger.domain.positions import in_total
from ledger.domain.schedules import PLACES, Amount, Cell, Kind, Posting, Schedule

Key = tuple[str, str]  # an authority, and what an event is about
TOTAL = "total"


class State(NamedTuple):
    """A commitment as last decided: what its siblings need to know of it, and the schedule that stands posted."""

    kind: str | None = None
    provision: str | None = None
    child_ref: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    annual_pence: int | None = None
    unpriced: bool = False
    horizon: date | None = None
    schedule: Schedule = {}  # noqa: RUF012 - nobody changes a schedule in place


class Entry(NamedTuple):
    """What is posted for one commitment, and the event that caused it."""

    key: Key
    cause: tuple[str, str] | None
    postings: Sequence[Posting]


_LOCK = text("""
    SELECT c.* FROM commitments c
    JOIN unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[])) AS k (authority, about) USING (authority, about)
    ORDER BY c.authority, c.about FOR UPDATE OF c
""")
_EVENTS = text("""
    SELECT i.authority, i.about, i.source, i.id, i.body FROM inbox i
    JOIN unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[])) AS k (authority, about) USING (authority, about)
""")
_MEANS = text("""
    SELECT k.authority, k.provision, k.day, m.pence, m.placements
    FROM unnest(CAST(:authorities AS text[]), CAST(:provisions AS text[]), CAST(:days AS date[]))
        AS k (authority, provision, day)
    CROSS JOIN LATERAL (
        SELECT sum(annual_pence)::bigint AS pence, count(*) AS placements FROM commitments c
        WHERE c.authority = k.authority AND c.provision = k.provision AND c.kind = 'placement'
        AND c.annual_pence IS NOT NULL AND c.first_day <= k.day AND (c.last_day IS NULL OR c.last_day >= k.day)
    ) m
""")
_SIBLINGS = text("""
    SELECT authority, about, child_ref FROM commitments
    JOIN unnest(CAST(:authorities AS text[]), CAST(:children AS text[])) AS k (authority, child_ref)
    USING (authority, child_ref) WHERE kind = 'placement'
""")
_TICK = text("""
    UPDATE clock SET recorded_at = greatest(clock_timestamp(), recorded_at + interval '1 microsecond')
    RETURNING recorded_at
""")
_SAVE = text("""
    UPDATE commitments c SET kind = s.kind, provision = s.provision, child_ref = s.child_ref,
        first_day = s.first_day, last_day = s.last_day, annual_pence = s.annual_pence, unpriced = s.unpriced,
        horizon = s.horizon, schedule = CAST(s.schedule AS json)
    FROM unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[]), CAST(:kinds AS text[]),
        CAST(:provisions AS text[]), CAST(:children AS text[]), CAST(:firsts AS date[]), CAST(:lasts AS date[]),
        CAST(:annuals AS bigint[]), CAST(:unpriced AS boolean[]), CAST(:horizons AS date[]), CAST(:schedules AS text[]))
        AS s (authority, about, kind, provision, child_ref, first_day, last_day, annual_pence, unpriced, horizon,
            schedule)
    WHERE c.authority = s.authority AND c.about = s.about
""")
_SUMS = ", ".join(f"{kind}_pence" for kind in Kind)
_NOTHING: dict[Kind, int] = dict.fromkeys(Kind, 0)
_BALANCE = text(f"""
    WITH moved AS (
    INSERT INTO balances (authority, financial_year, line, {_SUMS}, version, recorded_at)
    SELECT authority, financial_year, line, {_SUMS}, 1, :recorded_at FROM unnest(
        CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]),
        {", ".join(f"CAST(:{kind} AS bigint[])" for kind in Kind)}
    ) AS b (authority, financial_year, line, {_SUMS})
    ORDER BY authority, financial_year, line
    ON CONFLICT (authority, financial_year, line) DO UPDATE SET
        {", ".join(f"{kind}_pence = balances.{kind}_pence + EXCLUDED.{kind}_pence" for kind in Kind)},
        version = balances.version + 1, recorded_at = EXCLUDED.recorded_at
    RETURNING authority, financial_year, line, recorded_at, {_SUMS})
    INSERT INTO balance_history (authority, financial_year, line, recorded_at, {_SUMS}) SELECT * FROM moved
""")  # noqa: S608 - the names are the members of an enum


def named(keys: Iterable[Key]) -> dict[str, str]:
    """Keys as the arrays `authorities` and `abouts`, sorted so that whoever locks them does so in one order."""
    return arrays("authorities abouts", sorted(keys))


def lock(connection: Connection, keys: Iterable[Key]) -> dict[Key, State]:
    """The states of those commitments that are kept, locked until the transaction ends. A new one is not there yet."""
    return {
        (row.authority, row.about): State(
            row.kind, row.provision, row.child_ref, row.first_day, row.last_day, row.annual_pence, row.unpriced,
            row.horizon, read_schedule(row.schedule),
        )
        for row in connection.execute(_LOCK, named(keys))
    }  # fmt: skip


def read_schedule(rows: Sequence[Sequence[object]]) -> Schedule:
    """A schedule as it is kept on the commitment's row."""
    return {
        Cell(int(str(year)), str(line), Kind(str(kind))): Amount(
            int(str(pence)), date.fromisoformat(str(first)), date.fromisoformat(str(last))
        )
        for year, line, kind, pence, first, last in rows
    }


def events_of(connection: Connection, keys: Iterable[Key], at_hand: Iterable[Event] = ()) -> dict[Key, list[Event]]:
    """Every event ever heard about these keys; those `at_hand` are not read a second time."""
    found: dict[Key, list[Event]] = defaultdict(list)
    wanted = named(keys)
    by_key = {(event.source, event.id): event for event in at_hand}
    for row in connection.execute(_EVENTS, wanted):
        event = by_key.get((row.source, row.id)) or read_event(read_json(row.body), known=CASE_EVENTS)
        found[row.authority, row.about].append(event)
    return found


def means(
    connection: Connection, wanted: Iterable[tuple[str, Provision, date]], defaults: Mapping[Provision, int]
) -> dict[tuple[str, Provision, date], int]:
    """The mean yearly price of each authority's line over the placements live on a day, or the line's default."""
    asked = sorted(set(wanted))
    if not asked:
        return {}
    rows = connection.execute(
        _MEANS,
        arrays("authorities provisions days", asked),
    )
    return {
        (row.authority, Provision(row.provision), row.day): divide_half_up(row.pence, row.placements)
        if row.placements
        else defaults[Provision(row.provision)]
        for row in rows
    }


def placements_of(connection: Connection, children: Iterable[tuple[str, str]]) -> dict[Key, str]:
    """The placements of these (authority, child) pairs: their keys, and whose each is."""
    pairs = sorted(set(children))
    if not pairs:
        return {}
    rows = connection.execute(_SIBLINGS, arrays("authorities children", pairs))
    return {(row.authority, row.about): row.child_ref for row in rows}


def tick(connection: Connection) -> datetime:
    """Take the clock: the moment of knowledge of all that follows, later than any before.

    Everyone who posts waits here for whoever posted before to commit, so the order of recorded_at is the order in
    which knowledge became visible, and a figure "as known at" a moment never changes afterwards.
    """
    recorded_at: datetime = connection.execute(_TICK).scalar_one()
    return recorded_at


class Postings(NamedTuple):
    """Postings as they are written, but for when: all that can be done before the clock is held is done."""

    keys: list[Key]
    lines: list[str]
    balances: dict[str, str]  # what they add to each line, as the arrays of `_BALANCE`


def prepare(entries: Iterable[Entry]) -> Postings:
    """What is to be posted, ready to be written once the moment is known."""
    keys: list[Key] = []
    lines: list[str] = []
    moved: dict[str, dict[Cell, int]] = defaultdict(lambda: defaultdict(int))
    for key, cause, postings in entries:
        authority = key[0]
        moved_there = moved[authority]
        keys += [key] * len(postings)
        whose = f"\t{authority}\t{copied(key[1])}"
        why = "\t".join(map(copied, cause or (None, None)))
        for cell, source, target, pence, first, last in postings:
            year, line, kind = cell
            lines.append(f"{whose}\t{year}\t{line}\t{kind}\t{source}\t{target}\t{pence}\t{first!s}\t{last!s}\t{why}")
            moved_there[cell] += pence if target == PLACES[kind][1] else -pence
    sums: dict[tuple[str, int, str], dict[Kind, int]] = defaultdict(_NOTHING.copy)
    for authority, cells in moved.items():
        for (year, line, kind), pence in cells.items():
            if kind not in (Kind.GRANT, Kind.RESERVE):
                sums[authority, year, line][kind] += pence
            if in_total(line):
                sums[authority, year, TOTAL][kind] += pence
    names = "authorities years lines " + " ".join(_NOTHING)
    return Postings(keys, lines, arrays(names, ((*line, *sums[line].values()) for line in sorted(sums))))


def post(connection: Connection, recorded_at: datetime, postings: Postings) -> None:
    """Add postings to the journal and their sums to the balances."""
    if not postings.lines:
        return
    columns = (
        "recorded_at", "authority", "about", "financial_year", "line", "kind", "from_place", "to_place",
        "amount_pence", "first_day", "last_day", "event_source", "event_id",
    )  # fmt: skip
    moment = str(recorded_at)
    with blaming(lambda row: postings.keys[row]):
        copy_lines(connection, "postings", columns, (moment + line for line in postings.lines))
    # Postings are on record before the row of a line is touched: who sees the new version sees what made it.
    connection.execute(_BALANCE, postings.balances | {"recorded_at": recorded_at})


def add(connection: Connection, commitments: Sequence[tuple[Copied, ...]]) -> None:
    """Keep commitments, as `kept` has them, that were not; Overtaken where another transaction added one meanwhile.

    Whoever adds holds the clock, so what is in the way is committed already: done again, it will be seen.
    """
    columns = (
        "authority", "about", "kind", "provision", "child_ref", "first_day", "last_day", "annual_pence", "unpriced",
        "horizon", "schedule",
    )  # fmt: skip
    with blaming(lambda row: (str(commitments[row][0]), str(commitments[row][1]))):
        try:
            copy_rows(connection, "commitments", columns, commitments)
        except UniqueViolation:
            raise Overtaken from None


def save(connection: Connection, commitments: Sequence[tuple[Copied, ...]]) -> None:
    """Keep what was decided of commitments that are locked."""
    if commitments:
        names = "authorities abouts kinds provisions children firsts lasts annuals unpriced horizons schedules"
        connection.execute(_SAVE, arrays(names, commitments))


def kept(states: Mapping[Key, State]) -> list[tuple[Copied, ...]]:
    """Commitments as rows."""
    return [(*key, *state[:-1], written(state.schedule)) for key, state in states.items()]


def written(schedule: Schedule) -> str:
    """A schedule as it is kept on the commitment's row; `read_schedule` reads it."""
    return orjson.dumps([(*cell, *amount) for cell, amount in schedule.items()]).decode()
