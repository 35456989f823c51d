"""The children of the coming years, line by line: the forecast's simulations, from one reference date to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Floats, Ints
from ledger.forecast.history import History, history_of
from ledger.forecast.population import Population
from ledger.forecast.rates import fit
from ledger.forecast.simulate import Projection, by_phase, by_setting, simulate
from ledger.forecast.space import PHASES
from ledger.forecast.transitions import Place as Seen
from ledger.forecast.transitions import Transition
from ledger.forecast.valid_states import NONSEND, Setting, Settings
from ledger.forecast.years import Trend
from ledger.outlook.inputs import Inputs, Place

# The academic years a provision takes, where no child was seen beyond: reception is 0, and a plan may last to 25.
USUAL_YEARS = {
    "mainstream": (0, 14), "resourced-provision": (0, 14), "special": (-2, 15), "alternative": (0, 13),
    "early-years": (-4, 0), "post-16": (12, 20),
}  # fmt: skip
ANY_YEAR = (-4, 20)
OUTSIDE = Seen(NONSEND, NONSEND)
PEOPLE_A_CHILD = 40  # of one academic year, where no population is given: only joiners' number, not their rate, counts


@dataclass(frozen=True)
class Flows:
    """Children with a plan by provision (or `none`), over steps of a year from the reference day."""

    lines: tuple[str, ...]
    children: Ints  # [simulation, step, line]; the first step is the reference day
    arrived: Ints  # [simulation, step, line] since the day a year before; one step fewer
    gone: Ints
    joined: Ints  # of those who arrived, from outside the system

    @property
    def simulations(self) -> int:
        return len(self.children)

    @property
    def steps(self) -> int:
        """Years ahead."""
        return int(self.arrived.shape[1])

    def over(self, lines: tuple[str, ...]) -> "Flows":
        """The same over more lines: nobody is in those that are new."""
        places = [self.lines.index(line) if line in self.lines else -1 for line in lines]

        def widened(flow: Ints) -> Ints:
            return np.concatenate([flow, np.zeros_like(flow[:, :, :1])], axis=2)[:, :, places]

        return Flows(lines, *(widened(flow) for flow in (self.children, self.arrived, self.gone, self.joined)))

    @property
    def leaving(self) -> Floats:
        """[simulation, step, line] the share of a line's children who leave it within the year."""
        before = self.children[:, :-1]
        shares: Floats = np.where(before > 0, self.gone / np.maximum(before, 1), 0.0).clip(0.0, 1.0)
        return shares


def history_in(inputs: Inputs, years_ahead: int) -> History:
    """What the moves of an authority's children say, as the forecast reads it. BadInput where there is a gap in it."""
    moves = [
        Transition(one.year, one.academic_year, _seen(one.before), _seen(one.after), one.children, at)
        for at, one in enumerate(inputs.moves)
    ]
    return history_of(_settings(moves), moves, _population(inputs, moves, years_ahead), years_ahead)


@dataclass(frozen=True)
class Demand:
    """The simulated children, and what they were drawn from."""

    flows: Flows
    history: History
    projection: Projection
    trend: Trend

    def of_phases(self, provision: str, phases: Sequence[str]) -> Ints:
        """[simulation, step] children of a provision and some phases; the first step is the reference day."""
        space = self.history.space
        if provision not in space.settings:
            return np.zeros((self.flows.simulations, self.flows.steps + 1), dtype=np.int64)
        at, wanted = space.settings.index(provision), [PHASES.index(phase) for phase in phases]
        now = by_phase(space, self.history.end[-1][None])[0, wanted, at].sum()
        later = self.projection.phases[:, :, wanted, at].sum(axis=2)
        return np.concatenate([np.full((len(later), 1), now), later], axis=1)


def demand_of(
    inputs: Inputs, steps: int, *, simulations: int, seed: int, progress: Callable[[int], None] = lambda done: None
) -> Demand:
    """The children of so many years from the reference day on."""
    history = history_in(inputs, steps)
    space, start = history.space, history.end[-1]
    model = fit(history)
    projection = simulate(
        model, start, history.population[history.years :], simulations=simulations, seed=seed, progress=progress
    )
    first = by_setting(space, np.broadcast_to(start.sum(axis=0), (simulations, 1, len(space.pairs))))
    children = np.concatenate([first, by_setting(space, projection.children)], axis=1)
    arrived = np.diff(children, axis=1) + projection.gone
    flows = Flows(space.settings, children, arrived, projection.gone, projection.came)
    return Demand(flows, history, projection, model.trend)


def _seen(place: Place | None) -> Seen:
    return OUTSIDE if place is None else Seen(place.provision, place.need)


def _settings(moves: list[Transition]) -> Settings:
    """Every provision a child was seen in: all lead to all, and take the years they usually take and any seen."""
    years: dict[str, set[int]] = {}
    needs: set[str] = set()
    for one in moves:
        for place, year in ((one.before, one.age), (one.after, one.age + 1)):
            if place.inside:
                years.setdefault(place.setting, set()).add(year)
                needs.add(place.need)
    return {
        code: Setting(
            min(*seen, USUAL_YEARS.get(code, ANY_YEAR)[0]), max(*seen, USUAL_YEARS.get(code, ANY_YEAR)[1]),
            frozenset(needs), frozenset(years), 0,
        )
        for code, seen in sorted(years.items())
    }  # fmt: skip


def _population(inputs: Inputs, moves: list[Transition], years_ahead: int) -> Population:
    if inputs.people:
        people = {(one.year, one.academic_year): one.people for one in inputs.people}
        return Population(people, dict.fromkeys(people, 0), "people", 0)
    first, last = moves[0].year, max(one.year for one in moves) + years_ahead
    by_age: dict[tuple[int, int], int] = {}
    for one in moves:
        first = min(first, one.year)
        by_age[one.year, one.age] = by_age.get((one.year, one.age), 0) + one.count
    most = PEOPLE_A_CHILD * max(by_age.values())
    found = {(year, age): most for year in range(first, last + 1) for age in range(-10, 31)}
    return Population(found, dict.fromkeys(found, 0), "people", 0)
