"""Draft prices: skewed around a row's unit cost, in the periods that providers really charge by."""

import math
from random import Random

from hnb_local.simulator.leicester import ROWS
from hnb_local.simulator.pen import Cost

# How widely prices spread within a row: the sigma of a lognormal whose mean is the unit cost.
_SPREAD = {"mainstream": 0.35, "resourced-provision": 0.20, "special": 0.30, "independent": 0.50, "alternative": 0.40,
           "post-16": 0.45, "otherwise": 0.55, "early-years": 0.30, "alternative-no-plan": 0.45}  # fmt: skip
_FURTHEST = 2.4  # standard deviations; further out a single child would be the line
_PERIODS = {"year": 70, "academic-year": 12, "term": 9, "week": 9}
_WEEKS = [None, None, 38, 39]


def draft_annual(random: Random, row: str) -> int:
    """A year's price in pence; the row's calibration scales it later."""
    sigma = _SPREAD[row]
    z = max(-_FURTHEST, min(_FURTHEST, random.gauss(0, 1)))
    return round(ROWS[row].unit_pounds * 100 * math.exp(sigma * z - sigma * sigma / 2))


def agree(random: Random, annual: int) -> Cost:
    """That yearly price, in some period a provider may charge by."""
    per = random.choices(list(_PERIODS), list(_PERIODS.values()))[0]
    if per == "term":
        return {"amount_pence": annual // 3, "per": per}
    if per == "week":
        weeks = random.choice(_WEEKS)
        cost: Cost = {"amount_pence": annual // (weeks or 39), "per": per}
        return cost if weeks is None else cost | {"weeks": weeks}
    return {"amount_pence": annual, "per": per}


def yearly(amount: int) -> Cost:
    """A price by the year."""
    return {"amount_pence": amount, "per": "year"}


def times(cost: Cost, factor: float) -> Cost:
    """The same price, higher or lower."""
    return cost | {"amount_pence": round(cost["amount_pence"] * factor)}
