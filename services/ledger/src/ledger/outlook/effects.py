"""What each measure changes beside the course: children and pence, future by future, on the same draws of chance."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from hnb.provisions import Provision
from ledger.forecast.arrays import Floats
from ledger.outlook.course import Course
from ledger.outlook.filling import fill, source_of
from ledger.outlook.inputs import MONTHS, Inputs, PricePoint
from ledger.outlook.measures import Between, EarlyIntervention, Growth, Measure, Places, Tribunals, Uplift
from ledger.outlook.prices import drawn_mean
from ledger.outlook.timeline import anniversary

MEASURES = 2  # the place of its own that the drawing of measures has beside the seed


@dataclass(frozen=True)
class Effect:
    """Beside the course, over its lines; pence are at today's prices."""

    children: Floats  # [simulation, stretch, line]
    pence: Floats  # [simulation, year, line]
    dearer: Floats  # [year, line] what prices are multiplied with
    notes: tuple[str, ...] = ()


def effect_of(measure: Measure, at: int, inputs: Inputs, course: Course, seed: int) -> Effect:
    """What one measure does. `at` is its place in its scenario: the same place draws the same unknown shares."""
    rng = np.random.default_rng([seed, MEASURES, at])
    match measure:
        case Growth():
            return _growth(measure, inputs, course)
        case EarlyIntervention():
            return _early(measure, inputs, course, rng)
        case Uplift():
            return _uplift(measure, course)
        case Places():
            return _places(measure, inputs, course, rng)
        case Tribunals():
            return _tribunals(measure, inputs, course, rng)


def _growth(measure: Growth, inputs: Inputs, course: Course) -> Effect:
    day = measure.begins or inputs.reference_day
    more = course.flows.joined * (measure.joiners_percent / 100) * course.timeline.from_day(day)
    return _with_children(course, _living_on(course, inputs, more, day))


def _early(measure: EarlyIntervention, inputs: Inputs, course: Course, rng: np.random.Generator) -> Effect:
    joined = course.flows.joined * course.timeline.from_day(measure.begins)
    avoided, delayed = (_drawn(share, rng, course) for share in (measure.avoided_percent, measure.delayed_percent))
    children = _living_on(course, inputs, -joined * (avoided + delayed)[:, None, None], measure.begins)
    whole, part = divmod(measure.delay_months, MONTHS)
    for later, share in ((whole, 1 - part / MONTHS), (whole + 1, part / MONTHS)):
        if share and later < course.flows.steps:
            back = np.zeros_like(course.flows.joined, dtype=float)
            back[:, later:] = joined[:, : course.flows.steps - later] * (delayed * share)[:, None, None]
            # Who would have come in September comes in a September: none of them is back before.
            children += _living_on(course, inputs, back, anniversary(measure.begins, later))
    found = _with_children(course, children)
    line = course.flows.lines.index(Provision.EARLY_INTERVENTION)
    found.pence[:, :, line] += course.timeline.shares_from(measure.begins) * measure.cost_pounds_a_year * 100
    return found


def _uplift(measure: Uplift, course: Course) -> Effect:
    found = _with_children(course, np.zeros_like(course.children))
    line = course.flows.lines.index(measure.provision)
    found.dearer[:, line] += course.timeline.shares_from(measure.begins) * measure.percent / 100
    return found


def _places(measure: Places, inputs: Inputs, course: Course, rng: np.random.Generator) -> Effect:
    """Those who fill a place are gone from where they would have been, with what they would have cost there."""
    lines, timeline = course.flows.lines, course.timeline
    suitable = _drawn(measure.suitable_percent, rng, course)
    sources = [source_of(one, inputs, course, rng) for one in measure.instead_of]
    taken = fill(measure.places, measure.opens, lines.index(measure.provision), sources, suitable, course)
    into = lines.index(measure.provision)
    inside = taken.sum(axis=2)
    children, amounts = np.zeros_like(course.children), np.zeros_like(course.children)
    children[:, :, into] += inside
    empty = measure.places * timeline.open_from(measure.opens) - inside
    amounts[:, :, into] += 100 * (inside * measure.place_cost_pounds + empty * measure.empty_place_pounds)
    for at, source in enumerate(sources):
        children[:, :, source.line] -= taken[:, :, at]
        amounts[:, :, source.line] -= taken[:, :, at] * source.price[:, None]
    pence = course.over_year(amounts)
    opening = timeline.year_at(measure.opens)
    if opening is not None:
        pence[:, opening, into] += measure.set_up_pounds * 100
    return Effect(children, pence, _same(course))


