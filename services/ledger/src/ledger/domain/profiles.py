"""What falls due by a day, and the profile of a year by month: months that sum to the position to the penny."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from hnb.calendar import Span, financial_year, year_end, year_span, year_start
from hnb.events import PaymentMade
from hnb.money import divide_half_up
from hnb.provisions import Provision
from ledger.domain.commitments import Agreed, Appeal, Folded
from ledger.domain.schedules import Amount, Cell, Context, Kind, Schedule, charges

MONTHS = 12


def month_ends(year: int) -> list[date]:
    """The last day of each month of a financial year, April to March."""
    starts = [date(year + (month > 12), (month - 1) % 12 + 1, 1) for month in range(5, 16)]
    return [*(start - timedelta(days=1) for start in starts), year_end(year)]


def due_by(folded: Folded, context: Context, year: int, day: date) -> dict[str, int]:
    """Pence of a financial year that have fallen due by a day, per line, by the days of the price rules themselves.

    A price by day has accrued to that day; a term's or a single price has fallen due once its day has come; a cost
    incurred on its day; what an open appeal is expected to cost beyond that on the day it was lodged.
    """
    window = Span(year_start(year), min(day, year_end(year)))
    lines: dict[str, int] = defaultdict(int)
    if window.days:
        for agreed in folded.agreed:
            lines[str(agreed.provision)] += _agreed_due(agreed, context, window)
        for appeal in folded.appeals:
            lines[str(Provision.TRIBUNAL)] += _appeal_due(appeal, window)
    return dict(lines)


def _agreed_due(agreed: Agreed, context: Context, window: Span) -> int:
    if agreed.paid_by_dfe or agreed.start > window.last:
        return 0
    # Contributions are negative steps, and pay for no more than there is.
    return max(sum(charge.pence for charge in charges(agreed, context, window)), 0)


def _appeal_due(appeal: Appeal, window: Span) -> int:
    pence = sum(cost.amount_pence for cost in appeal.incurred if window.first <= cost.incurred_on <= window.last)
    if appeal.concluded_on is None and window.first <= appeal.lodged_on <= window.last:
        pence += max(appeal.expected_pence - sum(cost.amount_pence for cost in appeal.incurred), 0)
    return pence


def paid_for(folded: Folded, year: int, by: date | None = None) -> int:
    """All pence paid for a financial year, or those paid by a day, however much is due."""
    return sum(p.amount_pence for p in folded.payments if p.financial_year == year and (by is None or p.paid_on <= by))


def posted_cost(posted: Mapping[Cell, Amount]) -> dict[str, Amount]:
    """What stands posted as committed, paid or not, per line."""
    lines: dict[str, Amount] = {}
    for cell, amount in posted.items():
        if cell.kind in (Kind.COMMITMENT, Kind.PROVISIONAL):
            old = lines.get(cell.line, Amount(0, amount.first, amount.last))
            lines[cell.line] = Amount(
                old.pence + amount.pence, min(old.first, amount.first), max(old.last, amount.last)
            )
    return lines


def due_by_month(folded: Folded, posted: Schedule, context: Context, year: int) -> dict[str, list[int]]:
    """What stands posted for a year, by the month in which it falls due, per line; the months sum to what is posted.

    The rules give the shape and the postings the sum: they differ where a price is provisional and its line's mean has
    moved since, or where the past is asked for.
    """
    costs = posted_cost(posted)
    if not costs:
        return {}
    steps = [due_by(folded, context, year, day) for day in month_ends(year)]
    return {line: _fit([step.get(line, 0) for step in steps], amount, year) for line, amount in costs.items()}


def _fit(to_date: Sequence[int], posted: Amount, year: int) -> list[int]:
    """Pence of each month, from what had fallen due by each month's end, made to end at what is posted."""
    whole = to_date[-1]
    if not whole:
        days = [Span(posted.first, min(posted.last, end)).within(year_span(year)).days for end in month_ends(year)]
        to_date, whole = days, days[-1]
    if whole != posted.pence:
        to_date = [divide_half_up(posted.pence * pence, whole) for pence in to_date]
    return [after - before for before, after in zip([0, *to_date[:-1]], to_date, strict=True)]


def paid_by_month(payments: Sequence[PaymentMade], posted: Schedule, year: int) -> dict[str, list[int]]:
    """What stands posted as paid for a year, by the month of its payments, per line; what is paid beyond is left out.

    The earliest payments count first. One made before the year is shown in April and one made after it in March: it
    belongs to the year's accounts whenever the bank moved it.
    """
    months = [0] * MONTHS
    for payment in payments:
        if payment.financial_year == year:
            months[_month(payment.paid_on, year)] += payment.amount_pence
    found: dict[str, list[int]] = {}
    for cell, amount in sorted(posted.items()):
        if cell.kind is not Kind.PAYMENT:
            continue
        left = amount.pence
        found[cell.line] = taken = [0] * MONTHS
        for month in range(MONTHS):
            taken[month] = min(months[month], left)
            months[month] -= taken[month]
            left -= taken[month]
        taken[-1] += left  # a payment whose withdrawal is heard, and not yet posted
    return found


def _month(day: date, year: int) -> int:
    if financial_year(day) != year:
        return 0 if day < year_start(year) else MONTHS - 1
    return (day.month - 4) % MONTHS
