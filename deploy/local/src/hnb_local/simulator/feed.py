"""The year as it reaches the door: in order of arrival, with what is late, repeated, out of order or malformed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any, Literal

from hnb_local.simulator.calibrate import calibrate
from hnb_local.simulator.disputes import write_disputes
from hnb_local.simulator.leicester import FIRST_DAY, ROWS, expected_pence
from hnb_local.simulator.mistakes import malform, write_paid_twice, write_phantoms, write_wrong_prices
from hnb_local.simulator.payments import spent_by_line, write_payments
from hnb_local.simulator.pen import FINANCE, Event, Pen, happened, order
from hnb_local.simulator.placements import Placing
from hnb_local.simulator.plans import make_children, write_plans
from hnb_local.simulator.prices import charge
from hnb_local.simulator.settings import Places, register_settings
from hnb_local.simulator.support import Funding

DUPLICATES, OUT_OF_ORDER, BACKDATED, MALFORMED = 0.03, 0.05, 0.04, 0.002
OPENING = datetime.combine(FIRST_DAY, time(6), UTC)
CARRY_IN = timedelta(days=10)  # how long the case system takes to hand over what it knows when the books open
CLOSING = datetime(2026, 4, 30, 18, tzinfo=UTC)  # the year's accounts close: nothing arrives later
_PROMPT_TYPES = {"hnb.setting-registered.v1", "hnb.reserve-opened.v1"}

Delay = Literal["prompt", "out-of-order", "backdated"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event at the door: when it arrives, what it says, and why it may be unusual."""

    arrives_at: datetime
    event: Any
    delay: Delay = "prompt"
    duplicate: bool = False
    malformed: bool = False


@dataclass(frozen=True, slots=True)
class Expected:
    """What must stand once all has been played, and the counts of the door's answers.

    `lines` are pence committed and spent together by high-needs line, `spent` those of them that were paid.
    """

    lines: dict[str, int]
    spent: dict[str, int]
    accepted: int
    duplicates: int
    malformed: int

    @property
    def total(self) -> int:
        """All high-needs lines together, in pence."""
        return sum(self.lines.values())


@dataclass(frozen=True, slots=True)
class Feed:
    """One played year."""

    seed: int
    events: Sequence[Delivery]
    expected: Expected


def leicester_year(seed: int) -> Feed:
    """The synthetic Leicester year 2025-26: the same seed gives the same bytes."""
    written = write_year(seed)
    deliveries = _deliver(Random(f"{seed}/arrivals"), written)
    duplicates, malformed = (sum(getattr(d, kind) for d in deliveries) for kind in ("duplicate", "malformed"))
    spent = spent_by_line(written, charge(written))
    return Feed(seed, deliveries, Expected(expected_pence(), spent, len(written), duplicates, malformed))


def write_year(seed: int) -> list[Event]:
    """Everything the case system and finance say of the year, as it happened, calibrated."""
    pen = Pen(seed)

    def dice(purpose: str) -> Random:
        # One stream of chance for each purpose: a change to one part leaves the others as they were.
        return Random(f"{seed}/{purpose}")

    settings = register_settings(pen, dice("settings"))
    funding = Funding(pen, dice("funding"), settings)
    funding.open_books()
    funding.grant()
    funding.commission()
    children = make_children(pen, dice("children"))
    write_plans(pen, dice("plans"), children)
    placing = Placing(pen, dice("placements"), Places(settings))
    placing.place(children)
    placing.place_without_plan()
    anchors = placing.anchors | funding.anchors
    calibrate(pen, anchors)
    write_disputes(pen, dice("disputes"), children)
    write_wrong_prices(pen, dice("wrong prices"), placing.anchors["special"])
    write_phantoms(pen, dice("phantoms"), [s.id for s in settings if s.provision == ROWS["independent"].line])
    payments = write_payments(pen, dice("payments"), charge(pen.events))
    write_paid_twice(pen, dice("paid twice"), payments)
    return pen.events


def _deliver(random: Random, events: list[Event]) -> list[Delivery]:
    ordered = sorted(events, key=order)
    carried = [event for event in ordered if happened(event) < OPENING and not _opens_books(event)]
    on_time = {event["id"]: OPENING + CARRY_IN * ((n + 1) / len(carried)) for n, event in enumerate(carried)}
    deliveries = []
    for event in ordered:
        arrival = on_time.get(event["id"]) or max(happened(event), OPENING)
        delivery = Delivery(arrival, event) if _opens_books(event) else _delayed(random, arrival, event)
        deliveries.append(delivery)
        if random.random() < DUPLICATES:
            again = min(delivery.arrives_at + timedelta(hours=random.choice([1, 2, 30, 200, 1000])), CLOSING)
            deliveries.append(Delivery(again, event, duplicate=True))
    deliveries += _malformed(random, ordered)
    # The sort is stable, so equal moments keep the order of happening.
    return sorted(deliveries, key=lambda delivery: delivery.arrives_at)


def _malformed(random: Random, events: list[Event]) -> Iterator[Delivery]:
    made = [event for event in events if event["type"] == "hnb.placement-made.v1"]
    for number in range(round(len(events) * MALFORMED)):
        good = random.choice(made)
        arrival = max(happened(good), OPENING + timedelta(days=random.randrange(1, 300)))
        yield Delivery(arrival, malform(good, number, f"{random.getrandbits(128):032x}"), malformed=True)


def _delayed(random: Random, prompt: datetime, event: Event) -> Delivery:
    chance = random.random()
    if chance < BACKDATED:
        late = min(prompt + timedelta(days=random.randrange(14, 91)), CLOSING)
        return Delivery(late, event, "backdated")
    if chance < BACKDATED + OUT_OF_ORDER:
        return Delivery(prompt + timedelta(days=random.randrange(1, 10)), event, "out-of-order")
    return Delivery(prompt, event)


def _opens_books(event: Event) -> bool:
    """Settings, the reserve and the first budgets come first, so that there is something to measure against."""
    budgeted = event["source"] == FINANCE and happened(event) < OPENING
    return budgeted or event["type"] in _PROMPT_TYPES
