"""What of the money is worth saying as a condition, and what it comes to. Thresholds are for whoever judges it."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from hnb.calendar import ONE_DAY, Span, year_span, year_start
from hnb.events import Cost, Event, PlacementRepriced
from hnb.money import divide_half_up
from hnb.prices import annual
from ledger.domain.commitments import Agreed, fold, order
from ledger.domain.schedules import Kind, Schedule

# Floors, well below any threshold an authority would set: what is less is not worth saying.
COSTLY_PENCE = 50_000_00  # a year
COSTLY_OVER_MEAN_PENCE = 25_000_00  # a year more than the mean of its line
UPLIFT_PERMILLE = 10  # one told in time; a backdated one is said whatever its size
APART_PENCE, APART_PERMILLE = 100_00, 10
MOVED_DAYS = 30  # independent placements started less ended are counted over so many days

ALL_PERMILLE = 1000


class Uplift(NamedTuple):
    """A price put up: from the price before it, by how much a year, and by how many days it was told late."""

    permille: int
    more_pence: int
    backdated_days: int
    said_at: datetime


class Apart(NamedTuple):
    """By how much payments and what was due differ, either way."""

    pence: int
    permille: int


def apart(paid_pence: int, due_pence: int) -> Apart | None:
    """How far what was paid is from what has fallen due; None where that is within the floors, or nothing was paid.

    Where nothing has fallen due all of it is apart: 1,000 per mille.
    """
    pence = abs(paid_pence - due_pence)
    if not paid_pence or pence <= APART_PENCE or pence * 1000 <= due_pence * APART_PERMILLE:
        return None
    return Apart(pence, divide_half_up(pence * 1000, due_pence) if due_pence else ALL_PERMILLE)


def exposure(schedule: Schedule, year: int) -> tuple[int, int, str | None]:
    """What an open appeal's schedule exposes: pence of this year, pence a year, and the line it would fall on.

    A year's is that of the first whole financial year from this one on.
    """
    cells = [(cell, amount) for cell, amount in sorted(schedule.items()) if cell.kind is Kind.EXPOSURE]
    this_year = sum(amount.pence for cell, amount in cells if cell.year == year)
    whole = (
        amount.pence
        for cell, amount in cells
        if cell.year >= year and Span(amount.first, amount.last) == year_span(cell.year)
    )
    return this_year, next(whole, 0), cells[0][0].line if cells else None


def latest_uplift(events: Iterable[Event], year: int, horizon: date) -> Uplift | None:
    """The uplift of a placement last told that came in force, or was told, in a financial year, and is dearer.

    Dearer than the price without it on its first day. One that another price has replaced from that day on is none.
    """
    told = sorted(events, key=order)
    placement = next((one for one in fold(told).agreed if one.kind == "placement"), None)
    repricings = [event for event in told if isinstance(event.data, PlacementRepriced)]
    if placement is None:
        return None
    found = (_uplift(placement, repricings, nth, year, horizon) for nth in reversed(range(len(repricings))))
    return next((uplift for uplift in found if uplift is not None), None)


def _uplift(placement: Agreed, repricings: Sequence[Event], nth: int, year: int, horizon: date) -> Uplift | None:
    said = repricings[nth]
    assert isinstance(said.data, PlacementRepriced)
    effective_on, told_on = said.data.effective_on, said.time.date()
    day = max(effective_on, placement.start)
    if said.data.reason != "uplift" or max(effective_on, told_on) < year_start(year):
        return None
    others = placement.repricings[:nth] + placement.repricings[nth + 1 :]
    if any(max(on, placement.start) == day and (on, later) > (effective_on, nth) for later, on in _days(placement)):
        return None
    span, new = _in_force(placement, day, horizon)
    _, old = _in_force(placement._replace(repricings=others), day, horizon)
    if not span.within(year_span(year)).days or not new or not old or new <= old:
        return None
    uplift = Uplift(
        divide_half_up((new - old) * 1000, old), new - old, max((told_on - effective_on).days, 0), said.time
    )
    return uplift if uplift.backdated_days or uplift.permille >= UPLIFT_PERMILLE else None


def _days(placement: Agreed) -> Iterable[tuple[int, date]]:
    return enumerate(on for on, _ in placement.repricings)


def _in_force(placement: Agreed, day: date, horizon: date) -> tuple[Span, int | None]:
    """The days of the price in force on a day, and that price as pence a year."""
    for span, cost in placement.segments(horizon):
        if span.first <= day <= span.last:
            return span, _a_year(cost)
    return Span(day, day - ONE_DAY), None


def _a_year(cost: Cost | None) -> int | None:
    return None if cost is None else annual(cost)
