"""The summary's sections on what families meet: the tribunal, consultants, and how long things take."""

from hnb.calendar import year_label
from hnb.words import day, percent
from ledger.domain.disclosure import KEPT_BACK
from ledger.domain.documents import Section, Table
from ledger.domain.public.facts import CRITERIA, KINDS, LATER, NO_REQUEST, OUTCOMES, TREND_YEARS, WAITS, WITHIN
from ledger.domain.public.told import Told, text

FIRST_RELIABLE = 2025  # the financial year: what tribunals cost from 2020 to December 2024 was not reliably recorded
NOT_IN_THE_LEDGER = "–"


def tribunals(told: Told) -> Section:
    """Volumes, outcomes and cost."""
    outcomes = [(name, told.count("outcome", name)) for name in (*OUTCOMES.values(), "all")]
    costs = [(name, told.pounds("cost", name)) for name in (*KINDS.values(), "all")]
    return Section(
        id="tribunals",
        title="Appeals to the tribunal",
        paragraphs=(
            "Families who do not agree with the council can appeal to a tribunal.",
            f"{told.count('lodged', str(told.year))} appeals were made in {told.label}.",
            text(
                f"The council's recorded costs of appeals in the year were {told.pounds('cost', 'all')}.",
                "They are paid from the council's general fund, not from the High Needs Block.",
            ),
        ),
        tables=(
            Table(caption="Appeals made, by year", head=("Year", "Appeals"), rows=_by_year(told), numeric=1),
            _with_total(f"How appeals ended in {told.label}", ("Outcome", "Appeals"), outcomes),
            _with_total(f"What appeals cost in {told.label}", ("Kind", "Cost"), costs),
        ),
        notes=(
            text(
                "What appeals cost from 2020 to December 2024 was not reliably recorded,",
                f"so no cost is shown for years before {year_label(FIRST_RELIABLE)}.",
            ),
            "A dash means that no appeal of that year or before is in the ledger.",
        ),
    )


def _by_year(told: Told) -> tuple[tuple[str, str], ...]:
    """Years before the first that any appeal is known of are not noughts: nobody recorded them."""
    years = range(told.year - TREND_YEARS + 1, told.year + 1)
    first = min((year for year in years if told.facts.groups["lodged", str(year)].children), default=told.year)
    return tuple(
        (year_label(year), told.count("lodged", str(year)) if year >= first else NOT_IN_THE_LEDGER) for year in years
    )


def _with_total(caption: str, head: tuple[str, str], rows: list[tuple[str, str]]) -> Table:
    return Table(caption=caption, head=head, rows=(*rows[:-1], ("All", rows[-1][1])), numeric=1, total=True)


def consultants(told: Told) -> Section:
    """Fees, by whether the criteria for appointing them were met."""
    return Section(
        id="consultants",
        title="Consultants' fees",
        paragraphs=(f"Consultants were paid {told.pounds('cost', KINDS['consultant'])} for work on appeals.",),
        tables=(
            Table(
                caption="Consultants' fees, by whether the criteria for appointing them were met",
                head=("Criteria", "Fees"),
                rows=tuple((met, told.pounds("consultants", met)) for met in CRITERIA),
                numeric=1,
            ),
        ),
    )


def waits(told: Told) -> Section:
    """The 20 weeks a plan may take, and who has a plan and no placement."""
    return Section(
        id="waits",
        title="How long families waited",
        paragraphs=(
            "The law says that a final plan must come within 20 weeks of the request.",
            text(
                f"{told.count('requests', 'all')} requests came in {told.label}.",
                f"{told.count('issued', 'all')} plans were issued.",
                f"Of those whose request is known, {_timely(told)} were issued within 20 weeks.",
            ),
            text(
                f"On {day(told.facts.until)} {told.count('plans', 'all')} plans were in force.",
                f"{told.count('waits', 'all')} of these children had no placement.",
            ),
        ),
        tables=(
            Table(
                caption=f"Plans issued in {told.label}",
                head=("Time from the request", "Plans"),
                rows=tuple((name, told.count("issued", name)) for name in (WITHIN, LATER, NO_REQUEST)),
                numeric=1,
            ),
            Table(
                caption="Children with a plan and no placement, by time since the plan",
                head=("Time since the plan", "Children"),
                rows=tuple((name, told.count("waits", name)) for name in WAITS),
                numeric=1,
            ),
        ),
        notes=("Some children with a plan and no placement are taught at home by their parents' choice.",),
    )


def _timely(told: Told) -> str:
    within, later = told.shown["issued", WITHIN].children, told.shown["issued", LATER].children
    return KEPT_BACK if within is None or later is None else percent(within, within + later)
