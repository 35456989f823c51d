"""One outlook, whole: from its inputs and its scenarios, with what is needed to draw it again."""

from collections.abc import Callable

import numpy as np

from hnb.provisions import Provision
from ledger.forecast.notes import notes_on
from ledger.outlook import MODEL
from ledger.outlook.comparing import scenario_outlook, stated_outlook
from ledger.outlook.course import Course, course_of
from ledger.outlook.effects import effect_of
from ledger.outlook.flows import demand_of
from ledger.outlook.inputs import NO_PLACEMENT, Inputs
from ledger.outlook.measures import EarlyIntervention, Measure, Places, Tribunals, Uplift
from ledger.outlook.money import Money, known_of, money_of, notes_on_funding
from ledger.outlook.places import needs_outlook, notes_on_places, places_outlook
from ledger.outlook.result import Outlook, ScenarioOutlook
from ledger.outlook.scenarios import Pack, Scenario
from ledger.outlook.timeline import Timeline, steps_from, timeline_of


def outlook(
    inputs: Inputs,
    pack: Pack,
    *,
    simulations: int,
    seed: int,
    level_pence: int | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> Outlook:
    """Runs every scenario of a pack over the same futures. BadInput where the inputs do not allow it.

    `level_pence` is the reserve that is watched, in place of the pack's. `progress` is told how many simulations of the
    children are done: the money takes little beside them.
    """
    if level_pence is None and pack.level_pounds is not None:
        level_pence = pack.level_pounds * 100
    demand = demand_of(inputs, steps_from(inputs.reference_day), simulations=simulations, seed=seed, progress=progress)
    lines = _lines(inputs, pack.whole, demand.flows.lines)
    timeline = timeline_of(inputs, lines)
    course = course_of(inputs, demand.flows.over(lines), timeline, seed)
    scenarios, notes = _scenarios(inputs, pack, course, seed, level_pence)
    return Outlook(
        model=MODEL,
        numpy=np.__version__,
        seed=seed,
        simulations=simulations,
        authority=inputs.authority,
        known_at=inputs.known_at,
        reference_day=inputs.reference_day,
        inputs_sha256=inputs.digest,
        scenarios_sha256=pack.digest,
        scenarios=scenarios,
        places=places_outlook(inputs, demand, timeline),
        needs=needs_outlook(inputs, demand),
        notes=(*inputs.notes, *notes_on(demand.history, demand.trend), *notes_on_places(inputs, demand), *notes),
    )


def _scenarios(
    inputs: Inputs, pack: Pack, course: Course, seed: int, level_pence: int | None
) -> tuple[tuple[ScenarioOutlook, ...], list[str]]:
    lines, timeline = course.flows.lines, course.timeline
    known = known_of(inputs, lines, timeline.first_year)
    found: list[ScenarioOutlook] = []
    notes: list[str] = []
    first: Money | None = None
    for scenario in pack.whole:
        if scenario.stated:
            found.append(stated_outlook(scenario, timeline.financial_years, level_pence))
            continue
        effects = [effect_of(measure, at, inputs, course, seed) for at, measure in enumerate(scenario.measures)]
        notes += [f"{scenario.title}: {note}" for effect in effects for note in effect.notes]
        money = money_of(scenario, inputs, course, effects, seed)
        notes += notes_on_funding(scenario, inputs, timeline.first_year)
        notes += [f"{scenario.title}: {note}" for note in _notes_on_days(scenario, timeline)]
        first = first or money
        found.append(scenario_outlook(scenario, lines, known, money, first, timeline.first_year, level_pence))
    return tuple(found), list(dict.fromkeys(notes))


def _notes_on_days(scenario: Scenario, timeline: Timeline) -> list[str]:
    """Of measures that begin before there is anything to foretell, or after all that is."""
    found = []
    for measure in scenario.measures:
        day = measure.opens if isinstance(measure, Places) else measure.begins
        if day is not None and day < timeline.reference_day:
            found.append(
                f"{day} is past: the measure counts from {timeline.reference_day} on, beside what history has of it."
            )
        elif day is not None and timeline.year_at(day) is None:
            found.append(f"{day} is after these years: the measure changes nothing in them.")
    return found


def _lines(inputs: Inputs, scenarios: tuple[Scenario, ...], seen: tuple[str, ...]) -> tuple[str, ...]:
    """`none` first, then every provision that has children or pence, or that a measure names, in their usual order."""
    named = (
        {str(line.provision) for line in inputs.lines} | {str(one.provision) for one in inputs.capacities} | set(seen)
    )
    for scenario in scenarios:
        for measure in scenario.measures:
            named |= {str(provision) for provision in _named(measure)}
    usual = [str(provision) for provision in Provision]
    unknown = sorted(named - {NO_PLACEMENT, *usual})
    return (NO_PLACEMENT, *(line for line in usual if line in named), *unknown)


def _named(measure: Measure) -> tuple[Provision, ...]:
    match measure:
        case Places():
            return measure.provision, *(one.provision for one in measure.instead_of)
        case Uplift() | Tribunals():
            return (measure.provision,)
        case EarlyIntervention():
            return (Provision.EARLY_INTERVENTION,)
        case _:
            return ()
