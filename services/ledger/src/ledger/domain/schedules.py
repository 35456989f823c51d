"""The schedule a commitment should have posted, and the postings that take it there from what is posted."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from hnb.calendar import Span, financial_year, financial_years, year_span
from hnb.events import GRANT_LINE, BudgetSet, ContributionAgreed, Cost, Event, ReserveOpened
from hnb.prices import due, due_on
from hnb.provisions import Provision
from ledger.domain.commitments import Agreed, Appeal, Folded, order


class Kind(StrEnum):
    """Why pence move, and so between which two places."""

    GRANT = "grant"
    BUDGET = "budget"
    COMMITMENT = "commitment"
    PROVISIONAL = "provisional"
    PAYMENT = "payment"
    EXPOSURE = "exposure"
    RESERVE = "reserve"


# Each pound of a year's block goes funding -> headroom -> committed -> spent. What enters, what is only possible, and
# the reserve carried over stand outside that road.
PLACES: dict[Kind, tuple[str, str]] = {
    Kind.GRANT: ("outside", "funding"),
    Kind.BUDGET: ("funding", "headroom"),
    Kind.COMMITMENT: ("headroom", "committed"),
    Kind.PROVISIONAL: ("headroom", "committed"),
    Kind.PAYMENT: ("committed", "spent"),
    Kind.EXPOSURE: ("outside", "contingent"),
    Kind.RESERVE: ("outside", "reserve"),
}
_COMMITTED = (Kind.COMMITMENT, Kind.PROVISIONAL)  # what is priced is paid, and contributed to, first
# The line of postings, beside the grant's, that belongs to a year as a whole.
RESERVE_LINE = "reserve"


class Cell(NamedTuple):
    """Where pence belong: a financial year, a provision line (or `grant`, `reserve`), and why."""

    year: int
    line: str
    kind: Kind


class Amount(NamedTuple):
    """Pence, and the first and last day they are for."""

    pence: int
    first: date
    last: date


Schedule = dict[Cell, Amount]
Unpriced = tuple[Provision, date]


@dataclass(frozen=True, slots=True)
class Context:
    """What a schedule depends on beyond its own events: the horizon of open ends, the yearly mean price of a line on
    the day something unpriced starts, and the placements of a child whose appeal seeks another."""

    horizon: date
    means: Mapping[Unpriced, int]
    placements_of: Mapping[str, Sequence[Agreed]]


class Posting(NamedTuple):
    """So many pence from one place to another. There is no second half to forget."""

    cell: Cell
    source: str
    target: str
    pence: int
    first: date
    last: date


class Charge(NamedTuple):
    """One step of an explanation: a price in force for some days of a year, and what it makes due."""

    year: int
    provision: Provision
    span: Span
    cost: Cost
    pence: int
    provisional: bool = False
    contribution: ContributionAgreed | None = None


def schedule(folded: Folded, context: Context) -> Schedule:
    """What should stand posted for a commitment."""
    cells: Schedule = {}
    for agreed in folded.agreed:
        if not agreed.paid_by_dfe:
            _commit(cells, agreed, charges(agreed, context))
    for appeal in folded.appeals:
        _expect(cells, appeal)
        _expose(cells, appeal, context)
    _pay(cells, folded)
    return {cell: amount for cell, amount in sorted(cells.items()) if amount.pence}


def unpriced(agreed: Iterable[Agreed], horizon: date) -> list[Unpriced]:
    """The line and first day of every stretch whose price is not known yet."""
    return [
        (part.provision, segment.span.first)
        for part in agreed
        if part.lacks_a_price
        for segment in part.segments(horizon)
        if segment.cost is None
    ]


def charges(agreed: Agreed, context: Context, window: Span | None = None) -> list[Charge]:
    """Every price in force, year by year, with what it makes due; contributions follow as negative steps.

    With a `window`, only what falls due on its days.
    """
    attended = agreed.attended(context.horizon)
    window = window or attended
    found: list[Charge] = []
    for segment in agreed.segments(context.horizon):
        cost = segment.cost or Cost(amount_pence=context.means[agreed.provision, segment.span.first], per="year")
        found += _charged(agreed, cost, segment.span, attended, window, provisional=segment.cost is None)
    for contribution in agreed.contributions:
        last = attended.last if contribution.end_date is None else contribution.end_date
        span = Span(contribution.start_date, last).within(attended)
        found += _charged(agreed, contribution.cost, span, span, window, contribution=contribution)
    return found


def _charged(
    agreed: Agreed,
    cost: Cost,
    span: Span,
    attended: Span,
    window: Span,
    provisional: bool = False,
    contribution: ContributionAgreed | None = None,
) -> Iterable[Charge]:
    whole = cost
    if agreed.times != 1:
        whole = cost.model_copy(update={"amount_pence": cost.amount_pence * agreed.times})
    seen = span.within(window)
    years = financial_years(seen.first, seen.last)
    for year in years:
        edge = year in (years[0], years[-1])
        in_force = year_span(year).within(seen) if edge else year_span(year)
        pence = due_on(whole, in_force, span, attended)
        yield Charge(
            year, agreed.provision, in_force, cost, -pence if contribution else pence, provisional, contribution
        )


def _commit(cells: Schedule, agreed: Agreed, found: Sequence[Charge]) -> None:
    line = str(agreed.provision)
    contributed: dict[int, int] = defaultdict(int)
    for charge in found:
        if charge.contribution:
            contributed[charge.year] -= charge.pence
            continue
        kind = Kind.PROVISIONAL if charge.provisional else Kind.COMMITMENT
        _add(cells, Cell(charge.year, line, kind), charge.pence, charge.span)
    # Never more than there is.
    for year, pence in sorted(contributed.items()):
        left = pence
        for kind in _COMMITTED:
            cell = Cell(year, line, kind)
            if cell in cells:
                paid_by_partner = min(cells[cell].pence, left)
                left -= paid_by_partner
                cells[cell] = cells[cell]._replace(pence=cells[cell].pence - paid_by_partner)


def _expect(cells: Schedule, appeal: Appeal) -> None:
    """An open appeal stands at what it is expected to cost, or has cost if that is more; a closed one at the latter."""
    lodged = Span(appeal.lodged_on, appeal.lodged_on)
    incurred = 0
    for cost in appeal.incurred:
        incurred += cost.amount_pence
        cell = Cell(financial_year(cost.incurred_on), str(Provision.TRIBUNAL), Kind.COMMITMENT)
        _add(cells, cell, cost.amount_pence, Span(cost.incurred_on, cost.incurred_on))
    if appeal.concluded_on is None:
        still = max(appeal.expected_pence - incurred, 0)
        _add(cells, Cell(financial_year(appeal.lodged_on), str(Provision.TRIBUNAL), Kind.COMMITMENT), still, lodged)


def _expose(cells: Schedule, appeal: Appeal, context: Context) -> None:
    """What the family seeks beyond what is paid, year by year; possible, never committed, gone when it concludes."""
    if appeal.sought is None or appeal.concluded_on is not None:
        return
    sought = Span(appeal.sought.start_date, context.horizon)
    for year in financial_years(sought.first, sought.last):
        days = sought.within(year_span(year))
        placements = context.placements_of.get(appeal.child_ref, ())
        paid = sum(charge.pence for placement in placements for charge in charges(placement, context, days))
        beyond = due(appeal.sought.cost, sought, sought, days) - paid
        _add(cells, Cell(year, str(appeal.sought.provision), Kind.EXPOSURE), max(beyond, 0), days)


def _pay(cells: Schedule, folded: Folded) -> None:
    """Payments move what is committed to spent, never below zero; what is paid beyond that is an exception."""
    if not folded.payments:
        return
    paid: dict[int, int] = defaultdict(int)
    for payment in folded.payments:
        paid[payment.financial_year] += payment.amount_pence
    for year, left in paid.items():
        for line in sorted({cell.line for cell in cells if cell.year == year and cell.kind in _COMMITTED}):
            owed = [cells[cell] for kind in _COMMITTED if (cell := Cell(year, line, kind)) in cells]
            spent = min(left, sum(amount.pence for amount in owed))
            left -= spent
            _add(cells, Cell(year, line, Kind.PAYMENT), spent, Span(owed[0].first, owed[0].last))


def _add(cells: Schedule, cell: Cell, pence: int, span: Span) -> None:
    if not pence:
        return
    known = cells.get(cell)
    if known is None:
        cells[cell] = Amount(pence, span.first, span.last)
    else:
        cells[cell] = Amount(known.pence + pence, min(known.first, span.first), max(known.last, span.last))


def budget_schedule(events: Iterable[Event]) -> Schedule:
    """What should stand posted for one budget line, grant or reserve: the latest figure set."""
    latest = max(events, key=order, default=None)
    if latest is None:
        return {}
    match latest.data:
        case BudgetSet(financial_year=year, line=line, amount_pence=pence):
            cell = Cell(year, line, Kind.GRANT if line == GRANT_LINE else Kind.BUDGET)
        case ReserveOpened(financial_year=year, balance_pence=pence):
            cell = Cell(year, RESERVE_LINE, Kind.RESERVE)
        case other:
            raise TypeError(f"{type(other).__name__} sets no budget")
    span = year_span(year)
    return {cell: Amount(pence, span.first, span.last)} if pence else {}


def difference(posted: Mapping[Cell, Amount], wanted: Mapping[Cell, Amount]) -> list[Posting]:
    """The postings that take what is posted to what should be; none where nothing changed."""
    if not posted:
        return [
            Posting(cell, *(PLACES[cell.kind] if pence > 0 else PLACES[cell.kind][::-1]), abs(pence), first, last)
            for cell, (pence, first, last) in sorted(wanted.items())
        ]
    found = []
    for cell in sorted(posted.keys() | wanted.keys()):
        old, new = posted.get(cell), wanted.get(cell)
        pence = (new.pence if new else 0) - (old.pence if old else 0)
        if not pence:
            continue
        source, target = PLACES[cell.kind] if pence > 0 else reversed(PLACES[cell.kind])
        amount = new or old
        assert amount is not None
        found.append(Posting(cell, source, target, abs(pence), amount.first, amount.last))
    return found
