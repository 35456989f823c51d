"""Children against places, by provision and phase: when places run out, how many wait and for how long; and by need."""

from collections.abc import Sequence

import numpy as np

from hnb.calendar import financial_year
from hnb.provisions import LINES, Provision
from ledger.forecast.arrays import Floats, Ints
from ledger.forecast.space import PHASES
from ledger.outlook.comparing import spread_of
from ledger.outlook.flows import Demand
from ledger.outlook.inputs import NO_PLACEMENT, Capacity, Inputs
from ledger.outlook.result import NeedOutlook, NeedYear, PlacesOutlook, PlacesYear
from ledger.outlook.timeline import Timeline, anniversary

WEEKS_A_YEAR = 52
LONGEST_WEEKS = 10 * WEEKS_A_YEAR  # ten years stand for any longer wait, and for one without an end
# What a register calls a phase, and which academic years its places are for; whatever else it says is for all.
OF_PHASES: dict[str, tuple[str, ...]] = {
    "early years": ("early-years",), "nursery": ("early-years",), "primary": ("early-years", "primary"),
    "secondary": ("secondary",), "post-16": ("post-16",), "sixth form": ("post-16",),
}  # fmt: skip


def places_outlook(inputs: Inputs, demand: Demand, timeline: Timeline) -> tuple[PlacesOutlook, ...]:
    """Of every provision and phase in the area whose settings say how many places they have.

    As large a share of a provision's children is taken to want those settings as is in them now, and as many places
    stay filled by children without a plan.
    """
    return tuple(_outlook(one, _with_a_plan(inputs, str(one.provision)), demand, timeline) for one in _known(inputs))


def needs_outlook(inputs: Inputs, demand: Demand) -> tuple[NeedOutlook, ...]:
    """Of the provisions whose places are known, by need; largest first within each."""
    space = demand.history.space
    known = {str(one.provision) for one in _known(inputs)}
    now: Ints = demand.history.end[-1].sum(axis=0)
    years = [financial_year(anniversary(inputs.reference_day, step + 1)) for step in range(demand.flows.steps)]
    found = [
        NeedOutlook(
            provision=provision,
            need=need,
            now=int(now[at]),
            years=tuple(
                NeedYear(financial_year=year, children=spread_of(demand.projection.children[:, step, at]))
                for step, year in enumerate(years)
            ),
        )
        for at, (need, provision) in enumerate(space.pairs)
        if provision in known
    ]
    return tuple(sorted(found, key=lambda one: (one.provision, -one.now, one.need)))


def notes_on_places(inputs: Inputs, demand: Demand) -> list[str]:
    """Whose places are not known, which children are held against none, and which places no child with a plan fills."""
    flows, known = demand.flows, {str(one.provision) for one in _known(inputs)}
    now = dict(zip(flows.lines, flows.children[0, 0].tolist(), strict=True))
    unknown = [_title(line) for line, there in now.items() if there and line not in known and line != NO_PLACEMENT]
    elsewhere, without = [], []
    for line in sorted(known):
        filled = sum(one.filled for one in _known(inputs) if one.provision == line)
        with_a_plan = round(filled * _with_a_plan(inputs, line))
        if (beyond := now.get(line, 0) - with_a_plan) > 0:
            elsewhere.append(f"{beyond:,} in {_title(line)}")
        if with_a_plan < filled:
            without.append(f"{filled - with_a_plan:,} in {_title(line)}")
    told = {
        "No setting in the area says how many places it has in": unknown,
        "Children out of the area, or where places are not known, are held against none": elsewhere,
        "Places filled by children without a plan are taken to stay so": without,
    }
    return [f"{sentence}: {', '.join(names)}." for sentence, names in told.items() if names]


def _known(inputs: Inputs) -> Sequence[Capacity]:
    """Places of others are not the council's to fill."""
    return [one for one in inputs.capacities if one.in_area and one.places]


def _with_a_plan(inputs: Inputs, provision: str) -> float:
    """The share of a provision's filled places that children with a plan are in: at most as many as they have there."""
    filled = sum(one.filled for one in inputs.capacities if one.provision == provision)
    placements = next((line.placements for line in inputs.lines if line.provision == provision), filled)
    return min(placements / filled, 1.0) if filled else 1.0


def _title(line: str) -> str:
    return LINES[Provision(line)].title if line in set(Provision) else line


def _outlook(capacity: Capacity, with_a_plan: float, demand: Demand, timeline: Timeline) -> PlacesOutlook:
    provision = str(capacity.provision)
    wanting = _wanting(capacity, with_a_plan, demand, timeline)
    years = sorted(set(timeline.year.tolist()))
    over = np.flatnonzero(np.percentile(wanting, 50, axis=0, method="inverted_cdf") > capacity.places)
    return PlacesOutlook(
        provision=provision,
        phase=capacity.phase,
        settings=capacity.settings,
        places=capacity.places,
        filled=capacity.filled,
        years=tuple(_year(capacity.places, wanting, _leaving(demand, provision), timeline, year) for year in years),
        runs_out=f"{timeline.first_days[over[0]]:%Y-%m}" if len(over) else None,
    )


def _wanting(capacity: Capacity, with_a_plan: float, demand: Demand, timeline: Timeline) -> Ints:
    """[simulation, stretch] children who are in those settings or would be."""
    provision = str(capacity.provision)
    children = demand.of_phases(provision, OF_PHASES.get((capacity.phase or "").lower(), PHASES))
    if not children[0, 0]:  # nobody of that phase is there yet: as the provision goes as a whole
        children = demand.of_phases(provision, PHASES)
    started = timeline.started[:, timeline.lines.index(provision)]
    before, after = children[:, timeline.step], children[:, timeline.step + 1]
    now = int(children[0, 0])
    each = capacity.filled * with_a_plan / now if now else 0.0
    beside = capacity.filled - each * now
    return np.rint((before + (after - before) * started) * each + beside).astype(np.int64)


def _leaving(demand: Demand, provision: str) -> Floats:
    """[simulation, step] the share of a provision's places that come free within a year."""
    if provision not in demand.flows.lines:
        return np.zeros((demand.flows.simulations, demand.flows.steps))
    return demand.flows.leaving[:, :, demand.flows.lines.index(provision)]


def _year(places: int, wanting: Ints, leaving: Floats, timeline: Timeline, year: int) -> PlacesYear:
    own = np.flatnonzero(timeline.year == year)
    children = wanting[:, own].max(axis=1)
    waiting = np.maximum(children - places, 0)
    free = places * leaving[:, timeline.step[own[-1]]]
    weeks = np.minimum(WEEKS_A_YEAR * waiting / np.maximum(free, 1e-9), LONGEST_WEEKS)
    return PlacesYear(
        financial_year=timeline.first_year + year,
        children=spread_of(children),
        chance_over=round(float((children > places).mean()), 4),
        waiting=spread_of(waiting),
        wait_weeks=spread_of(np.ceil(weeks).astype(np.int64)) if free.any() else None,
    )
