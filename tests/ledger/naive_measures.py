"""What a measure changes, once more: day by day of one future, with nothing of the package's arrays."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from ledger.outlook.flows import Flows
from ledger.outlook.inputs import Inputs, LineInputs
from tests.ledger.outlooks import Day, days, later

Pence = dict[tuple[int, str], float]  # by financial year and line
NOBODY = LineInputs(provision="hospital")  # its starts are spread evenly, as those of a line nothing is known of


@dataclass
class Future:
    """One of the futures of some flows, in plain numbers."""

    inputs: Inputs
    flows: Flows
    at: int
    of_line: dict[str, list[Day]] = field(default_factory=dict)

    def each(self, flow: str, line: str) -> list[int]:
        """By step."""
        found: list[int] = getattr(self.flows, flow)[self.at, :, self.flows.lines.index(line)].tolist()
        return found

    def known(self, line: str) -> LineInputs:
        return next((one for one in self.inputs.lines if one.provision == line), NOBODY)

    def price(self, line: str) -> float:
        """Of one who comes, in pence a year; of a child who may have two placements."""
        known, there = self.known(line), self.each("children", line)[0]
        if known is NOBODY:
            return 0.0
        return known.started[0].annual_pence * (known.placements / there if there and known.placements else 1.0)

    def days(self, line: str) -> list[Day]:
        if line not in self.of_line:
            self.of_line[line] = list(days(self.inputs, self.known(line)))
        return self.of_line[line]

    def steps(self) -> range:
        return range(len(self.each("arrived", self.flows.lines[0])))

    def to_come(self, line: str, day: date) -> list[float]:
        """By step: the share of its starts that come on a day or after it."""
        first = self.inputs.reference_day
        found = []
        for step in self.steps():
            if day <= later(first, step):
                found.append(1.0)
            elif day >= later(first, step + 1):
                found.append(0.0)
            else:
                inside = _whole_step(self.inputs, self.known(line), step)
                found.append(sum(weight for one, weight in inside if one >= day) / sum(w for _, w in inside))
        return found

    def routes(self) -> dict[str, dict[str, float]]:
        """Where a line's children are a year later, as shares."""
        seen: dict[str, dict[str, int]] = {line: defaultdict(int) for line in self.flows.lines}
        for one in self.inputs.moves:
            if one.before is not None:
                seen[one.before.provision][one.after.provision if one.after else ""] += one.children
        return {
            line: {to: number / sum(went.values()) for to, number in went.items()} if went else {line: 1.0}
            for line, went in seen.items()
        }


def _whole_step(inputs: Inputs, line: LineInputs, step: int) -> list[tuple[date, float]]:
    """Every day of a year from the reference day, and how many of its starts come on it."""
    first, end = later(inputs.reference_day, step), later(inputs.reference_day, step + 1)
    inside = [first + timedelta(at) for at in range((end - first).days)]
    lengths = {month: sum(day.month == month for day in inside) for month in range(1, 13)}
    return [(day, (line.starts[day.month - 1] + 1) / lengths[day.month]) for day in inside]


def joiners_change(future: Future, share: float, day: date, *, back_after: int = 0) -> Pence:
    """What it costs that a share more (or fewer) join from a day on; or come so many years after it instead."""
    lines, routes = future.flows.lines, future.routes()
    more = {
        line: [
            joined * part * share
            for joined, part in zip(future.each("joined", line), future.to_come(line, day), strict=True)
        ]
        for line in lines
    }
    begins = later(day, back_after)
    left = {line: future.to_come(line, begins) for line in lines}
    found: Pence = defaultdict(float)
    there = dict.fromkeys(lines, 0.0)
    for step in future.steps():
        came = {line: more[line][step - back_after] if step >= back_after else 0.0 for line in lines}
        went = {line: sum(there[one] * routes[one].get(line, 0.0) for one in lines) for line in lines}
        for line in lines:
            for one in future.days(line):
                if one.step == step:
                    done = max(one.started - (1 - left[line][step]), 0.0) / max(left[line][step], 1e-12)
                    children = there[line] + (went[line] - there[line]) * one.started + came[line] * min(done, 1.0)
                    found[one.year, line] += one.share * children * future.price(line)
        there = {line: went[line] + came[line] for line in lines}
    return found


def won_appeals(future: Future, won_a_year: float, pence: float, line: str, day: date) -> Pence:
    """What more appeals won cost: each goes on until its child leaves the line."""
    found: Pence = defaultdict(float)
    left = future.to_come(line, day)
    there = 0.0
    for step in future.steps():
        before, gone = future.each("children", line)[step], future.each("gone", line)[step]
        leaving = gone / before if before else 0.0
        for one in future.days(line):
            if one.step == step:
                done = max(one.started - (1 - left[step]), 0.0) / max(left[step], 1e-12)
                going_on = there * (1 - leaving * one.ended) + won_a_year * left[step] * min(done, 1.0)
                found[one.year, line] += one.share * going_on * pence
        there = there * (1 - leaving) + won_a_year * left[step]
    return found


def share_from(future: Future, day: date) -> dict[int, float]:
    """By financial year: the share of it that is to come, and on or after a day."""
    found: dict[int, float] = defaultdict(float)
    for one in future.days("special"):
        found[one.year] += one.share * (one.day >= day)
    return found


def filled_places(
    future: Future, places: int, opens: date, into: str, source: str, suitable: float
) -> Iterator[tuple[Day, float]]:
    """Each day from the opening on, and how many places are taken at its noon: who would start elsewhere takes one."""
    there, ended, started, step = 0.0, 0.0, 0.0, -1
    for one, other in zip(future.days(into), future.days(source), strict=True):
        if one.step != step:
            ended = started = 0.0
            step = one.step
        leaves, comes = 2 * (one.ended - ended), 2 * (other.started - started)  # from midnight to midnight
        ended, started = ended + leaves, started + comes
        if one.day < opens:
            continue
        before, gone = future.each("children", into)[step], future.each("gone", into)[step]
        staying = there * (1 - (gone / before if before else 0.0) * leaves)
        after = min(staying + future.each("arrived", source)[step] * comes * suitable, max(places, staying))
        yield one, (there + after) / 2
        there = after
