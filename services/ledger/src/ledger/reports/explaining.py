"""Figures taken apart: the commitments that make up a line, and one commitment from its events to its pence."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from hnb.events import CASE_EVENTS, Event, read_event, read_json
from hnb.prices import Segment
from hnb.provisions import Fund, Provision, fund_of
from ledger.domain.commitments import Folded, fold, order
from ledger.domain.positions import Figures, figures
from ledger.domain.schedules import Amount, Cell, Kind, Schedule
from ledger.domain.words import Step, explain, steps
from ledger.handlers import COMMITMENT, Ledger
from ledger.reports import known
from ledger.reports.known import BY_THEN, SIGNED, TARGETS
from ledger.store import Key

_KINDS = (Kind.COMMITMENT, Kind.PROVISIONAL, Kind.PAYMENT, Kind.EXPOSURE)
_NET = {kind: f"coalesce(sum({SIGNED}) FILTER (WHERE p.kind = '{kind}'), 0)::bigint" for kind in _KINDS}
_OF_LINE = f"""
    SELECT p.about, {", ".join(f"{net} AS {kind}" for kind, net in _NET.items())}
    FROM postings p {TARGETS}
    WHERE p.authority = :authority AND p.financial_year = :year AND p.line = :line AND starts_with(p.about, :prefix)
    AND p.recorded_at <= :known_at
    GROUP BY p.about HAVING {" OR ".join(f"{net} <> 0" for net in _NET.values())}
"""  # noqa: S608 - the names are the members of an enum
_PAGE = text(f"""
    SELECT l.*, c.kind FROM ({_OF_LINE}) AS l
    JOIN commitments c ON c.authority = :authority AND c.about = l.about
    WHERE l.about > :after ORDER BY l.about LIMIT :limit
""")  # noqa: S608
_TOTAL = text(f"""
    SELECT count(*) AS commitments, {", ".join(f"coalesce(sum({k}), 0)::bigint AS {k}" for k in _KINDS)}
    FROM ({_OF_LINE}) AS l
""")  # noqa: S608
_POSTINGS = text(f"""
    SELECT id, recorded_at, financial_year, line, kind, from_place, to_place, amount_pence, first_day, last_day,
        event_source, event_id
    FROM postings WHERE authority = :authority AND about = :about AND {BY_THEN.format(column="recorded_at")} ORDER BY id
""")  # noqa: S608
_POSTED = text(f"""
    SELECT p.financial_year, p.line, p.kind, sum({SIGNED})::bigint AS pence,
        (array_agg(p.first_day ORDER BY p.id DESC))[1] AS first, (array_agg(p.last_day ORDER BY p.id DESC))[1] AS last
    FROM postings p {TARGETS} WHERE p.authority = :authority AND p.about = :about
    AND {BY_THEN.format(column="p.recorded_at")}
    GROUP BY p.financial_year, p.line, p.kind HAVING sum({SIGNED}) <> 0 ORDER BY p.financial_year, p.line, p.kind
""")  # noqa: S608
_EVENTS = text(f"""
    SELECT body FROM inbox WHERE authority = :authority AND about = :about AND {BY_THEN.format(column="received_at")}
""")  # noqa: S608
CLOCK = text("SELECT recorded_at FROM clock")


@dataclass(frozen=True, slots=True)
class Share:
    """One commitment's share of a line."""

    commitment_id: str
    kind: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class LineAsked:
    """A line of an authority's year as known at a moment, and the page: what comes after this commitment, so many."""

    authority: str
    year: int
    line: str
    known_at: datetime
    after: str
    limit: int


