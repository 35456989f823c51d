"""What appeals teach: root causes that come back, what mediation goes with, who carries and whom it pays."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from placements.domain.appeals import (
    Appeal,
    Caseload,
    Key,
    Mediation,
    Row,
    described,
    mean,
    months,
    recorded,
)
from placements.domain.orders import AGAINST_THE_AUTHORITY
from placements.domain.timeliness import percent, tenths

# A mediation is of the same dispute as an appeal lodged within half a year of it: two months to appeal or to ask for
# mediation, 30 days to hold it, a month from its certificate, and what August adds.
SAME_DISPUTE = timedelta(days=183)
BOUGHT = ("consultant", "expert-witness")
NOT_SAID = "not-said"


def root_causes(of: Caseload) -> list[Row]:
    """Root causes of the appeals concluded in the span, and how many of each came back after it had been recorded.

    A repeat is an appeal lodged after the cause was first recorded, in this span or before it: one lodged earlier was
    under way already, and nothing learned could have prevented it. Spelling differs, so case and spaces do not count.
    """
    first_on: dict[str, date] = {}
    shown: dict[str, str] = {}
    for one in sorted((a for a in of.appeals if a.concluded_on is not None), key=lambda a: (a.concluded_on, a.key)):
        cause = _cause(one)
        if cause is not None and one.concluded_on is not None:
            first_on.setdefault(cause, one.concluded_on)
            shown.setdefault(cause, " ".join((one.root_cause or "").split()))
    found: dict[str, list[Appeal]] = defaultdict(list)
    for one in of.concluded:
        found[_cause(one) or NOT_SAID].append(one)
    return [
        {
            "root_cause": shown.get(cause, NOT_SAID), "first_recorded_on": first_on.get(cause),
            "repeats": sum(cause in first_on and one.lodged_on > first_on[cause] for one in appeals),
            "against_the_authority": sum(one.outcome in AGAINST_THE_AUTHORITY for one in appeals),
            **described(of, appeals),
        }
        for cause, appeals in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    ]  # fmt: skip


def _cause(one: Appeal) -> str | None:
    return " ".join(one.root_cause.split()).casefold() if one.root_cause else None


def mediations(of: Caseload) -> list[Row]:
    """Mediations held in the span by outcome, and how many of them no appeal followed."""
    lodged = _by_child(of.appeals)
    held = [one for one in of.mediations if of.span.first <= one.held_on <= of.span.last]
    followed = Counter(one.outcome for one in held if _followed(one, lodged[one.child]))
    all_ = Counter(one.outcome for one in held)
    return [
        {
            "outcome": outcome, "held": count, "followed_by_appeal": followed[outcome],
            "without_appeal": count - followed[outcome],
            "percent_without_appeal": percent(count - followed[outcome], count),
        }
        for outcome, count in sorted(all_.items())
    ]  # fmt: skip


def _followed(one: Mediation, appeals: Iterable[Appeal]) -> bool:
    if one.appeal is not None:
        return True
    return any(one.held_on <= appeal.lodged_on <= one.held_on + SAME_DISPUTE for appeal in appeals)


def mediation_effect(of: Caseload) -> list[Row]:
    """Appeals concluded in the span, with a mediation before them and without, side by side.

    A comparison, not an effect: families who mediate and disputes that are mediated differ from the others.
    """
    groups: dict[bool, list[Appeal]] = {True: [], False: []}
    held = _held(of)
    for appeal in of.concluded:
        groups[any(_before(one, appeal) for one in held[appeal.child])].append(appeal)
    return [
        {
            "mediation": "before" if mediated else "none",
            "against_the_authority": sum(one.outcome in AGAINST_THE_AUTHORITY for one in appeals),
            "percent_against_the_authority": percent(
                sum(one.outcome in AGAINST_THE_AUTHORITY for one in appeals), len(appeals)),
            "heard": sum(one.heard == "with" for one in appeals), **described(of, appeals),
        }
        for mediated, appeals in groups.items()
    ]  # fmt: skip


def certified_alone(of: Caseload) -> int:
    """Appeals lodged in the span with a mediation certificate, and no mediation held: it was considered, not tried."""
    held = _held(of)
    return sum(one.certified and not any(_before(held_, one) for held_ in held[one.child]) for one in of.lodged)


def _before(one: Mediation, appeal: Appeal) -> bool:
    if one.appeal is not None:
        return one.appeal == appeal.key and one.held_on <= appeal.lodged_on
    return one.held_on <= appeal.lodged_on <= one.held_on + SAME_DISPUTE


def caseload_by_month(of: Caseload) -> list[Row]:
    """Open appeals at each month's end, over the posts that hold them where that is said, and what officers cost."""
    rows = []
    for span in months(of.span):
        open_ = [one for one in of.appeals if one.open_on(span.last)]
        officers = {one.officer_ref for one in open_} - {None}
        held = sum(one.officer_ref is not None for one in open_)
        pence = sum(
            one.amount_pence for one in of.spent
            if one.kind == "officer" and span.first <= one.incurred_on <= span.last
        )  # fmt: skip
        rows.append({
            "month": f"{span.first:%Y-%m}", "open": len(open_), "officers": len(officers),
            "open_per_officer": tenths(held, len(officers)), "officer_not_said": len(open_) - held,
            "officer_cost_pence": pence, "officer_cost_per_open_pence": mean(pence, len(open_)),
            "recorded": recorded(span),
        })  # fmt: skip
    return rows


