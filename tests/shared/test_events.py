"""The contract's events: what the door reads, and what it refuses, by field."""

from datetime import UTC, datetime

import orjson
import pytest

from hnb.events import (
    CASE_EVENTS,
    MAX_EVENT_BYTES,
    AlertChanged,
    Refused,
    Unreadable,
    make_event,
    read_event,
    read_json,
)
from tests.cases import Json, budget, event, lodged, made, yearly

PLACEMENT = made(cost=yearly(66_500))


def _with(**changes: object) -> Json:
    """A good placement-made with fields of its data changed, or (given as None-valued `drop_…`) left out."""
    data = {key: value for key, value in PLACEMENT["data"].items() if f"drop_{key}" not in changes}
    return {**PLACEMENT, "data": data | {k: v for k, v in changes.items() if not k.startswith("drop_")}}


def _cost(**cost: object) -> Json:
    return _with(cost={"amount_pence": 1, "per": "year"} | cost)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param([], "(event)", id="not an object"),
        pytest.param({**PLACEMENT, "type": "hnb.placement-made.v9"}, "type", id="unknown type"),
        pytest.param({k: v for k, v in PLACEMENT.items() if k != "type"}, "type", id="no type"),
        pytest.param({**PLACEMENT, "specversion": "0.3"}, "specversion", id="another CloudEvents version"),
        pytest.param({**PLACEMENT, "id": ""}, "id", id="empty id"),
        pytest.param({**PLACEMENT, "id": "a b"}, "id", id="white space in an id"),
        pytest.param({**PLACEMENT, "id": "a\u0000"}, "id", id="a control character in an id"),
        pytest.param({**PLACEMENT, "time": "2025-11-03T09:00:00"}, "time", id="a time without a zone"),
        pytest.param({**PLACEMENT, "time": 1762128000}, "time", id="a time as a number"),
        pytest.param({**PLACEMENT, "authority": "Leicester"}, "authority", id="an authority by name"),
        pytest.param({**PLACEMENT, "subject": "7f3a9c"}, "subject", id="the child as subject"),
        pytest.param({**PLACEMENT, "pupilname": "x"}, "pupilname", id="unknown attribute"),
        pytest.param({**PLACEMENT, "data": None}, "data", id="no data"),
        pytest.param(_with(drop_placement_id=None), "data.placement_id", id="missing field"),
        pytest.param(_with(drop_cost=None), "data.cost", id="cost left out rather than null"),
        pytest.param(_with(forename="Sam"), "data.forename", id="a name"),
        pytest.param(_with(child_ref="A123456789012"), "data.child_ref", id="a UPN as child_ref"),
        pytest.param(_with(provision="boarding"), "data.provision", id="unknown provision"),
        pytest.param(_with(start_date="03/11/2025"), "data.start_date", id="a date the English way"),
        pytest.param(_with(start_date="2025-02-30"), "data.start_date", id="a day that is none"),
        pytest.param(_with(start_date="2025-11-03T00:00:00Z"), "data.start_date", id="a time for a date"),
        pytest.param(_with(start_date="0025-11-03"), "data.start_date", id="the year 25"),
        pytest.param(_with(end_date="2025-03-31"), "data.end_date", id="an end before its start"),
        pytest.param(_cost(amount_pence=-1), "data.cost.amount_pence", id="negative money"),
        pytest.param(_cost(amount_pence=66500.5), "data.cost.amount_pence", id="money with a fraction"),
        pytest.param(_cost(amount_pence="6650000"), "data.cost.amount_pence", id="money as text"),
        pytest.param(_cost(amount_pence=10**18), "data.cost.amount_pence", id="more money than there is"),
        pytest.param(_cost(amount_pence=True), "data.cost.amount_pence", id="money that is true"),
        pytest.param(_cost(per="month"), "data.cost.per", id="wrong unit"),
        pytest.param(_cost(weeks=39), "data.cost.weeks", id="weeks on a yearly price"),
        pytest.param(_cost(per="week", weeks=53), "data.cost.weeks", id="53 weeks"),
        pytest.param(_cost(currency="GBP"), "data.cost.currency", id="unknown field of a cost"),
        pytest.param(budget("specials", 1), "data.line", id="a budget for no line"),
        pytest.param(
            lodged(sought={"provision": "independent", "cost": None, "start_date": "2026-01-01"}),
            "data.sought.cost",
            id="sought without a cost",
        ),
    ],
)
def test_a_bad_event_is_refused_with_its_field(value: object, field: str) -> None:
    with pytest.raises(Refused) as refusal:
        read_event(value, known=CASE_EVENTS, strict=True)
    assert field in [error.field for error in refusal.value.errors]


def test_every_fault_is_named_at_once() -> None:
    bad = _with(start_date="soon", forename="Sam", cost={"amount_pence": -1, "per": "month"})
    with pytest.raises(Refused) as refusal:
        read_event(bad, known=CASE_EVENTS, strict=True)
    assert {error.field for error in refusal.value.errors} == {
        "data.start_date", "data.forename", "data.cost.amount_pence", "data.cost.per",
    }  # fmt: skip


def test_inside_unknown_fields_are_ignored_so_that_producers_may_add_some() -> None:
    assert read_event(_with(added_later=1)).data == read_event(PLACEMENT).data


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[1,]"])
def test_what_is_not_json_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable, match="not JSON"):
        read_json(raw)


def test_an_event_over_the_limit_is_refused() -> None:
    with pytest.raises(Refused):
        read_event(event("event-withdrawn", {"withdrawn_source": "s", "withdrawn_id": "i", "reason": "r"})
                   | {"tracestate": "x" * MAX_EVENT_BYTES})  # fmt: skip


def test_the_same_content_in_another_key_order_is_the_same_event() -> None:
    turned = dict(reversed(PLACEMENT.items()))
    assert read_event(turned).digest == read_event(PLACEMENT).digest
    assert read_event({**PLACEMENT, "time": "2025-11-03T09:00:01Z"}).digest != read_event(PLACEMENT).digest


def test_times_in_other_zones_are_the_same_moment() -> None:
    assert read_event({**PLACEMENT, "time": "2025-07-01T10:00:00+01:00"}).time == datetime(2025, 7, 1, 9, tzinfo=UTC)


def test_what_a_service_says_reads_back() -> None:
    data = AlertChanged(alert_id="A-1", rule="line-threshold", scope="special", state="open", severity="critical")
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    body = make_event("hnb.alert-changed.v1", source="/x", id="1", time=moment, authority="E06000016", data=data)
    assert read_event(orjson.loads(body), strict=True).data == data