def _tribunals(measure: Tribunals, inputs: Inputs, course: Course, rng: np.random.Generator) -> Effect:
    """Appeals won beyond those that the course has in it; each goes on costing until its child leaves the line."""
    appeals, timeline = inputs.appeals, course.timeline
    upheld = rng.beta(1 + appeals.upheld, 1 + appeals.concluded - appeals.upheld, course.flows.simulations)
    then = upheld if measure.upheld_percent is None else _drawn(measure.upheld_percent, rng, course)
    won = appeals.lodged * ((1 + measure.appeals_percent / 100) * then - upheld)
    found = _with_children(course, np.zeros_like(course.children))
    if measure.won_pounds_a_year is None and not appeals.sought_pence:
        note = "What a won appeal costs is not known: no open one seeks a placement, and the scenario says no figure."
        return Effect(found.children, found.pence, found.dearer, (f"{note} Tribunals are left out of it.",))
    points = [PricePoint(annual_pence=pence, placements=1) for pence in appeals.sought_pence]
    each = drawn_mean(points, rng, course.flows.simulations)
    if measure.won_pounds_a_year is not None:
        each = np.full_like(each, measure.won_pounds_a_year * 100)
    line = course.flows.lines.index(measure.provision)
    day = measure.begins or inputs.reference_day
    shares = timeline.from_day(day)[:, line]
    won_a_step = (won * each)[:, None] * shares
    amounts, leaving = np.zeros_like(course.children), course.flows.leaving[:, :, line]
    there = np.zeros(course.flows.simulations)
    for step in range(timeline.steps):
        own, left = np.flatnonzero(timeline.step == step), leaving[:, step]
        ramp = timeline.since(day, step)[:, line]
        amounts[:, own, line] = there[:, None] * (1 - left[:, None] * timeline.ended[own, line])
        amounts[:, own, line] += won_a_step[:, step][:, None] * ramp
        there = there * (1 - left) + won_a_step[:, step]
    return Effect(found.children, course.over_year(amounts), found.dearer)


def _living_on(course: Course, inputs: Inputs, more: Floats, day: date) -> Floats:
    """[simulation, stretch, line] what more joiners a step become: they move and leave as others did."""
    timeline = course.timeline
    children, routes = np.zeros_like(course.children), _routes(inputs, course.flows.lines)
    there = np.zeros((course.flows.simulations, len(course.flows.lines)))
    for step in range(timeline.steps):
        own = np.flatnonzero(timeline.step == step)
        gone_on = np.einsum("sl,lm->sm", there, routes)
        children[:, own] = there[:, None] + (gone_on - there)[:, None] * timeline.started[own]
        children[:, own] += more[:, step][:, None] * timeline.since(day, step)
        there = gone_on + more[:, step]
    return children


def _routes(inputs: Inputs, lines: tuple[str, ...]) -> Floats:
    """[line, line] the share of a line's children who are in another, or still in it, a year later, in all history."""
    seen = np.zeros((len(lines), len(lines) + 1))
    place = {line: at for at, line in enumerate(lines)}
    for one in inputs.moves:
        if one.before is not None:
            seen[place[one.before.provision], place[one.after.provision] if one.after else -1] += one.children
    there = seen.sum(axis=1, keepdims=True)
    found: Floats = np.where(there > 0, seen[:, :-1] / np.maximum(there, 1), np.eye(len(lines)))
    return found


def _with_children(course: Course, children: Floats) -> Effect:
    """More children (or fewer), each at what one who comes costs."""
    return Effect(children, course.over_year(children * course.new_price[:, None]), _same(course))


def _same(course: Course) -> Floats:
    years = course.unknown.shape[1:]
    return np.ones(years)


def _drawn(share: float | Between, rng: np.random.Generator, course: Course) -> Floats:
    """[simulation] a share that each future has its own of."""
    even = rng.random(course.flows.simulations)
    low, high = (share.low, share.high) if isinstance(share, Between) else (share, share)
    found: Floats = (low + (high - low) * even) / 100
    return found
