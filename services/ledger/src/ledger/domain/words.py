"""A commitment explained in words a finance officer would use: each step with its days, its price and its pence."""

from datetime import date

from hnb.calendar import Span, days_of, year_label
from hnb.events import Cost
from hnb.money import pounds
from hnb.provisions import LINES
from ledger.domain.commitments import Agreed, Appeal, Folded
from ledger.domain.schedules import Charge, Context, charges

PERIODS = {"year": "a year", "academic-year": "an academic year", "term": "a term", "week": "a week", "once": "once"}


def explain(folded: Folded, context: Context) -> list[str]:
    """Every step that leads to what is committed, in order; the pence of its steps sum to the schedule's."""
    if not folded.known:
        return ["Waiting: what these events are about is not known yet, so nothing is committed."]
    words: list[str] = []
    for agreed in folded.agreed:
        words += _agreed(agreed, context)
    for appeal in folded.appeals:
        words += _appeal(appeal)
    for payment in folded.payments:
        words.append(
            f"Paid {pounds(payment.amount_pence)} on {_day(payment.paid_on)} for {year_label(payment.financial_year)}."
        )
    return words


def _agreed(agreed: Agreed, context: Context) -> list[str]:
    title = LINES[agreed.provision].title
    end = "open" if agreed.end is None else f"to {_day(agreed.end)}"
    places = f", {agreed.times} places" if agreed.kind == "contract" else ""
    words = [f"{agreed.kind.capitalize()} on {title} from {_day(agreed.start)}, {end}{places}."]
    if agreed.end is None:
        words.append(f"An open end runs to the planning horizon, {_day(context.horizon)}.")
    if agreed.paid_by_dfe:
        return [*words, "Paid by the Department for Education: shown, and not committed."]
    return words + [_charge(charge, agreed) for charge in charges(agreed, context)]


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


def _appeal(appeal: Appeal) -> list[str]:
    words = [
        f"Appeal lodged on {_day(appeal.lodged_on)}, expected to cost {pounds(appeal.expected_pence)} (general fund)."
    ]
    words += [f"Cost incurred on {_day(c.incurred_on)}: {c.kind}, {pounds(c.amount_pence)}." for c in appeal.incurred]
    if appeal.concluded_on:
        words.append(f"Concluded on {_day(appeal.concluded_on)}: what was expected beyond the cost is released.")
    elif appeal.sought:
        words.append(
            f"The family seeks {LINES[appeal.sought.provision].title} at {_price(appeal.sought.cost)} from "
            f"{_day(appeal.sought.start_date)}: what that costs beyond what is paid is contingent, not committed."
        )
    return words


def _span(span: Span) -> str:
    return _day(span.first) if span.first == span.last else f"{_day(span.first)} to {_day(span.last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