def caseload_by_officer(of: Caseload) -> list[Row]:
    """Each post's or team's appeals: lodged and concluded in the span, and open at its end."""
    lodged, concluded = (Counter(a.officer_ref or NOT_SAID for a in found) for found in (of.lodged, of.concluded))
    open_ = Counter(one.officer_ref or NOT_SAID for one in of.appeals if one.open_on(of.span.last))
    return [
        {"officer_ref": who, "lodged": lodged[who], "concluded": concluded[who], "open": open_[who]}
        for who in sorted({*lodged, *concluded, *open_})
    ]


def suppliers(of: Caseload) -> list[Row]:
    """Consultants and expert witnesses paid in the span, by supplier: fees, appointment criteria met, and how the
    appeals they worked on ended."""
    appeals = {one.key: one for one in of.appeals}
    bought: dict[str, list[tuple[Key, int, bool | None]]] = defaultdict(list)
    for one in of.spent_in_span:
        if one.kind in BOUGHT:
            bought[one.supplier_ref or NOT_SAID].append((one.appeal, one.amount_pence, one.criteria_met))
    rows = []
    for supplier, items in sorted(bought.items()):
        met, not_met = (sum(said is wanted for _, _, said in items) for wanted in (True, False))
        worked_on = {key for key, _, _ in items}
        ended = [its for key in worked_on if (its := appeals.get(key)) and not its.open_on(of.span.last)]
        rows.append({
            "supplier_ref": supplier, "items": len(items), "appeals": len(worked_on),
            "amount_pence": sum(pence for _, pence, _ in items), "criteria_met": met, "criteria_not_met": not_met,
            "criteria_not_said": len(items) - met - not_met, "percent_criteria_met": percent(met, met + not_met),
            "concluded": len(ended), "against_the_authority": sum(a.outcome in AGAINST_THE_AUTHORITY for a in ended),
        })  # fmt: skip
    return rows


def _held(of: Caseload) -> dict[Key, list[Mediation]]:
    found: dict[Key, list[Mediation]] = defaultdict(list)
    for one in of.mediations:
        found[one.child].append(one)
    return found


def _by_child(appeals: Iterable[Appeal]) -> dict[Key, list[Appeal]]:
    found: dict[Key, list[Appeal]] = defaultdict(list)
    for one in appeals:
        found[one.child].append(one)
    return found
