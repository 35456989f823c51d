"""What a scenario comes to in whole pence: outturn by line and year, grant, balance and reserve, future by future."""

from dataclasses import dataclass

import numpy as np

from hnb.calendar import financial_year, year_label
from ledger.forecast.arrays import Floats, Ints
from ledger.forecast.faults import BadInput
from ledger.outlook.course import Course
from ledger.outlook.effects import Effect
from ledger.outlook.inputs import Inputs
from ledger.outlook.scenarios import Grant, Inflation, Rises, Scenario, StabilityGrant
from ledger.outlook.timeline import YEARS

CLIMATE = 3  # the place of its own that the drawing of prices' and grants' years has beside the seed


@dataclass(frozen=True)
class Known:
    """What is on record, [year, line] in pence: of placements of children with a plan, and of all else."""

    placements: Ints
    other: Ints

    @property
    def pence(self) -> Ints:
        return self.placements + self.other


@dataclass(frozen=True)
class Money:
    """One scenario, whole pence."""

    placements: Ints  # [simulation, year, line] of children with a plan
    other: Ints  # [simulation, year, line] grants, contracts, services
    children: Floats  # [simulation, year, line] on average over the year
    grant: Ints  # [simulation, year]
    stability_grant: Ints  # [simulation, year]
    reserve: Ints  # [simulation, year] at its 31 March

    @property
    def outturn(self) -> Ints:
        """[simulation, year, line]"""
        return self.placements + self.other


def known_of(inputs: Inputs, lines: tuple[str, ...], first_year: int) -> Known:
    """What the inputs say is committed and spent in each of the years."""
    of_line = {str(line.provision): line for line in inputs.lines}
    placements, other = np.zeros((2, YEARS, len(lines)), dtype=np.int64)
    for at, name in enumerate(lines):
        if name in of_line:
            for year in range(YEARS):
                placements[year, at] = of_line[name].committed_pence.get(first_year + year, 0)
                other[year, at] = of_line[name].other_pence.get(first_year + year, 0)
    return Known(placements, other)


def money_of(scenario: Scenario, inputs: Inputs, course: Course, effects: list[Effect], seed: int) -> Money:
    """What a scenario with figures drawn comes to, with the effects of its measures. BadInput where funding lacks."""
    assert scenario.inflation is not None
    assert scenario.grant is not None
    timeline, flows = course.timeline, course.flows
    known = known_of(inputs, flows.lines, timeline.first_year)
    rng = np.random.default_rng([seed, CLIMATE])
    of_prices, of_grants = rng.standard_normal((2, flows.simulations, YEARS))
    index = _index(scenario.inflation, flows.lines, timeline.first_year, of_prices)
    dearer = index * np.prod([effect.dearer for effect in effects], axis=0) if effects else index
    more = sum((effect.pence for effect in effects), start=np.zeros_like(course.unknown))
    placements = _whole((known.placements + course.unknown + more) * dearer)
    # What stands beside placements goes on as it is this year, dearer by the year, unless more is on record already.
    other = np.maximum(known.other, _whole(known.other[0] * index))
    children = course.over_year(course.children + sum(effect.children for effect in effects))
    children[:, 0] += course.lived
    grant = _grant(scenario.grant, inputs, timeline.first_year, of_grants)
    opening = _opening(inputs, timeline.first_year)
    balance = grant - (placements + other).sum(axis=2)
    reserve = opening + np.cumsum(balance, axis=1)
    paid = np.zeros_like(reserve)
    if scenario.stability_grant is not None:
        paid = _stability(scenario.stability_grant, reserve, opening, timeline.first_year)
    return Money(placements, other, children, grant, paid, reserve + np.cumsum(paid, axis=1))


def _index(inflation: Inflation, lines: tuple[str, ...], first_year: int, drawn: Floats) -> Floats:
    """[simulation, year, line] prices beside those of the first year: a year's rise, and luck that all lines share."""
    found = np.ones((*drawn.shape, len(lines)))
    own = {str(provision): rises for provision, rises in inflation.provisions.items()}
    for year in range(1, YEARS):
        rises = np.array([_rise(own.get(line, inflation.percent), first_year + year) for line in lines])
        luck = inflation.spread_percent * drawn[:, year]
        found[:, year] = found[:, year - 1] * np.maximum(1 + (rises[None] + luck[:, None]) / 100, 0.0)
    return found


def _rise(rises: Rises, year: int) -> float:
    """Per cent of a financial year: the last year named goes on, and the first stands for those before."""
    if isinstance(rises, dict):
        return rises[max((named for named in rises if named <= year), default=min(rises))]
    return rises


def _grant(grant: Grant, inputs: Inputs, first_year: int, drawn: Floats) -> Ints:
    """[simulation, year] as known, and after the last known year as it grows."""
    known = {year: one.grant_pence for year, one in inputs.funding.items() if one.grant_pence is not None}
    if first_year not in known:
        raise BadInput([f"funding.{first_year}: the grant of {year_label(first_year)} is not known, so no reserve is."])
    found = np.zeros(drawn.shape, dtype=np.int64)
    for year in range(YEARS):
        own = known.get(first_year + year)
        if own is None:
            percent = _rise(grant.growth_percent, first_year + year) + grant.spread_percent * drawn[:, year]
            found[:, year] = _whole(found[:, year - 1].astype(float) * np.maximum(1 + percent / 100, 0.0))
        else:
            found[:, year] = own
    return found


def _opening(inputs: Inputs, first_year: int) -> int:
    """0 where nobody said: `notes_on_funding` tells."""
    funding = inputs.funding.get(first_year)
    return (funding.reserve_opening_pence if funding else None) or 0


def notes_on_funding(scenario: Scenario, inputs: Inputs, first_year: int) -> list[str]:
    """What had to be taken for granted of the reserve, and what of a stability grant is no longer to come."""
    found = []
    funding = inputs.funding.get(first_year)
    if funding is None or funding.reserve_opening_pence is None:
        found.append(f"No opening reserve of {year_label(first_year)} was said: it is taken to be nothing.")
    grant = scenario.stability_grant
    if grant is not None and _over(grant, first_year):
        found.append(
            f"{scenario.title}: what the stability grant paid for {grant.deficit_at}, if it did, is taken to be in the "
            "reserve: this outlook knows nothing of that day."
        )
    return found


def _over(grant: StabilityGrant, first_year: int) -> bool:
    return financial_year(grant.deficit_at) < first_year - 1 or grant.paid_in < first_year


def _stability(grant: StabilityGrant, reserve: Ints, opening: int, first_year: int) -> Ints:
    """[simulation, year] what is paid: a share of a 31 March's deficit."""
    at, paid_in = financial_year(grant.deficit_at) - first_year, grant.paid_in - first_year
    paid = np.zeros_like(reserve)
    if not _over(grant, first_year) and at < YEARS and paid_in < YEARS:
        closing = reserve[:, at] if at >= 0 else np.full(len(reserve), opening)
        paid[:, paid_in] = _whole(np.maximum(-closing, 0) * (grant.share_percent / 100))
    return paid


def _whole(pence: Floats) -> Ints:
    return np.rint(pence).astype(np.int64)
