"""A commitment explained in words a finance officer would use: each step with its days, its price and its pence."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from hnb.calendar import Span, days_of, financial_year, year_label
from hnb.events import Cost
from hnb.money import pounds
from hnb.provisions import LINES, Provision
from ledger.domain.commitments import Agreed, Appeal, Folded
from ledger.domain.schedules import Charge, Context, Kind, charges, schedule

PERIODS = {"year": "a year", "academic-year": "an academic year", "term": "a term", "week": "a week", "once": "once"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an explanation in words, and the pence it adds to a year of a line; below zero it takes some off."""

    year: int
    line: str
    kind: Kind
    pence: int
    words: str


def explain(folded: Folded, context: Context) -> list[str]:
    """Every step that leads to what is committed, in words, in order."""
    if not folded.known:
        waiting = ["Waiting: what these events are about is not known yet, so nothing is committed."]
        return waiting + [step.words for step in _payments(folded, context)]
    words: list[str] = []
    for agreed in folded.agreed:
        words += _title(agreed, context) + [step.words for step in _agreed(agreed, context)]
    for appeal in folded.appeals:
        words += _about(appeal) + [step.words for step in _appeal(appeal, context)]
    return words + [step.words for step in _payments(folded, context)]


def steps(folded: Folded, context: Context) -> list[Step]:
    """The steps whose pence make up the schedule: per year and line, what is due sums to what is committed, provisional
    or not; what is paid to what is spent; and what is sought to what is contingent."""
    found = [step for agreed in folded.agreed for step in _agreed(agreed, context)]
    found += [step for appeal in folded.appeals for step in _appeal(appeal, context)]
    return found + (list(_payments(folded, context)) if folded.known else [])


def _title(agreed: Agreed, context: Context) -> list[str]:
    title = LINES[agreed.provision].title
    end = "open" if agreed.end is None else f"to {_day(agreed.end)}"
    places = f", {agreed.times} places" if agreed.kind == "contract" else ""
    words = [f"{agreed.kind.capitalize()} on {title} from {_day(agreed.start)}, {end}{places}."]
    if agreed.end is None:
        words.append(f"An open end runs to the planning horizon, {_day(context.horizon)}.")
    elif agreed.end < agreed.start:
        words.append("It ended before it started, and costs nothing.")
    if agreed.paid_by_dfe:
        words.append("Paid by the Department for Education: shown, and not committed.")
    return words


def _agreed(agreed: Agreed, context: Context) -> Iterable[Step]:
    if agreed.paid_by_dfe:
        return
    left: dict[int, int] = defaultdict(int)
    for charge in charges(agreed, context):
        left[charge.year] += charge.pence
        kind = Kind.PROVISIONAL if charge.provisional else Kind.COMMITMENT
        yield Step(charge.year, str(agreed.provision), kind, charge.pence, _charge(charge, agreed))
    for year, pence in sorted(left.items()):
        if pence < 0:
            words = f"{year_label(year)}: contributions pay for no more than it costs: {pounds(-pence)} is not taken."
            yield Step(year, str(agreed.provision), Kind.COMMITMENT, -pence, words)


def _charge(charge: Charge, agreed: Agreed) -> str:
    per = _price(charge.cost) + (f" x {agreed.times} places" if agreed.kind == "contract" else "")
    days = f"{charge.span.days} of {days_of(charge.year)} days"
    span = _span(charge.span)
    if charge.contribution:
        partner = charge.contribution.partner.replace("-", " ")
        return f"{year_label(charge.year)}: {span}, {partner} contributes {per}: {pounds(charge.pence)}."
    label = " (provisional: no price yet, the line's mean)" if charge.provisional else ""
    return f"{year_label(charge.year)}: {span}, {days}, at {per}{label}: {pounds(charge.pence)}."


def _price(cost: Cost) -> str:
    weeks = f" for {cost.weeks or 39} weeks" if cost.per == "week" else ""
    return f"{pounds(cost.amount_pence)} {PERIODS[cost.per]}{weeks}"


def _about(appeal: Appeal) -> list[str]:
    words = [
        f"Appeal lodged on {_day(appeal.lodged_on)}, expected to cost {pounds(appeal.expected_pence)} (general fund)."
    ]
    if appeal.concluded_on:
        words.append(f"Concluded on {_day(appeal.concluded_on)}: what was expected beyond the cost is released.")
    elif appeal.sought:
        words.append(
            f"The family seeks {LINES[appeal.sought.provision].title} at {_price(appeal.sought.cost)} from "
            f"{_day(appeal.sought.start_date)}: what that costs beyond what is paid is contingent, not committed."
        )
    return words


def _appeal(appeal: Appeal, context: Context) -> Iterable[Step]:
    line = str(Provision.TRIBUNAL)
    for cost in appeal.incurred:
        year = financial_year(cost.incurred_on)
        words = (
            f"{year_label(year)}: cost incurred on {_day(cost.incurred_on)}, {cost.kind}: {pounds(cost.amount_pence)}."
        )
        yield Step(year, line, Kind.COMMITMENT, cost.amount_pence, words)
    still = appeal.expected_pence - sum(cost.amount_pence for cost in appeal.incurred)
    if appeal.concluded_on is None and still > 0:
        year = financial_year(appeal.lodged_on)
        words = f"{year_label(year)}: still expected beyond the costs incurred: {pounds(still)}."
        yield Step(year, line, Kind.COMMITMENT, still, words)
    for cell, amount in schedule(Folded(appeals=(appeal,)), context).items():
        if cell.kind is Kind.EXPOSURE:
            words = (
                f"{year_label(cell.year)}: {_span(Span(amount.first, amount.last))}, what is sought beyond what is "
                f"paid: {pounds(amount.pence)}, contingent."
            )
            yield Step(cell.year, cell.line, Kind.EXPOSURE, amount.pence, words)


def _payments(folded: Folded, context: Context) -> Iterable[Step]:
    """Each payment, and what of a year's payments the position leaves out as it is more than was due."""
    spent = {
        (cell.year, cell.line): amount.pence
        for cell, amount in schedule(folded, context).items() if cell.kind is Kind.PAYMENT
    }  # fmt: skip
    paid: dict[int, int] = defaultdict(int)
    for payment in folded.payments:
        year = payment.financial_year
        paid[year] += payment.amount_pence
        words = f"Paid {pounds(payment.amount_pence)} on {_day(payment.paid_on)} for {year_label(year)}."
        yield Step(year, _first_line(folded, spent, year), Kind.PAYMENT, payment.amount_pence, words)
    for year, pence in sorted(paid.items()):
        beyond = pence - sum(one for (of, _), one in spent.items() if of == year)
        if beyond > 0 and folded.known:
            words = f"{year_label(year)}: {pounds(beyond)} is paid beyond what is due, and stays out of the position."
            yield Step(year, _first_line(folded, spent, year), Kind.PAYMENT, -beyond, words)


def _first_line(folded: Folded, spent: Mapping[tuple[int, str], int], year: int) -> str:
    unpaid = str(folded.agreed[0].provision if folded.agreed else Provision.TRIBUNAL)
    return min((line for of, line in spent if of == year), default=unpaid)


def _span(span: Span) -> str:
    return _day(span.first) if span.first == span.last else f"{_day(span.first)} to {_day(span.last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
