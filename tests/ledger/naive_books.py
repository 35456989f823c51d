"""A whole ledger again, deliberately naive: from a list of events to a position, with no state and no shared code."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from typing import Any

from tests.cases import Json
from tests.ledger.naive import cost_by_year, half_up

D = date.fromisoformat
NOTHING: Json = {"amount_pence": 0, "per": "year"}
Figures = dict[tuple[int, str], dict[str, int]]  # by year and line: budget, priced, provisional, spent, contingent


def standing(events: Iterable[Json]) -> list[Json]:
    """The events nobody has effectively withdrawn, once each, in the order in which they happened."""
    known = {(e["source"], e["id"]): e for e in events}
    withdrawals = [e for e in known.values() if e["type"] == "hnb.event-withdrawn.v1"]

    def order(event: Json) -> tuple[str, str, str]:
        return event["time"], event["id"], event["source"]

    def gone(event: Json) -> bool:
        against = [
            w for w in withdrawals
            if (w["data"]["withdrawn_source"], w["data"]["withdrawn_id"]) == (event["source"], event["id"])
        ]  # fmt: skip
        if event["type"] == "hnb.event-withdrawn.v1":
            against = [w for w in against if order(w) > order(event)]
        return any(not gone(w) for w in against)

    return sorted((e for e in known.values() if not gone(e)), key=order)


def last(events: Iterable[Json], kind: str, **match: Any) -> Json | None:
    """The data of the latest event of a type whose data matches."""
    found = [
        e["data"] for e in events
        if e["type"] == f"hnb.{kind}.v1" and all(e["data"].get(k) == v for k, v in match.items())
    ]  # fmt: skip
    return found[-1] if found else None


class Placement:
    """One placement as the latest facts have it."""

    def __init__(self, id: str, events: list[Json], horizon: date) -> None:
        made = last(events, "placement-made", placement_id=id)
        assert made is not None
        self.id, self.line, self.child = id, made["provision"], made["child_ref"]
        ended = last(events, "placement-ended", placement_id=id)
        end = ended["end_date"] if ended else made["end_date"]
        self.start, self.open = D(made["start_date"]), end is None
        self.end = D(end) if end else horizon
        self.prices: list[tuple[date, Json | None]] = [(self.start, made["cost"])]
        for e in events:
            if e["type"] == "hnb.placement-repriced.v1" and e["data"]["placement_id"] == id:
                self.prices.append((D(e["data"]["effective_on"]), e["data"]["cost"]))
        self.contributions = {
            e["data"]["contribution_id"]: e["data"] for e in events
            if e["type"] == "hnb.contribution-agreed.v1" and e["data"]["placement_id"] == id
        }  # fmt: skip

    def annual(self) -> int | None:
        """The price in force on the last day, as a year's; None where unknown, paid once, or never in force."""
        if self.end < self.start:
            return None
        started = [(day, n) for n, (day, _) in enumerate(self.prices) if n and day <= self.end]
        cost = self.prices[max(started)[1] if started else 0][1]
        if cost is None or cost["per"] == "once":
            return None
        times = {"term": 3, "week": cost.get("weeks", 39)}.get(cost["per"], 1)
        return int(cost["amount_pence"] * times)

    def cost(self, means: "Means", provisional: bool) -> dict[int, int]:
        """By year, what the known prices (or, provisionally, the means) make due."""
        prices = []
        for n, (day, cost) in enumerate(self.prices):
            in_force = max(day, self.start) if n else self.start
            mean: Json = {"amount_pence": means.on(self.line, in_force) if cost is None else 0, "per": "year"}
            prices.append((day, mean if provisional else cost or NOTHING))
        return cost_by_year(self.start, self.end, prices)

    def contributed(self) -> dict[int, int]:
        total: dict[int, int] = defaultdict(int)
        for data in self.contributions.values():
            first = max(D(data["start_date"]), self.start)
            until = min(D(data["end_date"]) if data.get("end_date") else self.end, self.end)
            for year, pence in cost_by_year(first, until, [(first, data["cost"])]).items():
                total[year] += pence
        return total


class Means:
    """The mean yearly price of a line over the placements live on a day."""

    def __init__(self, placements: list[Placement], defaults: dict[str, int]) -> None:
        self.placements, self.defaults = placements, defaults

    def on(self, line: str, day: date) -> int:
        live = [
            annual for p in self.placements
            if p.line == line and p.start <= day and (p.open or p.end >= day) and (annual := p.annual()) is not None
        ]  # fmt: skip
        return half_up(Fraction(sum(live), len(live))) if live else self.defaults[line]


def books(events: Iterable[Json], horizon: date, defaults: dict[str, int]) -> Figures:
    """The position the events come to, line by line; lines and figures of nothing are left out."""
    facts = standing(events)
    ids = {e["data"]["placement_id"] for e in facts if e["type"] == "hnb.placement-made.v1"}
    placements = [Placement(id, facts, horizon) for id in sorted(ids)]
    means = Means(placements, defaults)
    figures: Figures = defaultdict(lambda: defaultdict(int))
    paid: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    payments = {
        (e["data"]["commitment_id"], e["data"]["payment_id"]): e["data"]
        for e in facts if e["type"] == "hnb.payment-made.v1"
    }  # fmt: skip
    for (commitment, _), data in payments.items():
        paid[commitment][data["financial_year"]] += data["amount_pence"]
    net: dict[str, dict[str, dict[int, int]]] = {}
    for placement in placements:
        net[placement.id] = _net(placement, means)
        for kind, by_year in net[placement.id].items():
            for year, pence in by_year.items():
                figures[year, placement.line][kind] += pence
        for year, pence in paid[placement.id].items():
            due = sum(by_year.get(year, 0) for by_year in net[placement.id].values())
            figures[year, placement.line]["spent"] += min(pence, due)
    for e in facts:
        if e["type"] == "hnb.budget-set.v1" and e["data"]["line"] != "grant":
            figures[e["data"]["financial_year"], e["data"]["line"]]["budget"] = e["data"]["amount_pence"]
    _appeals(facts, figures)
    found = {key: {kind: pence for kind, pence in of.items() if pence} for key, of in figures.items()}
    return {key: of for key, of in found.items() if of}


def _net(placement: Placement, means: Means) -> dict[str, dict[int, int]]:
    priced, provisional = placement.cost(means, provisional=False), placement.cost(means, provisional=True)
    for year, contributed in placement.contributed().items():
        for by_year in (priced, provisional):
            taken = min(by_year.get(year, 0), contributed)
            contributed -= taken
            if taken:
                by_year[year] -= taken
    return {"priced": priced, "provisional": provisional}


def _appeals(facts: list[Json], figures: Figures) -> None:
    for id in {e["data"]["appeal_id"] for e in facts if e["type"] == "hnb.tribunal-lodged.v1"}:
        lodged = last(facts, "tribunal-lodged", appeal_id=id)
        assert lodged is not None
        costs = {
            e["data"]["cost_id"]: e["data"] for e in facts
            if e["type"] == "hnb.tribunal-cost-incurred.v1" and e["data"]["appeal_id"] == id
        }  # fmt: skip
        for data in costs.values():
            day = D(data["incurred_on"])
            figures[day.year if day.month >= 4 else day.year - 1, "tribunal"]["priced"] += data["amount_pence"]
        if last(facts, "tribunal-concluded", appeal_id=id) is None:
            still = max(lodged.get("expected_cost_pence", 0) - sum(d["amount_pence"] for d in costs.values()), 0)
            day = D(lodged["lodged_on"])
            figures[day.year if day.month >= 4 else day.year - 1, "tribunal"]["priced"] += still