def line(connection: Connection, asked: LineAsked) -> tuple[list[Share], int, Figures]:
    """A page of what makes up a line, with how many commitments the whole line has and what they come to."""
    binds = {
        "authority": asked.authority, "year": asked.year, "line": asked.line, "known_at": asked.known_at,
        "prefix": COMMITMENT, "after": COMMITMENT + asked.after, "limit": asked.limit,
    }  # fmt: skip
    page = [
        Share(row["about"].removeprefix(COMMITMENT), row["kind"], figures({kind: row[kind] for kind in _KINDS}))
        for row in connection.execute(_PAGE, binds).mappings()
    ]
    total = connection.execute(_TOTAL, binds).mappings().one()
    return page, total["commitments"], figures({kind: total[kind] for kind in _KINDS})


def commitment(connection: Connection, ledger: Ledger, key: Key, known_at: datetime | None) -> dict[str, Any] | None:
    """One commitment as JSON: its words, prices, schedule, events and postings, as known then; None if unheard of.

    The past is what was posted and received by then. The explanation of what had no price, or an open end, uses the
    mean and the horizon of today: these are kept only as the postings they led to.
    """
    binds = {"authority": key[0], "about": key[1], "known_at": known_at}
    heard = sorted(
        (read_event(read_json(row.body), known=CASE_EVENTS) for row in connection.execute(_EVENTS, binds)), key=order
    )
    if not heard:
        return None
    gone = known.withdrawn(connection, key[0], known_at)
    folded = fold(known.standing(heard, gone))
    context = ledger.contexts(connection, {key: folded})[key[0]]
    kind, provision, first_day, last_day = _what(folded)
    return {
        "kind": kind,
        "provision": provision,
        "fund": fund_of(provision) if provision else Fund.HIGH_NEEDS,
        "known_at": known_at,
        "waiting": not folded.known,
        "provisional": any(s.cost is None for agreed in folded.agreed for s in agreed.segments(context.horizon)),
        "first_day": first_day,
        "last_day": last_day,
        "planning_horizon": context.horizon,
        "explanation": explain(folded, context),
        "steps": [_step(step) for step in steps(folded, context)],
        "segments": [_segment(s) for agreed in folded.agreed for s in agreed.segments(context.horizon)],
        "schedule": [_cell(cell, amount) for cell, amount in posted(connection, key, known_at).items()],
        "events": [_event(event, withdrawn=(event.source, event.id) in gone) for event in heard],
        "postings": [dict(posting) for posting in connection.execute(_POSTINGS, binds).mappings()],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "financial_year": step.year, "line": step.line, "kind": step.kind, "amount_pence": step.pence,
        "words": step.words,
    }  # fmt: skip


def _segment(segment: Segment) -> dict[str, Any]:
    cost = segment.cost.model_dump(exclude_none=True) if segment.cost else None
    return {"first_day": segment.span.first, "last_day": segment.span.last, "cost": cost}


def _cell(cell: Cell, amount: Amount) -> dict[str, Any]:
    return {
        "financial_year": cell.year, "line": cell.line, "kind": cell.kind, "amount_pence": amount.pence,
        "first_day": amount.first, "last_day": amount.last,
    }  # fmt: skip


def _what(folded: Folded) -> tuple[str | None, str | None, date | None, date | None]:
    """What kind of commitment it is, on which line, and its first and last day; nothing where it is not known yet."""
    for agreed in folded.agreed:
        return agreed.kind, str(agreed.provision), agreed.start, agreed.end
    for appeal in folded.appeals:
        return appeal.kind, str(Provision.TRIBUNAL), appeal.lodged_on, appeal.concluded_on
    return None, None, None, None


def posted(connection: Connection, key: Key, known_at: datetime | None) -> Schedule:
    """What stood posted for one commitment, over all years."""
    binds = {"authority": key[0], "about": key[1], "known_at": known_at}
    return {
        Cell(row.financial_year, row.line, Kind(row.kind)): Amount(row.pence, row.first, row.last)
        for row in connection.execute(_POSTED, binds)
    }


def _event(event: Event, withdrawn: bool) -> dict[str, Any]:
    body: Any = read_json(event.body)
    return {
        "source": event.source, "id": event.id, "type": event.type, "time": event.time, "withdrawn": withdrawn,
        "data": body["data"],
    }  # fmt: skip
