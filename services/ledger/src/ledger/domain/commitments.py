"""A commitment is a fold over every event known about it, in the order in which they happened."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple, TypeVar

from hnb.calendar import Span
from hnb.events import (
    ContributionAgreed,
    Cost,
    Event,
    EventData,
    PaymentMade,
    PlacementEnded,
    PlacementMade,
    PlacementRepriced,
    PlacesCommissioned,
    Sought,
    SupportGranted,
    TribunalConcluded,
    TribunalCostIncurred,
    TribunalLodged,
)  # fmt: skip
from hnb.prices import Segment, annual, segments
from hnb.provisions import Provision

D = TypeVar("D", bound=EventData)


class Agreed(NamedTuple):
    """A placement, a grant or a contract for places: something that costs a price from a day to a day.

    `price` is None while it is not known; `repricings` are later prices with their days, in the order agreed; `times`
    is the number of places a contract pays for. `paid_by_dfe` is shown and never committed.
    """

    kind: str
    provision: Provision
    start: date
    end: date | None
    price: Cost | None
    repricings: tuple[tuple[date, Cost | None], ...] = ()
    child_ref: str | None = None
    setting_id: str | None = None
    times: int = 1
    contributions: tuple[ContributionAgreed, ...] = ()
    paid_by_dfe: bool = False

    @property
    def lacks_a_price(self) -> bool:
        """Whether any of its prices is not known; one that is never in force counts too."""
        return self.price is None or any(cost is None for _, cost in self.repricings)

    def attended(self, horizon: date) -> Span:
        """The days paid for; an open end runs to the planning horizon."""
        return Span(self.start, horizon if self.end is None else self.end)

    def segments(self, horizon: date) -> list[Segment]:
        """The days paid for, cut where the price changes."""
        return segments(self.attended(horizon), self.price, self.repricings)

    def annual_pence(self, horizon: date) -> int | None:
        """The price in force last, as pence a year; None where it is not known, paid once, or never in force."""
        cut = self.segments(horizon)
        cost = cut[-1].cost if cut else None
        return annual(cost) if cost else None


class Appeal(NamedTuple):
    """A tribunal appeal: what it is expected to cost, what it has cost, and what the family seeks."""

    child_ref: str
    lodged_on: date
    expected_pence: int
    incurred: tuple[TribunalCostIncurred, ...]
    concluded_on: date | None
    sought: Sought | None
    kind: str = "appeal"


class Folded(NamedTuple):
    """What is known of one commitment id. Usually one part; ids that two case systems both use add up."""

    agreed: tuple[Agreed, ...] = ()
    appeals: tuple[Appeal, ...] = ()
    payments: tuple[PaymentMade, ...] = ()

    @property
    def known(self) -> bool:
        """Whether what the events are about has come itself; until then they wait."""
        return bool(self.agreed or self.appeals)


def order(event: Event) -> tuple[object, str, str]:
    """How facts are put in order: when they happened, then by id, then by source."""
    return event.time, event.id, event.source


def fold(events: Iterable[Event]) -> Folded:
    """Everything known of one commitment, in whatever order it was heard."""
    facts = Facts()
    for event in sorted(events, key=order):
        facts.setdefault(type(event.data), []).append(event.data)
    return Folded(
        tuple(agreed(facts) for made, agreed in _AGREED.items() if made in facts),
        (_appeal(facts),) if TribunalLodged in facts else (),
        facts.latest(PaymentMade, "payment_id"),
    )


class Facts(dict[type[EventData], list[EventData]]):
    """The facts about one commitment, in order, by their type."""

    def of(self, kind: type[D]) -> list[D]:
        return self.get(kind, [])  # type: ignore[return-value]

    def latest(self, kind: type[D], id_field: str) -> tuple[D, ...]:
        """Of the facts that have an id of their own, the last said of each, by id."""
        said = {getattr(fact, id_field): fact for fact in self.of(kind)}
        return tuple(said[id] for id in sorted(said)) if said else ()


def _placement(facts: Facts) -> Agreed:
    placement = facts.of(PlacementMade)[-1]
    ended = facts.of(PlacementEnded)
    return Agreed(
        "placement",
        placement.provision,
        placement.start_date,
        ended[-1].end_date if ended else placement.end_date,
        placement.cost,
        tuple([(fact.effective_on, fact.cost) for fact in facts.of(PlacementRepriced)]),
        child_ref=placement.child_ref,
        setting_id=placement.setting_id,
        contributions=facts.latest(ContributionAgreed, "contribution_id"),
    )


def _grant(facts: Facts) -> Agreed:
    grant = facts.of(SupportGranted)[-1]
    return Agreed(
        "grant", grant.provision, grant.start_date, grant.end_date, grant.cost, setting_id=grant.setting_id
    )  # fmt: skip


def _contract(facts: Facts) -> Agreed:
    contract = facts.of(PlacesCommissioned)[-1]
    return Agreed(
        "contract", contract.provision, contract.start_date, contract.end_date, contract.cost,
        setting_id=contract.setting_id, times=contract.places, paid_by_dfe=contract.paid_by == "dfe",
    )  # fmt: skip


_AGREED = {PlacementMade: _placement, SupportGranted: _grant, PlacesCommissioned: _contract}


def _appeal(facts: Facts) -> Appeal:
    lodged = facts.of(TribunalLodged)[-1]
    concluded = facts.of(TribunalConcluded)
    return Appeal(
        lodged.child_ref,
        lodged.lodged_on,
        lodged.expected_cost_pence or 0,
        facts.latest(TribunalCostIncurred, "cost_id"),
        concluded[-1].concluded_on if concluded else None,
        lodged.sought,
    )
