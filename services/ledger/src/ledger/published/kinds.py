"""The one table of published files: what each kind is known by, and which of its columns is which measure.

Where a publisher renames a column, this is what changes. Which names were seen in published files, and which are not
verified, stands in docs/benchmarking.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

PLANS, PUPILS = "plans", "pupils"
PUPILS_WITH_PLAN, PUPILS_SUPPORTED = "pupils_with_plan", "pupils_sen_support"
APPEALS, APPEAL_RATE = "appeals", "appeal_rate"
POPULATION, POPULATION_24 = "population_0_25", "population_0_24"
OUTTURN, BUDGET = "outturn", "budget"
MEASURE = re.compile(
    f"{PLANS}|{PUPILS}|{PUPILS_WITH_PLAN}|{PUPILS_SUPPORTED}|{APPEALS}|{APPEAL_RATE}|{POPULATION}|{POPULATION_24}"
    rf"|(?:{OUTTURN}|{BUDGET}):\d\.\d{{1,2}}\.\d{{1,2}}"
)
"""Every measure there is; `outturn:1.2.3` is a line of the Section 251 outturn."""


class Unit(StrEnum):
    """What a column's number counts."""

    COUNT = "count"
    MILLIONS = "millions of pounds"  # kept as pence
    PERCENT = "percent"  # kept as hundredths of one percent


Layout = Literal["house", "ages", "neighbours"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of published file."""

    name: str
    title: str
    layout: Layout
    known_by: tuple[tuple[str, ...], ...]
    """Column names; of each group the header must have one."""
    measures: Mapping[str, tuple[str, Unit]] = field(default_factory=dict)
    """From a column's name to the measure it is, or to the prefix of one where `lines` says which column names it."""
    filters: tuple[str, ...] = ()
    """Columns that break a figure down. Only rows where each says that it is the total are read."""
    lines: str | None = None
    years: Literal["calendar", "academic", "financial"] = "calendar"


HOUSE = (("time_period",), ("geographic_level",), ("country_code",), ("new_la_code",), ("la_name",))
_BREAKDOWNS = ("ehcp_or_statement", "establishment_group", "establishment_type", "breakdown_topic", "breakdown")
_COUNTED = {name: (name, Unit.COUNT) for name in (POPULATION, POPULATION_24)}

KINDS: tuple[Kind, ...] = (
    Kind(
        "ehc-plans", "EHC plans in January, by authority (DfE)", "house", (*HOUSE, ("num_caseload", "ehc_plans")),
        {"num_caseload": (PLANS, Unit.COUNT), "ehc_plans": (PLANS, Unit.COUNT)}, _BREAKDOWNS,
    ),
    Kind(
        "sen-pupils", "Pupils by SEN provision, by authority (DfE)", "house",
        (*HOUSE, ("total_pupils",), ("ehc_plan",), ("sen_support",)),
        {
            "total_pupils": (PUPILS, Unit.COUNT), "ehc_plan": (PUPILS_WITH_PLAN, Unit.COUNT),
            "sen_support": (PUPILS_SUPPORTED, Unit.COUNT),
        },
        ("phase_type_grouping", "type_of_establishment", "hospital_school"), years="academic",
    ),
    Kind(
        "s251-outturn", "Section 251 outturn, by authority (DfE)", "house",
        (*HOUSE, ("category_of_expenditure",), ("net_expenditure",)),
        {"net_expenditure": (OUTTURN, Unit.MILLIONS)}, lines="category_of_expenditure", years="financial",
    ),
    Kind(
        "s251-budget", "Section 251 budget, by authority (DfE)", "house",
        (*HOUSE, ("category_of_planned_expenditure",), ("net_expenditure", "net_planned_expenditure")),
        {"net_expenditure": (BUDGET, Unit.MILLIONS), "net_planned_expenditure": (BUDGET, Unit.MILLIONS)},
        lines="category_of_planned_expenditure", years="financial",
    ),
    Kind(
        "appeals", "SEND appeals registered, by authority (MoJ)", "house",
        (*HOUSE, ("appeals_registered", "registered_appeals")),
        {
            "appeals_registered": (APPEALS, Unit.COUNT), "registered_appeals": (APPEALS, Unit.COUNT),
            "appeal_rate": (APPEAL_RATE, Unit.PERCENT),
        },
    ),
    Kind("population", "Population aged 0 to 25, by authority", "house", (*HOUSE, tuple(_COUNTED)), _COUNTED),
    Kind(
        "population-by-age", "Population by single year of age, by local authority district (ONS)", "ages",
        (("country",), ("sex",), ("age",)),
    ),
    Kind(
        "neighbours", "Statistical neighbours", "neighbours",
        (("la_code", "new_la_code"), ("neighbour_code", "neighbour_la_code"), ("rank",)),
    ),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}


def recognise(header: list[str]) -> Kind | None:
    """The kind whose columns a header has."""
    there = set(header)
    for kind in KINDS:
        if all(there.intersection(group) for group in kind.known_by) and (
            kind.layout != "ages" or any(name.startswith("population_") for name in header)
        ):
            return kind
    return None


# Instead of a figure: how the publishers say that there is none. Nothing of these is ever taken for nought in a rate.
SYMBOLS = {
    "c": "withheld, so that nobody can be told from it", "z": "does not apply", "x": "not available",
    "low": "too small to be shown", "-": "none shown", "u": "of low reliability", "k": "withheld", "*": "withheld",
    ":": "not available", "..": "not available", "n/a": "not available",
}  # fmt: skip
NOT_THERE = frozenset({"z", ":", "-"})
"""Of these a line of the Section 251 return is simply not one of that authority's or year's, and adds nothing."""
