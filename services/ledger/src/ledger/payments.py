"""What stands of single payments, for a feed that wants to replace one without counting it twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from hnb.events import CASE_EVENTS, PaymentMade, read_event, read_json
from ledger import known
from ledger.domain.commitments import order

ASKED_AT_ONCE = 100

_HEARD = text("""
    SELECT body FROM inbox WHERE authority = :authority AND type = 'hnb.payment-made.v1'
    AND body::json->'data'->>'payment_id' = ANY(:payments)
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """A payment as last said for one commitment, and by which event."""

    payment_id: str
    commitment_id: str
    financial_year: int
    paid_on: date
    amount_pence: int
    source: str
    id: str
    time: datetime


def standing(connection: Connection, authority: str, payments: Sequence[str]) -> list[Standing]:
    """Each of these payments as it stands, once for every commitment it counts for."""
    rows = connection.execute(_HEARD, {"authority": authority, "payments": list(payments)})
    events = [read_event(read_json(row.body), known=CASE_EVENTS) for row in rows]
    latest: dict[tuple[str, str], Standing] = {}
    for event in sorted(known.standing(events, known.withdrawn(connection, authority, None)), key=order):
        paid = event.data
        assert isinstance(paid, PaymentMade)
        latest[paid.payment_id, paid.commitment_id] = Standing(
            paid.payment_id, paid.commitment_id, paid.financial_year, paid.paid_on, paid.amount_pence, event.source,
            event.id, event.time,
        )  # fmt: skip
    return [latest[key] for key in sorted(latest)]
