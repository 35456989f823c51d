"""What the services say themselves."""

from datetime import date

from pydantic import AwareDatetime, Field

from hnb.events.fields import EventData


class Driver(EventData):
    """A commitment behind a movement, with the pence it moved its line by."""

    commitment_id: str
    amount_pence: int


class Held(EventData):
    """A part of a movement: the pence of all that held from one day on, whenever it was heard of."""

    held_from: date
    amount_pence: int


class PositionChanged(EventData):
    """One line of a position (or `total`), its rising version, and the commitments behind the change."""

    financial_year: int
    provision: str
    fund: str
    version: int
    recorded_at: AwareDatetime
    budget_pence: int
    committed_pence: int
    spent_pence: int
    headroom_pence: int
    provisional_pence: int
    contingent_pence: int
    full_year_effect_pence: int
    change_pence: int = Field(description="by how much committed and spent together moved since the last version said")
    drivers: list[Driver] = Field(description="the largest movements first; with the remainder they sum to the change")
    remainder_count: int
    remainder_pence: int
    held: list[Held] | None = Field(
        None, description="the change by the day from which what caused it held, summing to it; a withdrawal counts "
        "from the day of what it takes back, an end or a price from the day it is for"
    )  # fmt: skip
    grant_pence: int | None = Field(None, description="on `total` only, like the three below")
    in_year_balance_pence: int | None = None
    reserve_opening_pence: int | None = None
    reserve_closing_pence: int | None = None


class Figure(EventData):
    """A figure beside a condition: what it is, in a word or two with dashes between, how much, and of what."""

    name: str
    value: int
    unit: str


class ConditionChanged(EventData):
    """What only the owner of the data can see: a placement unpriced, an overlap, a clock, a silent feed."""

    condition: str
    scope: str
    active: bool
    value: int | None = None
    unit: str | None = None
    since: AwareDatetime
    version: int | None = Field(None, description="rises each time something is said of this condition and scope")
    financial_year: int | None = Field(None, description="the year it is of, where it is of one")
    provision: str | None = Field(None, description="the line it is of, where it is of one")
    figures: list[Figure] | None = Field(None, description="what an officer wants to see beside the value")


class AlertChanged(EventData):
    """An alert episode opened, rose, was acknowledged or closed."""

    alert_id: str
    rule: str
    scope: str
    financial_year: int | None = None
    state: str
    severity: str
    value_pence: int | None = None
    threshold_pence: int | None = None


OWN_EVENTS: dict[str, tuple[str, type[EventData]]] = {
    "hnb.position-changed.v1": ("position", PositionChanged),
    "hnb.condition-changed.v1": ("condition", ConditionChanged),
    "hnb.alert-changed.v1": ("alert", AlertChanged),
}
