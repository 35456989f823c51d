"""What finance has to look at: paid too much, paid for nothing known, due long ago and not paid, paid and due apart."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from hnb.calendar import year_end
from ledger.domain.commitments import Folded
from ledger.domain.profiles import due_by, paid_for, posted_cost
from ledger.domain.schedules import Context, Schedule

APART_PER_CENT, APART_PENCE = 5, 500_00


class Kind(StrEnum):
    """What is out of the ordinary."""

    OVER_PAID = "over-paid"
    NO_COMMITMENT = "no-commitment"
    UNPAID = "unpaid"
    APART = "apart"


TITLES = {
    Kind.OVER_PAID: "Paid more than the whole year costs", Kind.NO_COMMITMENT: "Paid, and what it is for is not known",
    Kind.UNPAID: "Due long ago and not paid", Kind.APART: "Paid and cost apart, with the year over",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exceptional:
    """One thing to look at: by how many pence, of what was due, of what was paid, and the day both are taken at."""

    kind: Kind
    commitment_id: str
    provision: str | None
    amount_pence: int
    due_pence: int
    paid_pence: int
    by: date


@dataclass(frozen=True, slots=True)
class Asked:
    """Which year is looked at, on which day, and how many days something may be due before it is overdue."""

    year: int
    on: date
    unpaid_days: int


def exceptions_of(id: str, folded: Folded, posted: Schedule, context: Context, asked: Asked) -> list[Exceptional]:
    """What is exceptional about one commitment in a financial year.

    Over-paid: more is paid for the year than the whole of it costs; the position leaves out exactly that much.
    No commitment: something is paid, and what it is for is not known.
    Unpaid: less is paid than had fallen due so many days ago.
    Apart: once the year is over, paid and cost are more than 5% and more than £500 apart. Not before, as an invoice by
    term and a price by day are always apart on the way there.
    """
    year, on, ended = asked.year, asked.on, year_end(asked.year)
    paid = paid_for(folded, year)
    if not folded.known:
        return [Exceptional(Kind.NO_COMMITMENT, id, None, paid, 0, paid, on)] if paid else []
    costs = posted_cost(posted)
    cost = sum(amount.pence for amount in costs.values())
    provision = min(costs, default=None) or next((str(agreed.provision) for agreed in folded.agreed), None)
    found = []
    if paid > cost:
        found.append(Exceptional(Kind.OVER_PAID, id, provision, paid - cost, cost, paid, on))
    cutoff = min(on - timedelta(days=asked.unpaid_days), ended)
    due = min(sum(due_by(folded, context, year, cutoff).values()), cost)
    paid_by_now = paid_for(folded, year, on)
    if due > paid_by_now:
        found.append(Exceptional(Kind.UNPAID, id, provision, due - paid_by_now, due, paid_by_now, cutoff))
    apart = abs(paid - cost)
    if on > ended and apart > APART_PENCE and apart * 100 > cost * APART_PER_CENT:
        found.append(Exceptional(Kind.APART, id, provision, apart, cost, paid, ended))
    return found
