"""The months from the reference day to the last financial year's end, and how starts and ends fall in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from hnb.calendar import ONE_DAY, days_of, financial_year, year_end
from ledger.forecast.arrays import Floats, Ints
from ledger.outlook.inputs import MONTHS, Inputs, LineInputs

YEARS = 5  # this financial year and the next four
# So many starts, evenly over the year, stand beside those seen: a line of few children tells little of its months.
EVENLY = 12.0


@dataclass(frozen=True)
class Timeline:
    """Stretches of days, each within one month and one year from the reference day; arrays are by stretch, and line.

    `first_year` is the financial year of the last day that was lived; it has no stretch where it is over.
    """

    reference_day: date
    first_year: int
    lines: tuple[str, ...]
    first_days: tuple[date, ...]
    year: Ints  # [stretch] 0 for the first financial year
    step: Ints  # [stretch] 0 for the year from the reference day
    days: Ints  # [stretch]
    share: Floats  # [stretch] of its financial year
    started: Floats  # [stretch, line] the share of the step's starts that have happened by its middle
    ended: Floats
    starting: Floats  # [stretch, line] the share of the step's starts that happen within it
    ending: Floats
    profiles: Floats  # [line, month] the share of a year's starts in each calendar month, January first

    @property
    def steps(self) -> int:
        """Years from the reference day that are needed."""
        return steps_from(self.reference_day)

    @property
    def financial_years(self) -> range:
        """The five years, the first of them this one."""
        return range(self.first_year, self.first_year + YEARS)

    def by_year(self, amounts: Floats) -> Floats:
        """[simulation, year, …] sums of [simulation, stretch, …]."""
        member = (self.year[:, None] == np.arange(YEARS)[None]).astype(float)
        found: Floats = np.einsum("st...,ty->sy...", amounts, member)
        return found

    def from_day(self, day: date) -> Floats:
        """[step, line] the share of each step's starts that come on or after a day: what a change meets."""
        found = np.zeros((self.steps, len(self.lines)))
        for step in range(self.steps):
            start, end = anniversary(self.reference_day, step), anniversary(self.reference_day, step + 1)
            if day <= start:
                found[step] = 1.0
            elif day < end:
                weights = _daily(self.profiles, start, end)
                found[step] = weights[:, (day - start).days :].sum(axis=1) / weights.sum(axis=1)
        return found

    def since(self, day: date, step: int) -> Floats:
        """[stretch of the step, line] of its starts from a day on, the share that has come by a stretch's middle."""
        share = self.from_day(day)[step]
        done = self.started[self.step == step] - (1.0 - share)
        found: Floats = np.clip(done / np.maximum(share, 1e-12), 0.0, 1.0)
        return found

    def open_from(self, day: date) -> Floats:
        """[stretch] the share of its days that come on or after a day."""
        first = np.array([one.toordinal() for one in self.first_days])
        found: Floats = ((first + self.days - np.maximum(first, day.toordinal())) / self.days).clip(0.0)
        return found

    def shares_from(self, day: date) -> Floats:
        """[year] the share of each financial year that is still to come and is on or after a day."""
        found: Floats = self.by_year((self.share * self.open_from(day))[None])[0]
        return found

    def year_at(self, day: date) -> int | None:
        """The place of the financial year that a day to come falls in; the first day's, where it is past."""
        at = financial_year(max(day, self.reference_day)) - self.first_year
        return at if at < YEARS else None


def steps_from(reference_day: date) -> int:
    """How many years from the reference day reach the end of the last financial year."""
    last = year_end(financial_year(reference_day - ONE_DAY) + YEARS - 1)
    return next(steps for steps in range(1, YEARS + 2) if anniversary(reference_day, steps) > last)


def anniversary(day: date, years: int) -> date:
    """The same day so many years later (or earlier); 1 March for a 29 February in other years."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def timeline_of(inputs: Inputs, lines: tuple[str, ...]) -> Timeline:
    """The stretches of an authority's five years."""
    first = inputs.reference_day
    first_year = financial_year(first - ONE_DAY)
    stretches = list(_stretches(first, year_end(first_year + YEARS - 1)))
    known = {str(line.provision): line for line in inputs.lines}
    starts = _profiles([known.get(line) for line in lines], "starts")
    ends = _profiles([known.get(line) for line in lines], "ends")
    days = np.array([(last - start).days + 1 for start, last, _ in stretches], dtype=np.int64)
    years = [financial_year(start) for start, _, _ in stretches]
    started, starting = _by_the_middle(starts, first, stretches)
    ended, ending = _by_the_middle(ends, first, stretches)
    return Timeline(
        reference_day=first,
        first_year=first_year,
        lines=lines,
        first_days=tuple(start for start, _, _ in stretches),
        year=np.array(years, dtype=np.int64) - first_year,
        step=np.array([step for _, _, step in stretches], dtype=np.int64),
        days=days,
        share=days / np.array([days_of(year) for year in years]),
        started=started,
        ended=ended,
        starting=starting,
        ending=ending,
        profiles=starts,
    )


def _stretches(reference_day: date, last: date) -> Sequence[tuple[date, date, int]]:
    """First day, last day and step of each."""
    found: list[tuple[date, date, int]] = []
    first, step, turn = reference_day, 0, anniversary(reference_day, 1)
    while first <= last:
        next_month = date(first.year + first.month // MONTHS, first.month % MONTHS + 1, 1)
        end = min(next_month, turn)
        found.append((first, min(end - ONE_DAY, last), step))
        first = end
        if first == turn:
            step += 1
            turn = anniversary(reference_day, step + 1)
    return found


def _profiles(lines: Sequence[LineInputs | None], name: str) -> Floats:
    """[line, month] shares of a year, each with some spread evenly beside what was seen."""
    seen = np.array([getattr(line, name) if line else (0,) * MONTHS for line in lines], dtype=float)
    smooth = seen.reshape(-1, MONTHS) + EVENLY / MONTHS
    shares: Floats = smooth / smooth.sum(axis=1, keepdims=True)
    return shares


def _by_the_middle(profiles: Floats, first: date, stretches: Sequence[tuple[date, date, int]]) -> tuple[Floats, Floats]:
    """[stretch, line] what has happened by the middle, and what happens within; in a month all days are alike."""
    found, within = np.zeros((2, len(stretches), len(profiles)))
    for at, (start, last, step) in enumerate(stretches):
        begins, ends = anniversary(first, step), anniversary(first, step + 1)
        weights = _daily(profiles, begins, ends)
        before, after = (start - begins).days, (last - begins).days + 1
        whole = weights.sum(axis=1)
        within[at] = weights[:, before:after].sum(axis=1) / whole
        found[at] = weights[:, :before].sum(axis=1) / whole + within[at] / 2
    return found, within


def _daily(profiles: Floats, begins: date, ends: date) -> Floats:
    """[line, day] the weight of each day from one date to before another."""
    days = [date.fromordinal(at) for at in range(begins.toordinal(), ends.toordinal())]
    months = np.array([day.month - 1 for day in days])
    lengths = np.bincount(months, minlength=MONTHS)
    weights: Floats = profiles[:, months] / lengths[months]
    return weights
