"""The simulations as figures: means and the values between which 95 of 100 lie, of children and of whole pence."""

from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Ints
from ledger.forecast.costs import Costs
from ledger.forecast.simulate import Projection
from ledger.forecast.space import Space

PERCENTS = (2.5, 50.0, 97.5)


@dataclass(frozen=True, slots=True)
class Figure:
    """A distribution: its mean in hundredths, rounded once, and values that simulations had."""

    mean_hundredths: int
    low: int
    middle: int
    high: int


@dataclass(frozen=True, slots=True)
class Line:
    """Children and their yearly cost in pence: of a setting, or of all."""

    count: Figure
    cost_pence: Figure


@dataclass(frozen=True, slots=True)
class Year:
    """One January: the total, each setting, and what happened since the January before."""

    year: int
    total: Line
    settings: dict[str, Line]
    joiners: Figure
    leavers: Figure
    movers: Figure


def figure_of(values: Ints) -> Figure:
    """The figure of one number in each simulation; the percentiles are values that occurred."""
    ordered = np.sort(values)
    low, middle, high = (int(ordered[max(0, int(np.ceil(len(ordered) * percent / 100)) - 1)]) for percent in PERCENTS)
    total, simulations = sum(values.tolist()), len(values)  # in Python: pence of thousands of futures may pass 64 bits
    return Figure((200 * total + simulations) // (2 * simulations), low, middle, high)


def summarise(space: Space, projection: Projection, costs: Costs, first_year: int) -> list[Year]:
    """Year by year from `first_year` on; costs in whole pence, exactly."""
    pence = np.array([costs[pair] for pair in space.pairs], dtype=np.int64)
    member = space.setting_of[None] == np.arange(len(space.settings))[:, None]
    years = []
    for at in range(projection.children.shape[1]):
        children = projection.children[:, at]
        lines = {code: _line(children[:, member[i]], pence[member[i]]) for i, code in enumerate(space.settings)}
        flows = (figure_of(flow[:, at]) for flow in (projection.joined, projection.left, projection.moved))
        years.append(Year(first_year + at, _line(children, pence), lines, *flows))
    return years


def _line(children: Ints, pence: Ints) -> Line:
    return Line(figure_of(children.sum(axis=1)), figure_of(children @ pence))
