"""What a place costs a year: of those there are, and, drawn from those that started of late, of those to come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ledger.forecast.arrays import Floats
from ledger.forecast.faults import BadInput
from ledger.outlook.inputs import LineInputs, PricePoint

# A line of few new placements borrows from what is in force there: so many stand in beside those that started.
BORROWED = 5.0


@dataclass(frozen=True)
class Prices:
    """Of one line, in pence a year: the mean of what is in force, and the points a new placement may cost."""

    standing: float
    points: Floats  # [point]
    weights: Floats  # [point] how much each was seen

    def shares(self, rng: np.random.Generator, simulations: int) -> Floats:
        """[simulation, point] how often each price will occur: a Bayesian bootstrap of what was seen."""
        drawn: Floats = rng.dirichlet(self.weights, simulations)
        return drawn


def prices_of(line: LineInputs) -> Prices | None:
    """None where nothing says what a place costs."""
    standing, started = _known(line.standing), _known(line.started)
    if standing is None and started is None:
        return None
    mean = _mean(*standing) if standing else _mean(*started) if started else 0.0
    points, weights = [], []
    if started:
        points.append(started[0])
        weights.append(started[1])
    if standing:
        points.append(standing[0])
        weights.append(standing[1] * (min(BORROWED, standing[1].sum()) / standing[1].sum()))
    return Prices(mean, np.concatenate(points), np.concatenate(weights))


def priced(name: str, line: LineInputs | None, *, children: bool) -> Prices | None:
    """The prices of a line. BadInput where it has children and no price: no place is free because nobody said."""
    found = prices_of(line) if line else None
    if found is None and children:
        raise BadInput([f"{name}: children are there, and no price in `standing` or `started` says what they cost."])
    return found


def drawn_mean(points: Sequence[PricePoint], rng: np.random.Generator, simulations: int) -> Floats:
    """[simulation] pence a year, on average, by a Bayesian bootstrap of some points."""
    prices, weights = _known(points) or (np.zeros(1), np.ones(1))
    found: Floats = (rng.dirichlet(weights, simulations) * prices).sum(axis=1)
    return found


def _known(points: Sequence[PricePoint]) -> tuple[Floats, Floats] | None:
    if not points:
        return None
    return (
        np.array([one.annual_pence for one in points], dtype=float),
        np.array([one.placements for one in points], dtype=float),
    )


def _mean(points: Floats, weights: Floats) -> float:
    return float((points * weights).sum() / weights.sum())
