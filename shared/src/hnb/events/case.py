"""What case systems and finance say: the data of every event type of the contract, version 1."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StrictBool, StrictInt, model_validator
from pydantic_core import PydanticCustomError

from hnb.events.fields import BudgetLine, ChildRef, Day, EventData, Need, Pence, Ref, SignedPence, Text, Year
from hnb.provisions import Provision

MAX_CHILD_REFS = 250  # of one grant: the longest references there may be still leave its event within 64 KiB

# Why a statutory limit need not be met (SEND Regulations 2014, reg. 5(4), 10(4)(a) to (d), 13(3)): a school closed for
# four weeks or more when its advice was asked for, exceptional personal circumstances, four weeks or more away from the
# area, an appointment not kept. SEN2 says only that there was one: `unspecified`.
TimeException = Literal[
    "school-closed", "exceptional-circumstances", "absent-from-area", "missed-appointment", "unspecified"
]


def _ends_before_start(start: date, end: date | None) -> None:
    if end is not None and end < start:
        raise PydanticCustomError("end_before_start", "end_date is before start_date")


class Cost(EventData):
    """What the authority pays for this and nothing else pays, as an amount per period."""

    amount_pence: Pence
    per: Literal["year", "academic-year", "term", "week", "once"]
    weeks: Annotated[StrictInt, Field(ge=38, le=52)] | None = None

    @model_validator(mode="after")
    def _weeks_belong_to_week(self) -> "Cost":
        if self.weeks is not None and self.per != "week":
            raise PydanticCustomError("weeks_without_week", "weeks is given only where per is week")
        return self


class AssessmentRequested(EventData):
    request_id: Ref
    child_ref: ChildRef
    received_on: Day


class AssessmentDecided(EventData):
    request_id: Ref
    decided_on: Day
    outcome: Literal["assess", "refuse"]
    exception: TimeException | None = None


class RequestClosed(EventData):
    """A request that ends without a plan: assessed and none needed, withdrawn by the family, or the child moved on."""

    request_id: Ref
    closed_on: Day
    outcome: Literal["no-plan", "withdrawn", "ceased"]
    exception: TimeException | None = None


class EhcpIssued(EventData):
    plan_id: Ref
    child_ref: ChildRef
    issued_on: Day
    request_id: Ref | None = None
    primary_need: Need | None = None
    year_group: Annotated[StrictInt, Field(ge=-4, le=20)] | None = None
    residential: StrictBool | None = None
    amended_on: Day | None = None
    exception: TimeException | None = None

    @model_validator(mode="after")
    def _amended_after_issue(self) -> "EhcpIssued":
        if self.amended_on is not None and self.amended_on < self.issued_on:
            raise PydanticCustomError("amended_before_issue", "amended_on is before issued_on")
        return self


class EhcpCeased(EventData):
    plan_id: Ref
    ceased_on: Day
    reason: Annotated[StrictInt, Field(ge=1, le=9)]


class PlacementMade(EventData):
    placement_id: Ref
    plan_id: Ref | None = None
    child_ref: ChildRef
    setting_id: Ref
    provision: Provision
    start_date: Day
    end_date: Day | None
    cost: Cost | None
    band: Ref | None = None

    @model_validator(mode="after")
    def _dates(self) -> "PlacementMade":
        _ends_before_start(self.start_date, self.end_date)
        return self


class PlacementRepriced(EventData):
    placement_id: Ref
    effective_on: Day
    cost: Cost | None
    reason: Literal["uplift", "reband", "correction"]


class PlacementEnded(EventData):
    placement_id: Ref
    end_date: Day


class Sought(EventData):
    """What the family asks for, where that would cost more than what is paid."""

    provision: Provision
    cost: Cost
    start_date: Day


class TribunalLodged(EventData):
    appeal_id: Ref
    child_ref: ChildRef
    plan_id: Ref | None = None
    appeal_type: Literal["refusal-to-assess", "refusal-to-issue", "contents", "cease-to-maintain"]
    sections: list[Literal["B", "F", "I"]] | None = None
    lodged_on: Day
    mediation_certificate: StrictBool
    mediation_certificate_on: Day | None = None
    officer_ref: Ref | None = None
    expected_cost_pence: Pence | None = None
    sought: Sought | None = None


class TribunalCostIncurred(EventData):
    appeal_id: Ref
    cost_id: Ref
    incurred_on: Day
    kind: Literal["officer", "legal", "consultant", "expert-witness", "other"]
    amount_pence: Pence
    supplier_ref: Ref | None = None
    criteria_met: StrictBool | None = None


class TribunalConcluded(EventData):
    appeal_id: Ref
    concluded_on: Day
    outcome: Literal["upheld", "part-upheld", "dismissed", "conceded", "withdrawn", "mediated"]
    root_cause: Text | None = None
    hearing: StrictBool | None = None


class MediationHeld(EventData):
    mediation_id: Ref
    child_ref: ChildRef
    held_on: Day
    outcome: Literal["resolved", "part-resolved", "unresolved"]
    appeal_id: Ref | None = None


class SupportGranted(EventData):
    grant_id: Ref
    provision: Provision
    setting_id: Ref | None = None
    children: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = None
    child_refs: Annotated[list[ChildRef], Field(min_length=1, max_length=MAX_CHILD_REFS)] | None = None
    start_date: Day
    end_date: Day
    cost: Cost | None

    @model_validator(mode="after")
    def _dates(self) -> "SupportGranted":
        _ends_before_start(self.start_date, self.end_date)
        return self

    @model_validator(mode="after")
    def _children_counted_once(self) -> "SupportGranted":
        refs = self.child_refs or []
        if len(set(refs)) < len(refs):
            raise PydanticCustomError("child_twice", "child_refs names a child twice")
        if self.children is not None and len(refs) > self.children:
            raise PydanticCustomError("child_beyond_children", "child_refs names more children than children says")
        return self


class PlacesCommissioned(EventData):
    contract_id: Ref
    setting_id: Ref
    provision: Provision
    places: Annotated[StrictInt, Field(ge=0, le=100_000)]
    start_date: Day
    end_date: Day
    cost: Cost | None
    paid_by: Literal["authority", "dfe"]

    @model_validator(mode="after")
    def _dates(self) -> "PlacesCommissioned":
        _ends_before_start(self.start_date, self.end_date)
        return self


class ContributionAgreed(EventData):
    contribution_id: Ref
    placement_id: Ref
    partner: Literal["health", "social-care"]
    start_date: Day
    end_date: Day | None = None
    cost: Cost

    @model_validator(mode="after")
    def _dates(self) -> "ContributionAgreed":
        _ends_before_start(self.start_date, self.end_date)
        return self


class SettingRegistered(EventData):
    setting_id: Ref
    name: Text
    provision: Provision
    phase: Text | None = None
    in_area: StrictBool
    capacity: Annotated[StrictInt, Field(ge=0, le=100_000)] | None = None
    capacity_from: Day | None = None
    urn: Ref | None = None

    @model_validator(mode="after")
    def _a_day_belongs_to_a_capacity(self) -> "SettingRegistered":
        if self.capacity_from is not None and self.capacity is None:
            raise PydanticCustomError("day_without_capacity", "capacity_from is given only where capacity is")
        return self


class BudgetSet(EventData):
    financial_year: Year
    line: BudgetLine
    amount_pence: Pence


class ReserveOpened(EventData):
    financial_year: Year
    balance_pence: SignedPence


class PaymentMade(EventData):
    payment_id: Ref
    commitment_id: Ref
    financial_year: Year
    paid_on: Day
    amount_pence: Pence


class EventWithdrawn(EventData):
    withdrawn_source: Ref
    withdrawn_id: Ref
    reason: Text


CASE_EVENTS: dict[str, tuple[str, type[EventData]]] = {
    "hnb.assessment-requested.v1": ("ehcp", AssessmentRequested),
    "hnb.assessment-decided.v1": ("ehcp", AssessmentDecided),
    "hnb.request-closed.v1": ("ehcp", RequestClosed),
    "hnb.ehcp-issued.v1": ("ehcp", EhcpIssued),
    "hnb.ehcp-ceased.v1": ("ehcp", EhcpCeased),
    "hnb.placement-made.v1": ("placement", PlacementMade),
    "hnb.placement-repriced.v1": ("placement", PlacementRepriced),
    "hnb.placement-ended.v1": ("placement", PlacementEnded),
    "hnb.tribunal-lodged.v1": ("tribunal", TribunalLodged),
    "hnb.tribunal-cost-incurred.v1": ("tribunal", TribunalCostIncurred),
    "hnb.tribunal-concluded.v1": ("tribunal", TribunalConcluded),
    "hnb.mediation-held.v1": ("tribunal", MediationHeld),
    "hnb.support-granted.v1": ("support", SupportGranted),
    "hnb.places-commissioned.v1": ("support", PlacesCommissioned),
    "hnb.contribution-agreed.v1": ("support", ContributionAgreed),
    "hnb.setting-registered.v1": ("placement", SettingRegistered),
    "hnb.budget-set.v1": ("budget", BudgetSet),
    "hnb.reserve-opened.v1": ("budget", ReserveOpened),
    "hnb.payment-made.v1": ("budget", PaymentMade),
    "hnb.event-withdrawn.v1": ("correction", EventWithdrawn),
}
