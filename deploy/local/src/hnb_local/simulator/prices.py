"""What every commitment costs in the year, worked out plainly from the events by the words of the contract.

Written apart from the ledger on purpose: where the two agree to the penny, neither has fooled itself.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from hnb_local.simulator.leicester import FIRST_DAY, LAST_DAY, YEAR
from hnb_local.simulator.pen import Cost, Event, order

_ABOUT = {
    "hnb.placement-made.v1": "placement_id",
    "hnb.placement-repriced.v1": "placement_id",
    "hnb.placement-ended.v1": "placement_id",
    "hnb.contribution-agreed.v1": "placement_id",
    "hnb.support-granted.v1": "grant_id",
    "hnb.places-commissioned.v1": "contract_id",
}
_TERMS = [(FIRST_DAY, date(YEAR, 8, 31)), (date(YEAR, 9, 1), date(YEAR, 12, 31)), (date(YEAR + 1, 1, 1), LAST_DAY)]
_YEAR = [(FIRST_DAY, LAST_DAY, Fraction(1))]
_ACADEMIC = [(FIRST_DAY, _TERMS[0][1], Fraction(5, 12)), (_TERMS[1][0], LAST_DAY, Fraction(7, 12))]
_USUAL_WEEKS = 39


@dataclass(frozen=True, slots=True)
class Charged:
    """What one commitment costs in the year: its line and its pence."""

    line: str
    pence: int


@dataclass(frozen=True, slots=True)
class _Price:
    first: date
    last: date
    cost: Cost | None


def standing(events: Iterable[Event]) -> list[Event]:
    """The events left when the withdrawn ones, and the withdrawals, are taken away."""
    events = list(events)
    gone = {
        (e["data"]["withdrawn_source"], e["data"]["withdrawn_id"])
        for e in events
        if e["type"] == "hnb.event-withdrawn.v1"
    }
    return [e for e in events if (e["source"], e["id"]) not in gone and e["type"] != "hnb.event-withdrawn.v1"]


def charge(events: Iterable[Event]) -> dict[str, Charged]:
    """Every commitment of these events with its cost in the year; KeyError where a placement has no price."""
    about: dict[str, list[Event]] = defaultdict(list)
    for event in standing(events):
        if event["type"] in _ABOUT:
            about[event["data"][_ABOUT[event["type"]]]].append(event)
    return {id: _charge_one(sorted(facts, key=order)) for id, facts in about.items()}


def by_line(charged: Iterable[Charged]) -> dict[str, int]:
    """Pence by line."""
    lines: dict[str, int] = defaultdict(int)
    for one in charged:
        lines[one.line] += one.pence
    return dict(lines)


def _charge_one(facts: list[Event]) -> Charged:
    by_type: dict[str, list[Event]] = defaultdict(list)
    for fact in facts:
        by_type[fact["type"]].append(fact["data"])
    for kind in ("support-granted", "places-commissioned"):
        if found := by_type[f"hnb.{kind}.v1"]:
            whole = _Price(_day(found[-1]["start_date"]), _day(found[-1]["end_date"]), found[-1]["cost"])
            pence = 0 if found[-1].get("paid_by") == "dfe" else _pence([whole]) * found[-1].get("places", 1)
            return Charged(found[-1]["provision"], pence)
    made = by_type["hnb.placement-made.v1"][-1]
    first, last = _day(made["start_date"]), _day(made["end_date"] or LAST_DAY.isoformat())
    if ended := by_type["hnb.placement-ended.v1"]:
        last = _day(ended[-1]["end_date"])
    pence = _pence(_prices(made["cost"], first, last, by_type["hnb.placement-repriced.v1"]))
    for agreed in by_type["hnb.contribution-agreed.v1"]:
        until = _day(agreed.get("end_date") or LAST_DAY.isoformat())
        pence -= _pence([_Price(max(first, _day(agreed["start_date"])), min(last, until), agreed["cost"])])
    return Charged(made["provision"], pence)


def _prices(cost: Cost | None, first: date, last: date, repriced: list[Event]) -> list[_Price]:
    """Each price with the days it is in force, from the first day of the placement to its last."""
    starts: dict[date, Cost | None] = {first: cost}
    for change in repriced:
        starts[max(first, _day(change["effective_on"]))] = change["cost"]
    days = sorted(starts)
    ends = [day - timedelta(days=1) for day in days[1:]] + [last]
    return [_Price(day, min(end, last), starts[day]) for day, end in zip(days, ends, strict=True)]


def _pence(prices: list[_Price]) -> int:
    """The year's share of prices that follow one another."""
    total = 0
    attended_from = prices[0].first
    for price in prices:
        first, last = max(price.first, FIRST_DAY), min(price.last, LAST_DAY)
        if last < first:
            continue
        if price.cost is None:
            raise KeyError(f"no price from {first} to {last}")
        amount = price.cost["amount_pence"]
        match price.cost["per"]:
            case "year":
                total += _by_day(amount, first, last, _YEAR)
            case "week":
                total += _by_day(amount * price.cost.get("weeks", _USUAL_WEEKS), first, last, _YEAR)
            case "academic-year":
                total += _by_day(amount, first, last, _ACADEMIC)
            case "term":
                due = [max(start, attended_from) for start, end in _TERMS if attended_from <= end]
                total += amount * sum(first <= day <= last for day in due)
            case "once":
                total += amount * (price.first >= FIRST_DAY)
    return total


def _by_day(annual: int, first: date, last: date, parts: list[tuple[date, date, Fraction]]) -> int:
    total = 0
    for start, end, share in parts:
        days = (end - start).days + 1
        before, until = (max(first, start) - start).days, (min(last, end) - start).days + 1
        if until > before:
            total += _half_up(annual * share * until / days) - _half_up(annual * share * before / days)
    return total


def _half_up(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))


def _day(text: str) -> date:
    return date.fromisoformat(text)
