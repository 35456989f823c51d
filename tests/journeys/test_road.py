"""The whole road, as processes: events posted at the door become a position, whatever happens to the parts."""

import os
import random
import signal
from typing import Any

import httpx
import redis

from hnb_local.stack import Stack
from tests.cases import Json, budget, ended, made, paid, repriced, reserve, withdrawn, yearly
from tests.journeys.waiting import until

BATCH = {"content-type": "application/cloudevents-batch+json"}


def post(stack: Stack, events: list[Json]) -> None:
    for start in range(0, len(events), 500):
        batch = events[start : start + 500]
        answer = httpx.post(f"{stack.urls['placements']}/events", json=batch, headers=BATCH, timeout=20)
        assert answer.status_code in (200, 207), answer.text
        assert {result["status"] for result in answer.json()} <= {"accepted", "duplicate"}


def position(stack: Stack, authority: str) -> Json:
    query: Json = {"authority": authority, "financial_year": 2025}
    answer: Json = httpx.get(f"{stack.urls['ledger']}/positions", params=query, timeout=20).json()
    return {key: value for key, value in answer.items() if key not in ("known_at", "authority")}


def unsettled(stack: Stack) -> bool:
    """Whether the ledger still waits to decide something again."""
    metrics = httpx.get(f"{stack.urls['ledger']}/metrics", timeout=20).text
    return "hnb_commitments_unsettled 0.0" not in metrics


def year(authority: str, salt: str) -> list[Json]:
    """A small year with some of everything; the same at every authority but for its sources."""
    envelope: Json = {"authority": authority, "source": f"/case/{salt}"}
    events = [
        budget("grant", 900_000, **envelope),
        reserve(-50_000, **envelope),
        budget("special", 500_000, **envelope),
    ]
    for i in range(40):
        cost = None if i % 8 == 0 else yearly(20_000 + 137 * i)
        events.append(made(f"PL-{i}", cost, child=f"c{i}", id=f"made-{i}", **envelope))
    events += [
        repriced(f"PL-{i}", "2025-09-01", yearly(31_000 + i), id=f"price-{i}", **envelope) for i in range(0, 40, 3)
    ]
    events += [ended(f"PL-{i}", "2026-01-31", id=f"end-{i}", **envelope) for i in range(0, 40, 5)]
    events += [paid(f"PL-{i}", 1_000 + i, f"PAY-{i}", id=f"paid-{i}", **envelope) for i in range(30)]
    return events + [withdrawn(events[i], id=f"undo-{i}", **envelope) for i in range(10, 60, 9)]


def test_ten_thousand_events_in_batches_of_500_all_reach_the_position(stack: Stack) -> None:
    rng = random.Random(1)
    prices = [rng.randrange(1_000, 90_000) for _ in range(10_000)]
    authority = "E06100000"
    events = [
        made(f"PL-{i}", yearly(price), start="2025-04-01", end="2026-03-31", child=f"c{i}", authority=authority)
        for i, price in enumerate(prices)
    ]
    post(stack, events)
    until(lambda: position(stack, authority)["total"]["committed_pence"] == 100 * sum(prices), patience=120)


def test_duplicates_and_disorder_change_nothing(stack: Stack) -> None:
    tidy, untidy = "E06100001", "E06100002"
    post(stack, year(tidy, "tidy"))
    events = year(untidy, "untidy")
    rng = random.Random(2)
    arrivals = [*events, *rng.sample(events, k=60)]
    rng.shuffle(arrivals)
    for start in range(0, len(arrivals), 7):
        post(stack, arrivals[start : start + 7])
    until(lambda: not unsettled(stack))
    until(lambda: position(stack, untidy) == position(stack, tidy))
    assert position(stack, tidy)["total"]["provisional_pence"] > 0
    assert position(stack, tidy)["reserve_opening_pence"] == -5_000_000


def test_killing_any_service_changes_no_figure(stack: Stack) -> None:
    calm, shaken = "E06100003", "E06100004"
    post(stack, year(calm, "calm"))
    events = year(shaken, "shaken")
    for number, service in enumerate(("placements", "ledger", "alerts", "ledger", "placements")):
        before = stack.processes[service]
        post(stack, events[number * 30 : (number + 1) * 30])
        os.kill(before, signal.SIGKILL)
        until(lambda: stack.processes[service] != before)  # noqa: B023 - awaited inside the loop
        stack.wait_until_ready()
    post(stack, events)
    until(lambda: not unsettled(stack))
    until(lambda: position(stack, shaken) == position(stack, calm))


def test_a_broker_that_loses_everything_loses_no_figure(stack: Stack) -> None:
    whole, broken = "E06100005", "E06100006"
    post(stack, year(whole, "whole"))
    events = year(broken, "broken")
    with redis.Redis.from_url(stack.broker_url) as client:
        for start in range(0, len(events), 20):
            post(stack, events[start : start + 20])
            client.flushall()
    stack.wait_until_ready()
    until(lambda: position(stack, broken) == position(stack, whole), patience=60)
    until(lambda: not unsettled(stack))
    assert position(stack, broken) == position(stack, whole)


def test_a_pound_explains_itself_from_the_line_to_the_event(stack: Stack) -> None:
    authority = "E06100007"
    placement = made("PL-1", yearly(66_500), start="2025-11-03", authority=authority)
    post(stack, [placement])
    url = f"{stack.urls['ledger']}/commitments/PL-1"
    until(lambda: httpx.get(url, params={"authority": authority}).status_code == 200)
    found: Any = httpx.get(url, params={"authority": authority}).json()
    (this_year,) = [step for step in found["schedule"] if step["financial_year"] == 2025]
    assert this_year["amount_pence"] == 2_714_658
    assert any("149 of 365 days, at £66,500.00 a year: £27,146.58" in words for words in found["explanation"])
    assert {(p["event_source"], p["event_id"]) for p in found["postings"]} == {(placement["source"], placement["id"])}
    assert found["events"][0]["data"] == placement["data"]
    assert httpx.get(url, params={"authority": "E06999999"}).status_code == 404
    assert httpx.get(url).status_code == 422
