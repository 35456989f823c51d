"""How new places fill: month by month, by children who would have started elsewhere, until there is no room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from ledger.forecast.arrays import Floats
from ledger.outlook.course import Course
from ledger.outlook.inputs import Inputs
from ledger.outlook.measures import InsteadOf
from ledger.outlook.prices import drawn_mean


@dataclass(frozen=True)
class Source:
    """Where children would have gone: the line, how many of those who start there count, and what each costs there."""

    line: int
    share: float
    price: Floats  # [simulation] pence a year


def source_of(one: InsteadOf, inputs: Inputs, course: Course, rng: np.random.Generator) -> Source:
    """A line, or its places out of the area: as many of those who start, and as dear, as of late."""
    at = course.flows.lines.index(one.provision)
    if not one.out_of_area:
        return Source(at, 1.0, course.new_price[:, at])
    line = next((line for line in inputs.lines if line.provision == one.provision), None)
    if line is None or not line.started:
        return Source(at, 0.0, course.new_price[:, at])
    away = sum(point.placements for point in line.started_out_of_area)
    started = sum(point.placements for point in line.started)
    price = drawn_mean(line.started_out_of_area, rng, course.flows.simulations) * course.each[at]
    return Source(at, min(away / started, 1.0), price)


def fill(places: int, opens: date, into: int, sources: Sequence[Source], suitable: Floats, course: Course) -> Floats:
    """[simulation, stretch, source] places taken, on average over the stretch.

    Whoever would start in a source's line from the opening day on, and is suited, takes a place while there is one.
    A child leaves as others of the provision do, and the place is free again.
    """
    timeline, flows = course.timeline, course.flows
    open_share, leaving = timeline.open_from(opens), flows.leaving[:, :, into]
    there = np.zeros((flows.simulations, len(sources)))
    found = np.zeros((flows.simulations, len(timeline.step), len(sources)))
    lines, shares = [one.line for one in sources], np.array([one.share for one in sources])
    for at, step in enumerate(timeline.step.tolist()):
        coming = flows.arrived[:, step, lines] * timeline.starting[at, lines] * shares * open_share[at]
        wanted = coming * suitable[:, None]
        staying = there * (1 - leaving[:, step] * timeline.ending[at, into])[:, None]
        room = (places - staying.sum(axis=1)).clip(0.0)
        total = wanted.sum(axis=1)
        fits = np.where(total > room, room / np.maximum(total, 1e-12), 1.0)
        after = staying + wanted * fits[:, None]
        found[:, at] = (there + after) / 2
        there = after
    return found
