"""What stands of single payments, for a feed that wants to replace one without counting it twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from hnb.events import CASE_EVENTS, PaymentMade, read_event, read_json
from ledger.domain.commitments import order
from ledger.handlers import COMMITMENT
from ledger.reports import known

ASKED_AT_ONCE = 500  # each answer reads all payments of the authority once

_HEARD = text("""
    SELECT body FROM inbox WHERE authority = :authority AND type = 'hnb.payment-made.v1'
    AND body::json->'data'->>'payment_id' = ANY(:payments)
""")


_KNOWN = text(
    "SELECT about FROM commitments WHERE authority = :authority AND about = ANY(:abouts) AND kind IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class Said:
    """An event, by its source and id."""

    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment as last said for one commitment, when, and every event that says it: to take it back is to take back
    all of them."""

    payment_id: str
    commitment_id: str
    financial_year: int
    paid_on: date
    amount_pence: int
    time: datetime
    events: tuple[Said, ...]


def standing(connection: Connection, authority: str, payments: Sequence[str]) -> list[Standing]:
    """Each of these payments as it stands, once for every commitment it counts for."""
    rows = connection.execute(_HEARD, {"authority": authority, "payments": list(payments)})
    events = [read_event(read_json(row.body), known=CASE_EVENTS) for row in rows]
    found: dict[tuple[str, str], Standing] = {}
    for event in sorted(known.standing(events, known.withdrawn(connection, authority, None)), key=order):
        paid = event.data
        assert isinstance(paid, PaymentMade)
        key = (paid.payment_id, paid.commitment_id)
        earlier = found[key].events if key in found else ()
        found[key] = Standing(
            paid.payment_id, paid.commitment_id, paid.financial_year, paid.paid_on, paid.amount_pence, event.time,
            (*earlier, Said(event.source, event.id)),
        )  # fmt: skip
    return [found[key] for key in sorted(found)]


def unknown(connection: Connection, authority: str, commitments: Sequence[str]) -> list[str]:
    """Those of these commitments that are not known yet: what is paid for them waits."""
    abouts = [COMMITMENT + id for id in commitments]
    known_here = {row.about for row in connection.execute(_KNOWN, {"authority": authority, "abouts": abouts})}
    return sorted({id for id in commitments if COMMITMENT + id not in known_here})
