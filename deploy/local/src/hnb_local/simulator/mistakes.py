"""What real feeds get wrong: entries made in error and taken back, and events the door must refuse."""

from collections.abc import Callable
from copy import deepcopy
from datetime import date, timedelta
from random import Random
from typing import Any

from hnb_local.simulator.costs import agree, draft_annual, times
from hnb_local.simulator.leicester import FIRST_DAY
from hnb_local.simulator.pen import Event, Pen, day_between, happened, moment

_PHANTOMS, _WRONG_PRICES, _PAID_TWICE = 70, 30, 30
_REASONS = ["entered twice", "entered for the wrong child", "test entry", "placement fell through before it began"]


def write_phantoms(pen: Pen, random: Random, settings: list[str]) -> None:
    """Plans and placements that never were: said, and withdrawn some weeks later."""
    for _ in range(_PHANTOMS):
        day = day_between(random, date(2025, 4, 21), date(2026, 2, 20))
        plan_id, child_ref = pen.reference("EHCP"), pen.hex(32)
        plan = pen.say("ehcp-issued", moment(random, day), {
            "plan_id": plan_id, "child_ref": child_ref, "issued_on": day.isoformat(),
        })  # fmt: skip
        made = pen.say("placement-made", moment(random, day + timedelta(days=1)), {
            "placement_id": pen.reference("PL"), "plan_id": plan_id, "child_ref": child_ref,
            "setting_id": random.choice(settings), "provision": "independent", "start_date": day.isoformat(),
            "end_date": None, "cost": agree(random, draft_annual(random, "independent")),
        })  # fmt: skip
        for wrong in (plan, made):
            _withdraw(pen, random, wrong)


def write_wrong_prices(pen: Pen, random: Random, anchors: list[Event]) -> None:
    """A decimal point in the wrong place in a repricing; the price before stands again once it is withdrawn."""
    for made in random.sample(anchors, _WRONG_PRICES):
        day = day_between(random, date(2025, 5, 6), date(2026, 2, 2))
        _withdraw(pen, random, pen.say("placement-repriced", moment(random, day), {
            "placement_id": made["data"]["placement_id"], "effective_on": day.isoformat(),
            "cost": times(made["data"]["cost"], 10), "reason": "uplift",
        }))  # fmt: skip


def write_paid_twice(pen: Pen, random: Random, payments: list[Event]) -> None:
    """Payments keyed a second time under another id, and taken back."""
    for paid in random.sample(payments, _PAID_TWICE):
        again = paid["data"] | {"payment_id": pen.reference("PAY")}
        wrong = pen.say("payment-made", happened(paid) + timedelta(hours=2), again, source=paid["source"])
        _withdraw(pen, random, wrong)


def _withdraw(pen: Pen, random: Random, wrong: Event) -> None:
    data = {"withdrawn_source": wrong["source"], "withdrawn_id": wrong["id"], "reason": random.choice(_REASONS)}
    pen.say("event-withdrawn", happened(wrong) + timedelta(days=random.randrange(2, 30)), data, source=wrong["source"])


def malform(good: Event, kind: int, id: str) -> Any:
    """A copy of a placement-made with one thing wrong with it; `kind` counts through the ways."""
    bad = deepcopy(good) | {"id": id}
    return _WAYS[kind % len(_WAYS)](bad)


def _with_data(bad: Event, **changes: Any) -> Event:
    return bad | {"data": bad["data"] | changes}


def _without(bad: Event, field: str) -> Event:
    return bad | {"data": {name: value for name, value in bad["data"].items() if name != field}}


_DEAR = {"amount_pence": 6_650_000, "per": "year"}
_BEFORE = (FIRST_DAY - timedelta(days=400)).isoformat()
_WAYS: list[Callable[[Event], Any]] = [
    lambda bad: _with_data(bad, cost=_DEAR | {"amount_pence": -6_650_000}),
    lambda bad: _with_data(bad, surname="Synthetic"),
    lambda bad: _with_data(bad, start_date="01/09/2025"),
    lambda bad: _with_data(bad, end_date=_BEFORE),
    lambda bad: bad | {"type": "hnb.placement-moved.v1"},
    lambda bad: _without(bad, "start_date"),
    lambda bad: _with_data(bad, cost=_DEAR | {"per": "fortnight"}),
    lambda bad: _with_data(bad, cost=_DEAR | {"amount_pence": 66_500.50}),
    lambda bad: _with_data(bad, provision="boarding"),
    lambda bad: _with_data(bad, start_date="2025-11-31"),
    lambda bad: _with_data(bad, child_ref="A801200001001"),
    lambda bad: bad | {"authority": "Leicester"},
    lambda bad: bad | {"time": "yesterday"},
    lambda bad: bad | {"specversion": "0.3"},
    lambda bad: "not an event",
]
