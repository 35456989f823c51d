"""The journal of one authority read for an outlook, as known at a moment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from hnb.events import CASE_EVENTS, Event, read_event, read_json
from ledger.domain.commitments import fold
from ledger.domain.schedules import Context, Kind
from ledger.handlers import COMMITMENT, Ledger, about
from ledger.outlook.inputs import Funding
from ledger.outlook.journal import Journal
from ledger.reports.known import SIGNED, TARGETS, standing, withdrawn

_TYPES = [
    f"hnb.{kind}.v1"
    for kind in (
        "ehcp-issued", "ehcp-ceased", "placement-made", "placement-ended", "placement-repriced", "contribution-agreed",
        "setting-registered", "tribunal-lodged", "tribunal-concluded",
    )
]  # fmt: skip
_EVENTS = text("""
    SELECT body FROM inbox WHERE authority = :authority AND type = ANY(:types)
    AND received_at <= coalesce(:known_at, 'infinity'::timestamptz)
""")
# What is committed, paid or not: payments move pence within it.
_POSTED = text(f"""
    SELECT p.about, p.line, p.financial_year, p.kind, sum({SIGNED})::bigint AS pence
    FROM postings p {TARGETS}
    WHERE p.authority = :authority AND p.kind = ANY(:kinds)
    AND p.recorded_at <= coalesce(:known_at, 'infinity'::timestamptz)
    GROUP BY p.about, p.line, p.financial_year, p.kind HAVING sum({SIGNED}) <> 0
""")  # noqa: S608 - only text of this service is put in
_KINDS = [str(kind) for kind in (Kind.COMMITMENT, Kind.PROVISIONAL, Kind.GRANT, Kind.RESERVE)]
_CLOCK = text("SELECT recorded_at FROM clock")


def journal(connection: Connection, ledger: Ledger, authority: str, known_at: datetime | None) -> Journal:
    """All an outlook is made of. As of a past moment, the clock is that moment's."""
    moment = known_at or connection.execute(_CLOCK).scalar_one()
    rows = connection.execute(_EVENTS, {"authority": authority, "types": _TYPES, "known_at": known_at})
    heard = [read_event(read_json(row.body), known=CASE_EVENTS) for row in rows]
    events = standing(heard, withdrawn(connection, authority, known_at))
    posted: dict[tuple[str, str, int], int] = defaultdict(int)
    grants: dict[int, int] = {}
    reserves: dict[int, int] = {}
    for row in connection.execute(_POSTED, {"authority": authority, "kinds": _KINDS, "known_at": known_at}):
        match Kind(row.kind):
            case Kind.GRANT:
                grants[row.financial_year] = row.pence
            case Kind.RESERVE:
                reserves[row.financial_year] = row.pence
            case _:
                posted[row.about.removeprefix(COMMITMENT), row.line, row.financial_year] += row.pence
    funding = {
        year: Funding(grant_pence=grants.get(year), reserve_opening_pence=reserves.get(year))
        for year in sorted(grants.keys() | reserves.keys())
    }
    today = ledger.today() if known_at is None else known_at.astimezone(UTC).date()
    context = _context(connection, ledger, authority, events)
    return Journal(authority, moment.astimezone(UTC), today, events, dict(posted), funding, context)


def _context(connection: Connection, ledger: Ledger, authority: str, events: Sequence[Event]) -> Context:
    """What schedules depend on beyond their own events: here, the means of what has no price."""
    facts: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        subject = about(event)
        if subject is not None:
            facts[authority, subject].append(event)
    contexts = ledger.contexts(connection, {key: fold(found) for key, found in facts.items()})
    return contexts.get(authority) or Context(ledger.settings.horizon(ledger.today()), {}, {})
