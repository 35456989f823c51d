"""What an event is a fact about, and which of several facts stands."""

from collections.abc import Iterable

from hnb.events import Event

# Of which record of the register each event is a fact, and the fields that name it. Events of other types pass through.
# A placement has many prices and an appeal many costs: each day's price and each cost is a record of its own.
_SUBJECTS = {
    "hnb.assessment-requested.v1": ("request", "request_id"),
    "hnb.assessment-decided.v1": ("request", "request_id"),
    "hnb.request-closed.v1": ("request", "request_id"),
    "hnb.ehcp-issued.v1": ("plan", "plan_id"),
    "hnb.ehcp-ceased.v1": ("plan", "plan_id"),
    "hnb.placement-made.v1": ("placement", "placement_id"),
    "hnb.placement-ended.v1": ("placement", "placement_id"),
    "hnb.placement-repriced.v1": ("repricing", "placement_id", "effective_on"),
    "hnb.tribunal-lodged.v1": ("appeal", "appeal_id"),
    "hnb.tribunal-cost-incurred.v1": ("cost", "appeal_id", "cost_id"),
    "hnb.tribunal-concluded.v1": ("appeal", "appeal_id"),
    "hnb.mediation-held.v1": ("mediation", "mediation_id"),
    "hnb.setting-registered.v1": ("setting", "setting_id"),
    "hnb.places-commissioned.v1": ("contract", "contract_id"),
    "hnb.support-granted.v1": ("grant", "grant_id"),
}
KINDS = tuple(dict.fromkeys(kind for kind, *_ in _SUBJECTS.values()))


def types_of(kind: str) -> tuple[str, ...]:
    """The event types that are facts about records of one kind."""
    return tuple(type for type, (of, *_) in _SUBJECTS.items() if of == kind)


def about(event: Event) -> str | None:
    """The record of the register an event is a fact about, as `kind/id`; None where the register keeps none.

    Where two fields name it a space is between them, which no reference has in it.
    """
    subject = _SUBJECTS.get(event.type)
    if subject is None:
        return None
    kind, *fields = subject
    return f"{kind}/{' '.join(str(getattr(event.data, field)) for field in fields)}"


def latest(events: Iterable[Event]) -> list[Event]:
    """Of all facts of one type about one record only the latest stands (by time, then id), whenever it arrived."""
    standing: dict[tuple[str, str, str], Event] = {}
    for event in events:
        subject = about(event)
        if subject is None:
            continue
        key = (event.authority, subject, event.type)
        if key not in standing or order(event) > order(standing[key]):
            standing[key] = event
    return [standing[key] for key in sorted(standing)]


def order(event: Event) -> tuple[object, str, str]:
    """How facts are put in order: when they happened, then by id, then by source."""
    return event.time, event.id, event.source
