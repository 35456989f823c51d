"""Appeals as the formal review counts them: how many, how they ended, what they cost."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hnb.calendar import ONE_DAY, Span, financial_years, year_label, year_span
from hnb.money import divide_half_up
from placements.domain.clocks import months_after
from placements.domain.orders import AGAINST_THE_AUTHORITY
from placements.domain.timeliness import percent, tenths

# What was recorded of tribunals from 2020 on was not recorded robustly; from December 2024 on it is (the scrutiny
# review of the High Needs Block, 8.2).
RELIABLE_FROM = date(2024, 12, 1)
UNRELIABLE = "not reliably recorded"
_WITHOUT_A_HEARING = ("conceded", "withdrawn", "mediated")  # where nobody said: settled between the parties

Row = dict[str, Any]
Key = tuple[str, str]  # an authority and an id within it


@dataclass(frozen=True, slots=True)
class Spent:
    """A cost of an appeal, in pence, and of whom it was bought."""

    appeal: Key
    kind: str
    amount_pence: int
    incurred_on: date
    supplier_ref: str | None = None
    criteria_met: bool | None = None


@dataclass(frozen=True, slots=True)
class Mediation:
    """A mediation held, of one child's case. `child` serves to find its appeals and is never shown."""

    child: Key
    held_on: date
    outcome: str
    appeal: Key | None = None


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal as the register has it. `child` serves to find its mediations and is never shown."""

    key: Key
    child: Key
    kind: str
    lodged_on: date
    sections: tuple[str, ...] = ()
    certified: bool = False
    officer_ref: str | None = None
    concluded_on: date | None = None
    outcome: str | None = None
    root_cause: str | None = None
    hearing: bool | None = None

    def open_on(self, day: date) -> bool:
        """Whether it was lodged by the end of the day and not concluded by then."""
        return self.lodged_on <= day and (self.concluded_on is None or self.concluded_on > day)

    def concluded_in(self, span: Span) -> bool:
        return self.concluded_on is not None and span.first <= self.concluded_on <= span.last

    @property
    def heard(self) -> str:
        """`with`, `without` or `not-said`: settled between the parties is without one, unless said otherwise."""
        if self.hearing is None:
            return "without" if self.outcome in _WITHOUT_A_HEARING else "not-said"
        return "with" if self.hearing else "without"


@dataclass(slots=True)
class Caseload:
    """Everything one review looks at: the span, the appeals and mediations ever known, and the costs by appeal."""

    span: Span
    appeals: Sequence[Appeal]
    mediations: Sequence[Mediation]
    spent: Sequence[Spent]
    cost_pence: Mapping[Key, int] = field(init=False)

    def __post_init__(self) -> None:
        costs: Counter[Key] = Counter()
        for one in self.spent:
            costs[one.appeal] += one.amount_pence
        self.cost_pence = costs

    @property
    def lodged(self) -> list[Appeal]:
        return [one for one in self.appeals if self.span.first <= one.lodged_on <= self.span.last]

    @property
    def concluded(self) -> list[Appeal]:
        return [one for one in self.appeals if one.concluded_in(self.span)]

    @property
    def spent_in_span(self) -> list[Spent]:
        return [one for one in self.spent if self.span.first <= one.incurred_on <= self.span.last]


def recorded(span: Span) -> str:
    """How far what was recorded of a span can be relied on."""
    if span.first >= RELIABLE_FROM:
        return "reliably"
    return UNRELIABLE if span.last < RELIABLE_FROM else f"{UNRELIABLE} before {RELIABLE_FROM}"


def months(span: Span) -> Iterable[Span]:
    """The calendar months of a span; the first and last only as far as they are in it."""
    first = span.first
    while first <= span.last:
        following = months_after(first.replace(day=1), 1)
        yield Span(first, min(following - ONE_DAY, span.last))
        first = following


def by_month(of: Caseload) -> list[Row]:
    """Lodged, concluded and spent in each month, and open at its end."""
    return [{"month": f"{span.first:%Y-%m}", **_volumes(of, span)} for span in months(of.span)]


def by_year(of: Caseload) -> list[Row]:
    """The same for each financial year, as far as it is in the span, with its first and last day."""
    spans = [(year, year_span(year).within(of.span)) for year in financial_years(*of.span)]
    return [
        {"financial_year": year_label(year), "first": span.first, "last": span.last, **_volumes(of, span)}
        for year, span in spans
    ]


def _volumes(of: Caseload, span: Span) -> Row:
    return {
        "lodged": sum(span.first <= one.lodged_on <= span.last for one in of.appeals),
        "concluded": sum(one.concluded_in(span) for one in of.appeals),
        "open": sum(one.open_on(span.last) for one in of.appeals),
        "cost_pence": sum(one.amount_pence for one in of.spent if span.first <= one.incurred_on <= span.last),
        "recorded": recorded(span),
    }


def by_cost_kind(of: Caseload) -> list[Row]:
    """What was spent in the span, by kind, and the share of each."""
    spent = of.spent_in_span
    total = sum(one.amount_pence for one in spent)
    of_kind: dict[str, list[Spent]] = defaultdict(list)
    for one in spent:
        of_kind[one.kind].append(one)
    return [
        {
            "kind": kind, "items": len(items), "appeals": len({one.appeal for one in items}),
            "amount_pence": sum(one.amount_pence for one in items),
            "percent": percent(sum(one.amount_pence for one in items), total),
        }
        for kind, items in sorted(of_kind.items())
    ]  # fmt: skip


def by_hearing(of: Caseload) -> list[Row]:
    """Appeals concluded in the span by whether they were heard, with what each cost from first to last."""
    return [{"hearing": name, **described(of, found)} for name, found in _groups(of.concluded, lambda one: one.heard)]


def by_outcome(of: Caseload) -> list[Row]:
    """Appeals concluded in the span by outcome."""
    concluded = of.concluded
    return [
        {"outcome": name, "percent": percent(len(found), len(concluded)), **described(of, found)}
        for name, found in _groups(concluded, lambda one: one.outcome or "not-said")
    ]


def by_appeal_type(of: Caseload) -> list[Row]:
    """Appeals lodged and concluded in the span by what they were against."""
    lodged, concluded = (Counter(one.kind for one in found) for found in (of.lodged, of.concluded))
    against = Counter(one.kind for one in of.concluded if one.outcome in AGAINST_THE_AUTHORITY)
    return [
        {
            "appeal_type": kind, "lodged": lodged[kind], "concluded": concluded[kind],
            "against_the_authority": against[kind],
            "percent_against_the_authority": percent(against[kind], concluded[kind]),
        }
        for kind in sorted({*lodged, *concluded})
    ]  # fmt: skip


def by_sections(of: Caseload) -> list[Row]:
    """Appeals lodged in the span by the sections of the plan they were about."""
    named = Counter(", ".join(one.sections) or "not-said" for one in of.lodged if one.kind == "contents")
    return [{"sections": sections, "lodged": count} for sections, count in sorted(named.items())]


def described(of: Caseload, appeals: Sequence[Appeal]) -> Row:
    """How many, how long they took and what they cost: mean pence over those with any cost recorded."""
    costed = [of.cost_pence[one.key] for one in appeals if one.key in of.cost_pence]
    days = [(one.concluded_on - one.lodged_on).days for one in appeals if one.concluded_on is not None]
    return {
        "appeals": len(appeals),
        "mean_days": tenths(sum(days), len(days)),
        "cost_pence": sum(costed),
        "mean_cost_pence": mean(sum(costed), len(costed)),
        "without_cost": len(appeals) - len(costed),
    }


def mean(part: int, whole: int) -> int | None:
    """A mean in whole pence, halves up; None over nothing."""
    return None if whole == 0 else divide_half_up(part, whole)


def _groups(appeals: Iterable[Appeal], by: Any) -> list[tuple[str, list[Appeal]]]:
    found: dict[str, list[Appeal]] = defaultdict(list)
    for one in appeals:
        found[by(one)].append(one)
    return sorted(found.items())
