"""What was seen, as arrays: who was where each January, who left, moved, joined, and out of how many people."""

from dataclasses import dataclass, replace

import numpy as np

from ledger.forecast.arrays import Ints
from ledger.forecast.faults import collected
from ledger.forecast.population import Population
from ledger.forecast.space import Space, space_of
from ledger.forecast.transitions import Transition
from ledger.forecast.valid_states import Settings


@dataclass(frozen=True)
class History:
    """Years of transitions over a space: arrays have the year first, and count children.

    `population` reaches beyond the other years, as far as the forecast does.
    """

    space: Space
    first_year: int
    start: Ints  # [year, age, pair] in January
    left: Ints  # [year, age, pair] of them, who left the system by the next January
    moved: Ints  # [year, age, pair] of them, who went to another setting
    routes: Ints  # [year, age, setting, setting] movers from one to the other
    turned: Ints  # [year, need, need] who stayed in the system, by need before and after
    joined: Ints  # [year, age, pair] who came in from that academic year, into that pair a year older
    end: Ints  # [year, age, pair] in the next January
    population: Ints  # [year, age] people, in and outside the system

    @property
    def years(self) -> int:
        """Of transitions."""
        return len(self.start)

    @property
    def last_january(self) -> int:
        """The year of the last January that is known."""
        return self.first_year + self.years

    def totals(self) -> Ints:
        """[year] the children at the end of each year of transitions."""
        totals: Ints = self.end.sum(axis=(1, 2))
        return totals

    def prefix(self, years: int) -> "History":
        """The same history as it was known after its first years."""
        names = ("start", "left", "moved", "routes", "turned", "joined", "end")
        return replace(self, **{name: getattr(self, name)[:years] for name in names})


def occurring(transitions: list[Transition], name: str) -> dict[tuple[str, str], str]:
    """Every (need, setting) in which a child is seen, with the line where: the forecast sends children nowhere else."""
    first: dict[tuple[str, str], int] = {}
    for one in transitions:
        for place in (one.before, one.after):
            if place.inside:
                pair = place.need, place.setting
                first[pair] = min(one.line, first.get(pair, one.line))
    return {pair: f"{name}, line {line:,}" for pair, line in sorted(first.items())}


def history_of(settings: Settings, transitions: list[Transition], population: Population, years_ahead: int) -> History:
    """The arrays of what was read. BadInput where the population does not reach, or is fewer than the children."""
    space = space_of(settings, {(p.need, p.setting) for t in transitions for p in (t.before, t.after) if p.inside})
    first_year = min(one.year for one in transitions)
    years = max(one.year for one in transitions) - first_year + 1
    counted = _count(space, first_year, years, transitions)
    people = _people(space, range(first_year, first_year + years + years_ahead), population)
    history = History(space, first_year, population=people, **counted)
    _refuse_more_children_than_people(history, population)
    return history


def _count(space: Space, first_year: int, years: int, transitions: list[Transition]) -> dict[str, Ints]:
    states = (years, space.ages, len(space.pairs))
    settings, needs = len(space.settings), len(space.needs)
    arrays = {name: np.zeros(states, dtype=np.int64) for name in ("start", "left", "moved", "joined", "end")}
    arrays["routes"] = np.zeros((years, space.ages, settings, settings), dtype=np.int64)
    arrays["turned"] = np.zeros((years, needs, needs), dtype=np.int64)
    pair_of = {pair: at for at, pair in enumerate(space.pairs)}
    for one in transitions:
        year, age = one.year - first_year, one.age - space.lowest
        if one.before.inside:
            before = pair_of[one.before.need, one.before.setting]
            arrays["start"][year, age, before] += one.count
        if one.after.inside:
            after = pair_of[one.after.need, one.after.setting]
            arrays["end"][year, age + 1, after] += one.count
        if not one.before.inside:
            arrays["joined"][year, age, after] += one.count
        elif not one.after.inside:
            arrays["left"][year, age, before] += one.count
        else:
            arrays["turned"][year, space.need_of[before], space.need_of[after]] += one.count
            if one.before.setting != one.after.setting:
                arrays["moved"][year, age, before] += one.count
                arrays["routes"][year, age, space.setting_of[before], space.setting_of[after]] += one.count
    return arrays


def _people(space: Space, years: range, population: Population) -> Ints:
    """[year, age]; the last age joins nothing any more, so nobody is asked for there."""
    found = np.zeros((len(years), space.ages), dtype=np.int64)
    with collected() as faults:
        known = {year for year, _ in population.people}
        for year in years:
            if year not in known:
                what = f"the population of {year} is needed and not in the file"
                faults.add(population.name, population.last_line, what)
                continue
            for age in range(space.ages - 1):
                key = year, space.lowest + age
                if key not in population.people:
                    what = f"the population of {year}, academic year {key[1]}, is needed and not in the file"
                    faults.add(population.name, population.last_line, what)
                found[year - years.start, age] = population.people.get(key, 0)
    return found


def _refuse_more_children_than_people(history: History, population: Population) -> None:
    space = history.space
    seen = history.start.sum(axis=2) + history.joined.sum(axis=2)
    with collected() as faults:
        for at, age in np.argwhere(seen[:, :-1] > history.population[: history.years, :-1]).tolist():
            key = history.first_year + at, space.lowest + age
            people = f"{population.people[key]:,} people of academic year {key[1]} in {key[0]}"
            what = f"{people}, but {seen[at, age]:,} children in the transitions"
            faults.add(population.name, population.lines[key], what)


def disagreements(history: History) -> list[tuple[int, int, int]]:
    """Januaries that one year's rows end with otherwise than the next year's start: the year, and both totals."""
    found = []
    for at in range(1, history.years):
        if (history.end[at - 1] != history.start[at]).any():
            found.append((history.first_year + at, int(history.end[at - 1].sum()), int(history.start[at].sum())))
    return found
