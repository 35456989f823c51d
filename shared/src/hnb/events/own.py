"""What the services say themselves."""

from pydantic import AwareDatetime, Field

from hnb.events.fields import EventData


class Driver(EventData):
    """A commitment behind a movement, with the pence it moved its line by."""

    commitment_id: str
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
    grant_pence: int | None = Field(None, description="on `total` only, like the three below")
    in_year_balance_pence: int | None = None
    reserve_opening_pence: int | None = None
    reserve_closing_pence: int | None = None


class ConditionChanged(EventData):
    """What only the owner of the data can see: a placement unpriced, an overlap, a clock, a silent feed."""

    condition: str
    scope: str
    active: bool
    value: int | None = None
    unit: str | None = None
    since: AwareDatetime


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
