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
    agreed = (_placement(facts), _grant(facts), _contract(facts))
    payments = {fact.payment_id: fact for fact in facts.of(PaymentMade)}
    return Folded(
        tuple(one for one in agreed if one is not None),
        _appeals(facts),
        tuple(payments[key] for key in sorted(payments)),
    )


class Facts(dict[type[EventData], list[EventData]]):
    """The facts about one commitment, in order, by their type."""

    def of(self, kind: type[D]) -> list[D]:
        return self.get(kind, [])  # type: ignore[return-value]


def _placement(facts: Facts) -> Agreed | None:
    made = facts.of(PlacementMade)
    if not made:
        return None
    placement = made[-1]
    ended = facts.of(PlacementEnded)
    contributions = {fact.contribution_id: fact for fact in facts.of(ContributionAgreed)}
    return Agreed(
        "placement",
        placement.provision,
        placement.start_date,
        ended[-1].end_date if ended else placement.end_date,
        placement.cost,
        tuple((fact.effective_on, fact.cost) for fact in facts.of(PlacementRepriced)),
        child_ref=placement.child_ref,
        setting_id=placement.setting_id,
        contributions=tuple(contributions[key] for key in sorted(contributions)),
    )


def _grant(facts: Facts) -> Agreed | None:
    granted = facts.of(SupportGranted)
    if not granted:
        return None
    grant = granted[-1]
    return Agreed(
        "grant", grant.provision, grant.start_date, grant.end_date, grant.cost, setting_id=grant.setting_id
    )  # fmt: skip


def _contract(facts: Facts) -> Agreed | None:
    commissioned = facts.of(PlacesCommissioned)
    if not commissioned:
        return None
    contract = commissioned[-1]
    return Agreed(
        "contract", contract.provision, contract.start_date, contract.end_date, contract.cost,
        setting_id=contract.setting_id, times=contract.places, paid_by_dfe=contract.paid_by == "dfe",
    )  # fmt: skip


def _appeals(facts: Facts) -> tuple[Appeal, ...]:
    lodged = facts.of(TribunalLodged)
    if not lodged:
        return ()
    concluded = facts.of(TribunalConcluded)
    costs = {fact.cost_id: fact for fact in facts.of(TribunalCostIncurred)}
    return (
        Appeal(
            lodged[-1].child_ref,
            lodged[-1].lodged_on,
            lodged[-1].expected_cost_pence or 0,
            tuple(costs[key] for key in sorted(costs)),
            concluded[-1].concluded_on if concluded else None,
            lodged[-1].sought,
        ),
    )
