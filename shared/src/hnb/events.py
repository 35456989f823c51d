"""Every event of the contract, version 1: the CloudEvents envelope, the data of each type, and how one is read."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, cast

import orjson
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hnb.provisions import Provision

MAX_EVENT_BYTES = 64 * 1024
MAX_BATCH_EVENTS = 1_000
MAX_BATCH_BYTES = 8 * 1024 * 1024
MAX_PENCE = 10**12  # ten thousand million pounds: far above any authority, far below a bigint's end

GRANT_LINE = "grant"  # a budget line beside the provisions: the year's High Needs Block itself

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}")
_UPN = re.compile(r"[A-Z]\d{11}[0-9A-Z]")
_FIRST_DAY, _LAST_DAY = date(1990, 1, 1), date(2100, 3, 31)


def _iso_day(value: object) -> object:
    # Pydantic alone would read 1762128000 or a whole timestamp as a day; a case system that sends one has a bug.
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("iso_day", "a date is written YYYY-MM-DD")
    return value


def _plausible_day(value: date) -> date:
    if not _FIRST_DAY <= value <= _LAST_DAY:
        raise PydanticCustomError("implausible_day", "a date lies between 1990-01-01 and 2100-03-31")
    return value


def _iso_instant(value: object) -> object:
    if not isinstance(value, str) or not _INSTANT.match(value):
        raise PydanticCustomError("iso_instant", "a time is written YYYY-MM-DDTHH:MM:SSZ, with its zone")
    return value


def _to_utc(value: datetime) -> datetime:
    _plausible_day(value.date())
    return value.astimezone(UTC)


def _not_an_identity(value: str) -> str:
    if _UPN.fullmatch(value):
        raise PydanticCustomError("identity", "this looks like a UPN; a child is named by an opaque pseudonym only")
    return value


def _budget_line(value: str) -> str:
    if value != GRANT_LINE and value not in set(Provision):
        raise PydanticCustomError("budget_line", "neither a provision nor grant")
    return value


# No white space and no control characters: an id that a person could be named in is not an id.
Ref = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")]
ChildRef = Annotated[Ref, AfterValidator(_not_an_identity)]
Day = Annotated[
    date,
    BeforeValidator(_iso_day),
    AfterValidator(_plausible_day),
    WithJsonSchema({"type": "string", "format": "date"}),
]
Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_iso_instant),
    AfterValidator(_to_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Authority = Annotated[str, StringConstraints(pattern=r"^E\d{8}$")]
Pence = Annotated[StrictInt, Field(ge=0, le=MAX_PENCE)]
SignedPence = Annotated[StrictInt, Field(ge=-MAX_PENCE, le=MAX_PENCE)]
Year = Annotated[StrictInt, Field(ge=1990, le=2099)]
BudgetLine = Annotated[str, AfterValidator(_budget_line), WithJsonSchema({"enum": [GRANT_LINE, *Provision]})]
Need = Literal["SPLD", "MLD", "SLD", "PMLD", "SEMH", "SLCN", "HI", "VI", "MSI", "PD", "ASD", "DS", "OTH"]


class EventData(BaseModel):
    """What one event type says. Frozen: an event is a fact, and facts do not change."""

    model_config = ConfigDict(frozen=True)


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


class EhcpIssued(EventData):
    plan_id: Ref
    child_ref: ChildRef
    issued_on: Day
    request_id: Ref | None = None
    primary_need: Need | None = None
    year_group: Annotated[StrictInt, Field(ge=-4, le=20)] | None = None
    residential: StrictBool | None = None


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
    start_date: Day
    end_date: Day
    cost: Cost | None

    @model_validator(mode="after")
    def _dates(self) -> "SupportGranted":
        _ends_before_start(self.start_date, self.end_date)
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
    urn: Ref | None = None


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
EVENTS = CASE_EVENTS | OWN_EVENTS


class Envelope(BaseModel):
    """CloudEvents 1.0, JSON format, with the `authority` extension."""

    model_config = ConfigDict(frozen=True)

    specversion: Literal["1.0"]
    id: Ref
    source: Ref
    time: Instant
    authority: Authority
    subject: Ref | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Ref | None = None
    traceparent: Ref | None = None
    tracestate: Ref | None = None
    data: EventData


def _envelope_of(kind: str, data: type[EventData]) -> type[Envelope]:
    name = data.__name__ + "Event"
    return create_model(name, __base__=Envelope, type=(cast(Any, Literal[kind]), ...), data=(data, ...))


ENVELOPES: dict[str, type[Envelope]] = {kind: _envelope_of(kind, data) for kind, (_, data) in EVENTS.items()}


@dataclass(frozen=True, slots=True)
class Event:
    """One accepted or received event: who said it, when it happened, what it says, and its canonical JSON."""

    source: str
    id: str
    type: str
    time: datetime
    authority: str
    data: EventData
    body: str

    @property
    def stream(self) -> str:
        """The family stream this event travels on."""
        return EVENTS[self.type][0]

    @property
    def digest(self) -> bytes:
        """What tells a repetition from an id used again for something else: SHA-256 of the canonical JSON."""
        return hashlib.sha256(self.body.encode()).digest()


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with an event: the field, as a dotted path, and what is wrong with it."""

    field: str
    message: str


