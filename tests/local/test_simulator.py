"""The simulated year: the same every time, true to the contract, as untidy as real feeds, exact to the penny."""

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from hnb.events import CASE_EVENTS, Refused, read_event
from hnb_local.simulator import Delivery, Feed, leicester_year
from hnb_local.simulator.feed import BACKDATED, DUPLICATES, MALFORMED, OUT_OF_ORDER
from hnb_local.simulator.leicester import BUDGETS_POUNDS, CENSUS, GRANT_POUNDS, ROWS
from hnb_local.simulator.prices import by_line, charge, standing

TABLE_PENCE = {
    "mainstream": 1_740_640_000, "resourced-provision": 545_700_000 + 110_000_000, "special": 3_949_650_000,
    "independent": 1_163_750_000, "alternative": 148_500_000 + 620_000_000, "post-16": 500_250_000,
    "otherwise": 162_000_000, "early-years": 63_700_000, "element-3": 696_000_000, "inclusion-fund": 90_000_000,
    "sen-support": 740_000_000, "inclusion": 230_000_000, "hospital": 170_000_000, "therapies": 90_000_000,
    "contingency": 99_810_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def feed() -> Feed:
    return leicester_year(2025)


def _said(feed: Feed) -> list[Delivery]:
    return [d for d in feed.events if not d.malformed and not d.duplicate]


def _of(feed: Feed, kind: str) -> list[dict[str, Any]]:
    return [e["data"] for e in standing(d.event for d in _said(feed)) if e["type"] == f"hnb.{kind}.v1"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_year(feed: Feed) -> None:
    def as_bytes(one: Feed) -> bytes:
        return json.dumps([(d.arrives_at.isoformat(), d.event) for d in one.events]).encode()

    assert as_bytes(leicester_year(2025)) == as_bytes(feed)
    assert as_bytes(leicester_year(7)) != as_bytes(feed)


@pytest.mark.parametrize("seed", [1, 2, 3, 2025])
def test_every_line_costs_its_figure_to_the_penny_whatever_the_seed(seed: int) -> None:
    year = leicester_year(seed)
    lines = by_line(charge(d.event for d in _said(year)).values())
    assert lines == TABLE_PENCE == year.expected.lines
    assert sum(lines.values()) == 11_120_000_000 == year.expected.total


def test_what_arrives_costs_the_same_in_any_order_and_twice(feed: Feed) -> None:
    everything = {d.event["id"]: d.event for d in reversed(feed.events) if not d.malformed}
    assert by_line(charge(everything.values()).values()) == TABLE_PENCE


def test_the_door_takes_every_event_but_the_malformed_and_refuses_all_of_those(feed: Feed) -> None:
    for delivery in feed.events:
        if delivery.malformed:
            with pytest.raises(Refused):
                read_event(delivery.event, known=CASE_EVENTS, strict=True)
        else:
            read_event(delivery.event, known=CASE_EVENTS, strict=True)


def test_every_event_type_of_the_contract_is_played(feed: Feed) -> None:
    assert {d.event["type"] for d in _said(feed)} == set(CASE_EVENTS)


def test_news_arrives_late_twice_and_out_of_order_as_often_as_in_life(feed: Feed) -> None:
    said = _said(feed)
    delays = Counter(d.delay for d in said)
    assert delays["backdated"] / len(said) == pytest.approx(BACKDATED, rel=0.15)
    assert delays["out-of-order"] / len(said) == pytest.approx(OUT_OF_ORDER, rel=0.15)
    assert feed.expected.duplicates / len(said) == pytest.approx(DUPLICATES, rel=0.15)
    assert feed.expected.malformed / len(said) == pytest.approx(MALFORMED, rel=0.15)
    assert feed.expected.accepted == len(said) == len({d.event["id"] for d in said})
    taken_back = sum(d.event["type"] == "hnb.event-withdrawn.v1" for d in said)
    corrected = sum(d.event["data"].get("reason") == "correction" for d in said)
    assert 0.007 < (taken_back + corrected) / len(said) < 0.02


def test_deliveries_come_in_order_of_arrival_and_never_before_they_happened(feed: Feed) -> None:
    arrivals = [d.arrives_at for d in feed.events]
    assert arrivals == sorted(arrivals)
    assert all(d.event["time"] <= f"{d.arrives_at:%Y-%m-%dT%H:%M:%SZ}" for d in _said(feed))


def test_a_copy_comes_after_what_it_copies(feed: Feed) -> None:
    seen: set[str] = set()
    for delivery in feed.events:
        if not delivery.malformed:
            assert delivery.duplicate == (delivery.event["id"] in seen)
            seen.add(delivery.event["id"])


def test_4175_plans_are_in_force_at_the_january_census(feed: Feed) -> None:
    ceased = {data["plan_id"]: date.fromisoformat(data["ceased_on"]) for data in _of(feed, "ehcp-ceased")}
    live = {
        data["plan_id"]
        for data in _of(feed, "ehcp-issued")
        if date.fromisoformat(data["issued_on"]) <= CENSUS and ceased.get(data["plan_id"], date.max) >= CENSUS
    }
    assert len(live) == 4_175
    assert Counter(_provisions_at_census(feed, live).values()) == Counter(
        {row.line: row.plans for row in ROWS.values() if row.line and row.plans}
    )


def _provisions_at_census(feed: Feed, plans: set[str]) -> dict[str, str]:
    ended = {data["placement_id"]: date.fromisoformat(data["end_date"]) for data in _of(feed, "placement-ended")}
    return {
        data["plan_id"]: data["provision"]
        for data in _of(feed, "placement-made")
        if data.get("plan_id") in plans
        and date.fromisoformat(data["start_date"]) <= CENSUS <= ended.get(data["placement_id"], date.max)
    }


def test_every_price_period_is_used_and_prices_are_skewed(feed: Feed) -> None:
    costs = [data["cost"] for data in _of(feed, "placement-made") if data["cost"] is not None]
    assert {cost["per"] for cost in costs} == {"year", "academic-year", "term", "week"}
    assert "once" in {data["cost"]["per"] for data in _of(feed, "support-granted")}
    special = sorted(
        data["cost"]["amount_pence"]
        for data in _of(feed, "placement-made")
        if data["provision"] == "special" and data["cost"] and data["cost"]["per"] == "year"
    )
    assert sum(special) / len(special) > special[len(special) // 2] * 1.02  # the mean lies above the median
    assert special[-1] > 2 * special[0]


def test_nothing_is_paid_beyond_what_it_costs_and_most_is_paid(feed: Feed) -> None:
    paid: Counter[str] = Counter()
    for data in _of(feed, "payment-made"):
        paid[data["commitment_id"]] += data["amount_pence"]
    charged = charge(d.event for d in _said(feed))
    assert all(amount <= charged[id].pence for id, amount in paid.items())
    assert paid.total() == sum(feed.expected.spent.values())
    assert 0.6 < paid.total() / feed.expected.total < 0.95


def test_the_budgets_together_are_the_grant() -> None:
    assert sum(pounds for line, pounds in BUDGETS_POUNDS.items() if line != "tribunal") == GRANT_POUNDS
