"""Planned against measured: by month, in sum, and the figure that is to prove each measure.

The ledger sees that a line costs less than its baseline said; it cannot see why. So what is measured here is the
movement of a measure's lines, and its KPI: neither is a proof that the measure caused it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import accumulate

from hnb.calendar import year_start
from hnb.money import divide_half_up
from ledger.domain.profiles import month_ends
from ledger.domain.recovery.plan import SINCE_APRIL, Kpi, Measure, Plan, Target

CANNOT_SAY = (
    "The ledger measures by how much a line costs less than its baseline, and the KPI. It cannot tell which measure "
    "caused that, or whether anything did: prices, numbers of children and other measures move the same lines."
)


@dataclass(frozen=True, slots=True)
class LineYear:
    """One line in one financial year as known: by month, April first, and on each month's last day."""

    due: Sequence[int]
    paid: Sequence[int]


@dataclass(frozen=True, slots=True)
class OnDay:
    """One line on a day: commitments and placements in force, the sum of the known yearly prices, and to-date pence."""

    commitments: int = 0
    placements: int = 0
    priced: int = 0
    annual_pence: int = 0
    due_pence: int = 0
    paid_pence: int = 0


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a line would have cost without the plan, by month of the year, and where that is from."""

    months: Sequence[int]
    source: str


class Status(StrEnum):
    """How a KPI stands."""

    NOT_BEGUN = "not begun"
    NOT_MEASURED = "not measured"  # nothing of the kind on the lines
    MET = "met"
    ON_TRACK = "on track"
    BEHIND = "behind"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Months:
    """Pence by month; None where a month has not ended, or has no baseline."""

    planned: Sequence[int]
    measured: Sequence[int | None]

    @property
    def planned_so_far(self) -> Sequence[int]:
        return list(accumulate(self.planned))

    @property
    def measured_so_far(self) -> Sequence[int | None]:
        """Sums up to each month; None from the first month on that is not known."""
        found: list[int | None] = []
        for month in self.measured:
            last = found[-1] if found else 0
            found.append(None if month is None or last is None else last + month)
        return found

    @property
    def ended(self) -> int:
        """How many months there is a measured sum of."""
        return sum(one is not None for one in self.measured_so_far)

    @property
    def to_date(self) -> tuple[int, int | None]:
        """Planned and measured, to the last month measured."""
        ended = self.ended
        return (self.planned_so_far[ended - 1], self.measured_so_far[ended - 1]) if ended else (0, None)


@dataclass(frozen=True, slots=True)
class KpiStands:
    """A KPI on a day: where it stands, where a straight line to the target would have it, and what that comes to."""

    on: date
    baseline: int
    target: int
    measured: int | None
    expected: int
    status: Status


@dataclass(frozen=True, slots=True)
class MeasureStands:
    """One measure beside what was measured."""

    measure: Measure
    months: Months
    kpi: KpiStands
    shared_with: Sequence[str]  # other measures about one of its lines: the same movement stands beside both


def movement(lines: Iterable[str], baselines: Mapping[str, Baseline], known: Mapping[str, LineYear],
             ended: int) -> list[int | None]:  # fmt: skip
    """By how many pence the lines together cost less than their baseline in each month; above nought is a saving.

    Of the months that have ended; None of the others, and of all where one of the lines has no baseline.
    """
    wanted = list(lines)
    if any(line not in baselines for line in wanted):
        return [None] * 12
    return [
        sum(baselines[line].months[at] - (known[line].due[at] if line in known else 0) for line in wanted)
        if at < ended else None
        for at in range(12)
    ]  # fmt: skip


def months_ended(year: int, on: date) -> int:
    """How many months of a financial year have ended by a day, that day included."""
    return sum(end <= on for end in month_ends(year))


def against_plan(
    plan: Plan, year: int, on: date, baselines: Mapping[str, Baseline], known: Mapping[str, LineYear],
    stands: Mapping[str, KpiStands],
) -> list[MeasureStands]:  # fmt: skip
    """Each measure beside what was measured of its lines."""
    ended = months_ended(year, on)
    return [
        MeasureStands(
            one, Months(one.planned(year), movement(one.lines, baselines, known, ended)), stands[one.id],
            [other.id for other in plan.measures if other.id != one.id and set(other.lines) & set(one.lines)],
        )
        for one in plan.measures
    ]  # fmt: skip


def together(plan: Plan, year: int, on: date, baselines: Mapping[str, Baseline],
             known: Mapping[str, LineYear]) -> Months:  # fmt: skip
    """The plan as a whole: what all measures plan, and the movement of all their lines, each line once."""
    planned = [sum(month) for month in zip(*(one.planned(year) for one in plan.measures), strict=True)]
    return Months(planned, movement(plan.lines, baselines, known, months_ended(year, on)))


def kpi_day(target: Target, on: date) -> date:
    """The day a KPI is measured on: the one asked for, at the latest the one it is to be reached by."""
    return min(on, target.by)


def measured(what: Kpi, lines: Iterable[OnDay]) -> int | None:
    """A KPI over some lines on a day; None for a mean of nothing."""
    found = list(lines)
    match what:
        case Kpi.PLACEMENTS:
            return sum(one.placements for one in found)
        case Kpi.COMMITMENTS:
            return sum(one.commitments for one in found)
        case Kpi.COST_TO_DATE:
            return sum(one.due_pence for one in found)
        case Kpi.SPEND_TO_DATE:
            return sum(one.paid_pence for one in found)
        case Kpi.MEAN_PRICE:
            priced = sum(one.priced for one in found)
            return divide_half_up(sum(one.annual_pence for one in found), priced) if priced else None


def judge(target: Target, on: date, figure: int | None, year: int) -> KpiStands:
    """How a KPI stands on a day of a financial year, given its figure.

    On the way it is held to a straight line: from the baseline on its day, or for what is counted since April from
    nought on 1 April, to the target on its own day.
    """
    day = kpi_day(target, on)
    baseline, wanted = target.amounts()
    first, start = (year_start(year), 0) if target.what in SINCE_APRIL else (target.baseline_on, baseline)
    span = max((target.by - first).days, 1)
    gone = min(max((day - first).days, 0), span)
    expected = start + divide_half_up((wanted - start) * gone, span)

    def reached(goal: int) -> bool:
        assert figure is not None
        return figure <= goal if wanted < baseline else figure >= goal

    # What only grows until its day is not reached by being low before it.
    early = target.what in SINCE_APRIL and wanted < baseline and on < target.by
    if on < max(first, target.baseline_on):
        status = Status.NOT_BEGUN
    elif figure is None:
        status = Status.NOT_MEASURED
    elif reached(wanted) and not early:
        status = Status.MET
    elif on >= target.by:
        status = Status.MISSED
    else:
        status = Status.ON_TRACK if reached(expected) else Status.BEHIND
    return KpiStands(day, baseline, wanted, figure, expected, status)
