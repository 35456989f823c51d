"""The course things take by themselves: children from month to month beside those agreed, and what they cost."""

from dataclasses import dataclass

import numpy as np

from hnb.calendar import days_of
from ledger.forecast.arrays import Floats
from ledger.outlook.flows import Flows
from ledger.outlook.inputs import NO_PLACEMENT, Inputs, LineInputs
from ledger.outlook.prices import Prices, priced
from ledger.outlook.timeline import Timeline

PRICES = 1  # the place of its own that the drawing of prices has beside the seed


@dataclass(frozen=True)
class Course:
    """Lines are those of the flows; a stretch's figures are those of its middle. Money is pence at today's prices."""

    flows: Flows
    timeline: Timeline
    children: Floats  # [simulation, stretch, line]
    lived: Floats  # [line] children over the lived part of the first year, spread over that whole year
    unknown: Floats  # [simulation, year, line] what children not agreed yet, come or gone, add to what is committed
    each: Floats  # [line] placements a child
    prices: tuple[Prices | None, ...]  # by line; None where nobody pays
    shares: tuple[Floats | None, ...]  # by line: [simulation, point] of its prices

    @property
    def new_price(self) -> Floats:
        """[simulation, line] what a child who comes costs a year."""
        found = np.zeros((self.flows.simulations, len(self.prices)))
        for at, (one, shares) in enumerate(zip(self.prices, self.shares, strict=True)):
            if one is not None and shares is not None:
                found[:, at] = (shares * one.points).sum(axis=1) * self.each[at]
        return found

    def over_year(self, amounts: Floats) -> Floats:
        """[simulation, year, line] what so much a year, stretch by stretch, comes to in each financial year."""
        return self.timeline.by_year(amounts * self.timeline.share[None, :, None])


def course_of(inputs: Inputs, flows: Flows, timeline: Timeline, seed: int) -> Course:
    """The base that every scenario changes. BadInput where a line has children and no price."""
    known = {str(line.provision): line for line in inputs.lines}
    lines = [known.get(line) for line in flows.lines]
    there = flows.children.sum(axis=(0, 1)) + flows.arrived.sum(axis=(0, 1))
    prices = tuple(
        None if name == NO_PLACEMENT else priced(name, known.get(name), children=some > 0)
        for name, some in zip(flows.lines, there.tolist(), strict=True)
    )
    rng = np.random.default_rng([seed, PRICES])
    shares = tuple(one.shares(rng, flows.simulations) if one else None for one in prices)
    each = _placements_a_child(flows, lines)
    standing = np.array([one.standing if one else 0.0 for one in prices])
    children = _in_force(flows, timeline)
    gap = children * each - _agreed(timeline, lines)[None]
    unknown = gap * standing + _pool(_dearer(prices, shares, flows, rng) * each, flows, timeline)
    unknown = timeline.by_year(unknown * timeline.share[None, :, None])
    return Course(flows, timeline, children, _lived(timeline, lines) / each, unknown, each, prices, shares)


def _in_force(flows: Flows, timeline: Timeline) -> Floats:
    """[simulation, stretch, line] children at a stretch's middle."""
    step = timeline.step
    found: Floats = (
        flows.children[:, step] - flows.gone[:, step] * timeline.ended + flows.arrived[:, step] * timeline.started
    )
    return np.maximum(found, 0.0)


def _placements_a_child(flows: Flows, lines: list[LineInputs | None]) -> Floats:
    """[line] a child may have two placements on one line: as many as on the reference day."""
    children = flows.children[0, 0]
    found = [
        line.placements / there if line and there and line.placements else 1.0
        for line, there in zip(lines, children.tolist(), strict=True)
    ]
    return np.array(found)


def _agreed(timeline: Timeline, lines: list[LineInputs | None]) -> Floats:
    """[stretch, line] placements on average, as agreed; a month that two stretches share is alike in both."""
    months = [f"{day:%Y-%m}" for day in timeline.first_days]
    days: dict[str, int] = {}
    for month, number in zip(months, timeline.days.tolist(), strict=True):
        days[month] = days.get(month, 0) + number
    return np.array([[(line.child_days.get(m, 0) if line else 0) / days[m] for line in lines] for m in months]).reshape(
        len(months), len(lines)
    )


def _lived(timeline: Timeline, lines: list[LineInputs | None]) -> Floats:
    return np.array([(line.lived_child_days if line else 0) / days_of(timeline.first_year) for line in lines])


def _dearer(
    prices: tuple[Prices | None, ...], shares: tuple[Floats | None, ...], flows: Flows, rng: np.random.Generator
) -> Floats:
    """[simulation, step, line] by how much those who come are dearer than those there, in all; each has a price."""
    found = np.zeros((flows.simulations, flows.steps, len(prices)))
    for at, (one, of_points) in enumerate(zip(prices, shares, strict=True)):
        if one is not None and of_points is not None:
            drawn = rng.multinomial(flows.arrived[:, :, at], of_points[:, None, :])
            found[:, :, at] = (drawn * (one.points - one.standing)).sum(axis=2)
    return found


def _pool(dearer: Floats, flows: Flows, timeline: Timeline) -> Floats:
    """[simulation, stretch, line] by how much those who came since the reference day are dearer, while they stay."""
    leaving = flows.leaving
    found = np.zeros((flows.simulations, len(timeline.step), len(flows.lines)))
    there = np.zeros((flows.simulations, len(flows.lines)))
    for step in range(timeline.steps):
        own = np.flatnonzero(timeline.step == step)
        left, came = leaving[:, step], dearer[:, step]
        found[:, own] = (
            there[:, None] * (1 - left[:, None] * timeline.ended[own]) + came[:, None] * timeline.started[own]
        )
        there = there * (1 - left) + came
    return found
