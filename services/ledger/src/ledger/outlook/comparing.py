"""Scenarios as figures, side by side: each year's spread, why it grows, what is saved, and when a level is passed."""

from datetime import date

import numpy as np

from hnb.calendar import financial_year, year_end
from ledger.forecast.arrays import Bools, Floats, Ints
from ledger.outlook.inputs import NO_PLACEMENT
from ledger.outlook.money import Known, Money
from ledger.outlook.result import (
    Growth,
    LineYear,
    OverrideEnd,
    Past,
    ScenarioOutlook,
    Spread,
    Worth,
    YearOutlook,
)
from ledger.outlook.scenarios import Scenario
from ledger.outlook.timeline import YEARS


def spread_of(values: Ints) -> Spread:
    """Of one number in each future; the percentiles are values that a future had."""
    ordered = np.sort(values)
    low, middle, high = (int(ordered[max(0, -(-len(ordered) * percent // 100) - 1)]) for percent in (10, 50, 90))
    return Spread(mean=round(sum(values.tolist()) / len(values), 2), p10=low, p50=middle, p90=high)


def certain(value: int) -> Spread:
    """Of what does not vary."""
    return Spread(mean=value, p10=value, p50=value, p90=value)


def scenario_outlook(
    scenario: Scenario,
    lines: tuple[str, ...],
    known: Known,
    money: Money,
    first: Money,
    first_year: int,
    level: int | None,
) -> ScenarioOutlook:
    """A scenario with figures drawn, beside the first (which may be itself)."""
    years = tuple(_year(lines, known, money, at, first_year) for at in range(YEARS))
    chances = {first_year + at: money.reserve[:, at] for at in range(YEARS)}
    return ScenarioOutlook(
        name=scenario.name,
        title=scenario.title,
        assumes=(*scenario.assumes, *(measure.assumes for measure in scenario.measures)),
        source=scenario.source,
        stated=False,
        years=years,
        worth=() if money is first else tuple(_worth(money, first, at, first_year) for at in range(YEARS)),
        past=None if level is None else _past(level, {year: values < level for year, values in chances.items()}),
        override_end=_override_end(scenario.override_ends, chances),
    )


def stated_outlook(scenario: Scenario, years: range, level: int | None) -> ScenarioOutlook:
    """A reserve taken over from a source: exact at its points, on a straight line in between, nothing beyond them."""
    points = {financial_year(day): pounds * 100 for day, pounds in scenario.stated_reserve_pounds.items()}
    reserve = {
        year: _between(points, year) for year in range(min(points), max(points) + 1) if year in years or year in points
    }
    chances = {year: np.array([pence]) for year, pence in reserve.items()}
    between = [f"31 March {year + 1}" for year in reserve if year not in points]
    said = f"The reserve at {' and '.join(between)} is on a straight line between what the source says."
    return ScenarioOutlook(
        name=scenario.name,
        title=scenario.title,
        assumes=(*scenario.assumes, *([said] if between else [])),
        source=scenario.source,
        stated=True,
        years=tuple(
            YearOutlook(
                financial_year=year, known_pence=None, outturn_pence=None, children_hundredths=None, lines=(),
                grant_pence=None, balance_pence=_change(reserve, year), stability_grant_pence=None,
                reserve_pence=certain(pence), since_first=None,
            )
            for year, pence in reserve.items()
        ),
        worth=(),
        past=None if level is None else _past(level, {year: values < level for year, values in chances.items()}),
        override_end=_override_end(scenario.override_ends, chances),
    )  # fmt: skip


def _between(points: dict[int, int], year: int) -> int:
    """Pence on the straight line between two points, rounded half up."""
    if year in points:
        return points[year]
    before, after = max(one for one in points if one < year), min(one for one in points if one > year)
    return points[before] + round((points[after] - points[before]) * (year - before) / (after - before))


def _change(reserve: dict[int, int], year: int) -> Spread | None:
    return certain(reserve[year] - reserve[year - 1]) if year - 1 in reserve else None


def _year(lines: tuple[str, ...], known: Known, money: Money, at: int, first_year: int) -> YearOutlook:
    outturn = money.outturn[:, at]
    children = _hundredths(money.children[:, at])
    paid = [place for place, line in enumerate(lines) if line != NO_PLACEMENT]
    grant, stability = money.grant[:, at], money.stability_grant[:, at]
    return YearOutlook(
        financial_year=first_year + at,
        known_pence=int(known.pence[at].sum()),
        outturn_pence=spread_of(outturn.sum(axis=1)),
        children_hundredths=spread_of(children[:, paid].sum(axis=1)),
        lines=tuple(
            LineYear(
                provision=lines[place],
                known_pence=int(known.pence[at, place]),
                outturn_pence=spread_of(outturn[:, place]),
                children_hundredths=spread_of(children[:, place]) if money.children[:, :, place].any() else None,
            )
            for place in paid
            if outturn[:, place].any() or known.pence[:, place].any()
        ),
        grant_pence=spread_of(grant),
        balance_pence=spread_of(grant - outturn.sum(axis=1)),
        stability_grant_pence=spread_of(stability) if stability.any() else None,
        reserve_pence=spread_of(money.reserve[:, at]),
        since_first=_growth(money, at) if at else None,
    )


def _growth(money: Money, at: int) -> Growth:
    """Caseload is the change of children at the mean of both years' prices, price the change of prices at the mean of
    both years' children (Marshall and Edgeworth): line by line, so that nothing of the change is left between them."""
    cost = money.placements[:, [0, at]].mean(axis=0)  # [year, line]
    children = money.children[:, [0, at]].mean(axis=0)
    price = np.where(children > 0, cost / np.maximum(children, 1e-9), 0.0)
    price = np.where(children > 0, price, price[::-1])  # where nobody was there, the price of the other year
    caseload = float(((children[1] - children[0]) * price.mean(axis=0)).sum())
    prices = float(((price[1] - price[0]) * children.mean(axis=0)).sum())
    outturn = money.outturn.sum(axis=2)
    whole = round(float(outturn[:, at].mean() - outturn[:, 0].mean()))
    return Growth(
        caseload_pence=round(caseload), price_pence=round(prices), other_pence=whole - round(caseload) - round(prices)
    )


def _worth(money: Money, first: Money, at: int, first_year: int) -> Worth:
    saved = money.reserve[:, at] - first.reserve[:, at]
    return Worth(
        financial_year=first_year + at, saved_pence=spread_of(saved), likely=round(float((saved > 0).mean()), 4)
    )


def _past(level: int, past: dict[int, Bools]) -> Past:
    """Past a level is below it; in the middle where that is so in more than half of the futures."""
    chances = {year: round(float(below.mean()), 4) for year, below in past.items()}
    return Past(
        level_pence=level,
        chances=chances,
        middle_year=next((year for year, chance in sorted(chances.items()) if chance > 0.5), None),
    )


def _override_end(ends: date | None, reserve: dict[int, Ints]) -> OverrideEnd | None:
    if ends is None or financial_year(ends) not in reserve:
        return None
    values = reserve[financial_year(ends)]
    return OverrideEnd(
        ends=year_end(financial_year(ends)),
        reserve_pence=spread_of(values),
        likely_deficit=round(float((values < 0).mean()), 4),
    )


def _hundredths(children: Floats) -> Ints:
    return np.rint(children * 100).astype(np.int64)
