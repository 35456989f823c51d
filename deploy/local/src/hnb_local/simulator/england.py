"""England's year: the plans of 153 councils, each with its settings, budgets, placements and appeals, all mixed.

Codes are the councils' own. How many plans each has is drawn, and adds up to England's; everything else of a council
is Leicester's in proportion, and made up.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import Any

from hnb_local.sen2.population import Population, events_of_truth
from hnb_local.sen2.prices import made_up_prices
from hnb_local.sen2.whereabouts import PLANS
from hnb_local.simulator.leicester import (
    BUDGETS_POUNDS,
    FIRST_DAY,
    GRANT_POUNDS,
    LAST_DAY,
    RESERVE_OPENING_POUNDS,
    YEAR,
)

ENGLAND_PLANS = 638_745  # January 2025, as published
APPEALS_IN_A_THOUSAND = 38  # 24,000 appeals registered in a year, beside England's plans
FIRST_REQUESTS = "2025-01-01"  # what was asked for before is not carried in: its plan is
TAKEN_AT_ONCE = 20  # events of one council between those of the others
_EXPECTED_PENCE = (433_100, 605_600)  # without a hearing and with one
_OUTCOMES = ("upheld", "part-upheld", "conceded", "withdrawn", "dismissed")

Event = dict[str, Any]


def _codes(prefix: str, numbers: str) -> list[str]:
    spans = (part.split("-") for part in numbers.split())
    return [f"{prefix}{n:06d}" for span in spans for n in range(int(span[0]), int(span[-1]) + 1)]


# Upper-tier councils of England by ONS code, as of April 2025.
COUNCILS = [
    *_codes("E06", "1-27 30-47 49-66"),
    *_codes("E08", "1-15 17-18 21-39"),
    *_codes("E09", "1-33"),
    *_codes("E10", "3 7-8 11-20 24-25 28-32 34"),
]


@dataclass(frozen=True, slots=True)
class Council:
    """One council, and how many of England's plans are its."""

    authority: str
    plans: int
    seed: int


def councils(plans: int, seed: int) -> list[Council]:
    """The 153, the plans shared out among them: a few have many, most have few."""
    random = Random(f"{seed}/england")
    weights = {code: random.lognormvariate(0, 0.75) for code in COUNCILS}
    whole, sizes, reached = sum(weights.values()), [], 0.0
    for weight in weights.values():
        before, reached = reached, reached + weight * plans / whole
        sizes.append(round(reached) - round(before))
    return [
        Council(code, size, seed * 1_000 + number)
        for number, (code, size) in enumerate(zip(COUNCILS, sizes, strict=True))
    ]


def england_year(plans: int, seed: int) -> Iterator[Event]:
    """Every event of the year, some of one council and some of the next; in bounded memory, whatever the plans."""
    waiting = [events_of(council) for council in councils(plans, seed) if council.plans]
    while waiting:
        still = []
        for events in waiting:
            some = list(islice(events, TAKEN_AT_ONCE))
            yield from some
            if some:
                still.append(events)
        waiting = still


def events_of(council: Council) -> Iterator[Event]:
    """All that one council's case system and finance say: budgets, settings, plans, placements and appeals."""
    population = Population(council.plans, council.seed, 2026, 1, council.authority)
    prices = {
        (price.setting_id, price.provision): price
        for price in made_up_prices(population.settings, range(YEAR, YEAR + 1))
    }
    random = Random(f"{council.seed}/year")
    yield from _budgets(council)
    for event in events_of_truth(population, 2026):
        data = event["data"]
        match event["type"]:
            case "hnb.assessment-requested.v1" if data["received_on"] < FIRST_REQUESTS:
                continue
            case "hnb.placement-made.v1":
                row = data["provision"]
                data["cost"] = (prices.get((data["setting_id"], row)) or prices[None, row]).cost
                yield event
                if random.randrange(1_000) < APPEALS_IN_A_THOUSAND:
                    yield from _appeal(council, random, data)
            case _:
                yield event


def _budgets(council: Council) -> Iterator[Event]:
    share = council.plans * 100
    figures = {"grant": GRANT_POUNDS, **BUDGETS_POUNDS}
    for line, amount in figures.items():
        data = {"financial_year": YEAR, "line": line, "amount_pence": amount * share // PLANS}
        yield _said(council, "finance", "budget-set", f"budget-{line}", FIRST_DAY, data)
    data = {"financial_year": YEAR, "balance_pence": RESERVE_OPENING_POUNDS * share // PLANS}
    yield _said(council, "finance", "reserve-opened", "reserve", FIRST_DAY, data)


def _appeal(council: Council, random: Random, placement: dict[str, Any]) -> Iterator[Event]:
    id = f"AP-{placement['placement_id']}"
    lodged = FIRST_DAY + timedelta(days=random.randrange(350))
    expected = random.choice(_EXPECTED_PENCE)
    data = {
        "appeal_id": id, "child_ref": placement["child_ref"], "plan_id": placement["plan_id"],
        "appeal_type": "contents", "sections": ["I"], "lodged_on": lodged.isoformat(),
        "mediation_certificate": True, "expected_cost_pence": expected,
    }  # fmt: skip
    yield _said(council, "case-system", "tribunal-lodged", id, lodged, data)
    spent = lodged + timedelta(days=random.randrange(20, 90))
    data = {
        "appeal_id": id, "cost_id": f"{id}-1", "incurred_on": spent.isoformat(), "kind": "officer",
        "amount_pence": random.randrange(40_000, 300_000),
    }  # fmt: skip
    yield _said(council, "case-system", "tribunal-cost-incurred", f"{id}-1", spent, data)
    concluded = lodged + timedelta(days=random.randrange(60, 200))
    if concluded <= LAST_DAY:
        data = {"appeal_id": id, "concluded_on": concluded.isoformat(), "outcome": random.choice(_OUTCOMES)}
        yield _said(council, "case-system", "tribunal-concluded", id, concluded, data)


def _said(council: Council, who: str, kind: str, about: str, day: date, data: dict[str, Any]) -> Event:
    return {
        "specversion": "1.0", "id": f"{kind}-{about}", "source": f"/made-up/{who}/{council.authority}",
        "type": f"hnb.{kind}.v1", "time": f"{day.isoformat()}T12:00:00Z", "authority": council.authority, "data": data,
    }  # fmt: skip