class Unreadable(Exception):
    """The bytes are not a JSON object at all."""


class Refused(Exception):
    """An event that breaks the contract, with every field at fault. Expected: a refusal is not a failure."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors))
        self.errors = errors


def read_json(raw: bytes | str) -> object:
    """Bytes as JSON; Unreadable, with the place, when they are not."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error}") from None


def read_event(value: object, *, known: Mapping[str, object] = EVENTS, strict: bool = False) -> Event:
    """A JSON value as an event of one of the `known` types; Refused with each field at fault otherwise.

    `strict` is the door's manner: a field the contract does not know is refused, since that is how a name or a
    birth date would slip in. Consumers inside ignore such fields, so that a newer producer can add some.
    """
    if not isinstance(value, dict):
        raise Refused([FieldError("(event)", "an event is a JSON object")])
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in known:
        raise Refused([FieldError("type", f"unknown event type {kind!r:.100}" if kind is not None else "missing")])
    try:
        envelope = ENVELOPES[kind].model_validate(value, extra="forbid" if strict else "ignore")
    except ValidationError as error:
        raise Refused([_field_error(e) for e in error.errors(include_url=False, include_input=False)]) from None
    child = getattr(envelope.data, "child_ref", None)
    if child is not None and envelope.subject == child:
        raise Refused([FieldError("subject", "never holds anything about a person, the child_ref included")])
    body = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if len(body) > MAX_EVENT_BYTES:
        raise Refused([FieldError("(event)", f"larger than {MAX_EVENT_BYTES} bytes")])
    return Event(envelope.source, envelope.id, kind, envelope.time, envelope.authority, envelope.data, body.decode())


_FIELD_OF_RULE = {"end_before_start": ["end_date"], "weeks_without_week": ["weeks"]}  # rules over two fields


def _field_error(error: Any) -> FieldError:
    place = [*error["loc"], *_FIELD_OF_RULE.get(error["type"], ())]
    field = ".".join(str(part) for part in place) or "data"
    message = {"missing": "missing", "extra_forbidden": "unknown field"}.get(error["type"], error["msg"])
    return FieldError(field, message)


def make_event(
    kind: str,
    *,
    source: str,
    id: str,
    time: datetime,
    authority: str,
    data: EventData,
    subject: str | None = None,
) -> str:
    """The canonical JSON of an event a service says itself."""
    value = {
        "specversion": "1.0", "id": id, "source": source, "type": kind, "authority": authority,
        "time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "data": data.model_dump(mode="json", exclude_none=True),
    }  # fmt: skip
    if subject is not None:
        value["subject"] = subject
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
