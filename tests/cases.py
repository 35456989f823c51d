"""Events from life, for every test: one maker a type, with what a test does not care about filled in."""

from itertools import count
from typing import Any

from hnb.events import CASE_EVENTS, Event, read_event

LEICESTER = "E06000016"
CASES, FINANCE = "/capita-one/leicester", "/finance/leicester"
_numbers = count(1)

Json = dict[str, Any]


def event(
    kind: str, data: Json, *, id: str | None = None, time: str = "2025-04-01T09:00:00Z", source: str = CASES,
    authority: str = LEICESTER,
) -> Json:  # fmt: skip
    """An event of a type, as a case system would send it."""
    return {
        "specversion": "1.0", "id": id or f"e-{next(_numbers):06d}", "source": source, "type": f"hnb.{kind}.v1",
        "time": time, "authority": authority, "data": data,
    }  # fmt: skip


def yearly(pounds: int) -> Json:
    return {"amount_pence": pounds * 100, "per": "year"}


def made(placement: str = "PL-1", cost: Json | None = None, start: str = "2025-04-01", end: str | None = None,
         provision: str = "special", child: str = "7f3a9c", setting: str = "SET-1",
         **envelope: Any) -> Json:  # fmt: skip
    return event(
        "placement-made",
        {
            "placement_id": placement, "child_ref": child, "setting_id": setting, "provision": provision,
            "start_date": start, "end_date": end, "cost": cost,
        },
        **envelope,
    )  # fmt: skip


def repriced(placement: str, effective_on: str, cost: Json | None, **envelope: Any) -> Json:
    data = {"placement_id": placement, "effective_on": effective_on, "cost": cost, "reason": "uplift"}
    return event("placement-repriced", data, **envelope)


def ended(placement: str, end: str, **envelope: Any) -> Json:
    return event("placement-ended", {"placement_id": placement, "end_date": end}, **envelope)


def budget(line: str, pounds: int, year: int = 2025, **envelope: Any) -> Json:
    data = {"financial_year": year, "line": line, "amount_pence": pounds * 100}
    return event("budget-set", data, **{"source": FINANCE, **envelope})


def reserve(pounds: int, year: int = 2025, **envelope: Any) -> Json:
    data = {"financial_year": year, "balance_pence": pounds * 100}
    return event("reserve-opened", data, **{"source": FINANCE, **envelope})


def paid(commitment: str, pounds: int, payment: str | None = None, year: int = 2025, **envelope: Any) -> Json:
    data = {
        "payment_id": payment or f"PAY-{next(_numbers)}", "commitment_id": commitment, "financial_year": year,
        "paid_on": f"{year}-10-31", "amount_pence": pounds * 100,
    }  # fmt: skip
    return event("payment-made", data, **{"source": FINANCE, **envelope})


def lodged(appeal: str = "AP-1", expected: int = 6056, child: str = "7f3a9c", sought: Json | None = None,
           **envelope: Any) -> Json:  # fmt: skip
    data = {
        "appeal_id": appeal, "child_ref": child, "appeal_type": "contents", "lodged_on": "2025-10-01",
        "mediation_certificate": True, "expected_cost_pence": expected * 100,
    }  # fmt: skip
    return event("tribunal-lodged", data | ({"sought": sought} if sought else {}), **envelope)


def incurred(appeal: str, pounds: int, cost: str = "C-1", **envelope: Any) -> Json:
    data = {"appeal_id": appeal, "cost_id": cost, "incurred_on": "2026-01-15", "kind": "legal",
            "amount_pence": pounds * 100}  # fmt: skip
    return event("tribunal-cost-incurred", data, **envelope)


def concluded(appeal: str, **envelope: Any) -> Json:
    data = {"appeal_id": appeal, "concluded_on": "2026-03-01", "outcome": "conceded"}
    return event("tribunal-concluded", data, **envelope)


def registered(setting: str = "SET-1", capacity: int | None = 10, capacity_from: str | None = None,
               name: str = "Ash Field Academy", provision: str = "special", in_area: bool = True,
               **envelope: Any) -> Json:  # fmt: skip
    data = {"setting_id": setting, "name": name, "provision": provision, "in_area": in_area, "capacity": capacity}
    return event("setting-registered", data | ({"capacity_from": capacity_from} if capacity_from else {}), **envelope)


def granted(grant: str, cost: Json | None, provision: str = "element-3", start: str = "2025-04-01",
            end: str = "2026-03-31", setting: str | None = None, children: int | None = None,
            child_refs: list[str] | None = None, **envelope: Any) -> Json:  # fmt: skip
    said = {"setting_id": setting, "children": children, "child_refs": child_refs}
    data = {"grant_id": grant, "provision": provision, "start_date": start, "end_date": end, "cost": cost}
    return event("support-granted", data | {key: value for key, value in said.items() if value is not None}, **envelope)


def commissioned(contract: str, places: int, cost: Json, paid_by: str = "authority", **envelope: Any) -> Json:
    data = {
        "contract_id": contract, "setting_id": "SET-1", "provision": "special", "places": places,
        "start_date": "2025-04-01", "end_date": "2026-03-31", "cost": cost, "paid_by": paid_by,
    }  # fmt: skip
    return event("places-commissioned", data, **envelope)


def contributed(placement: str, cost: Json, contribution: str = "CO-1", **envelope: Any) -> Json:
    data = {"contribution_id": contribution, "placement_id": placement, "partner": "health",
            "start_date": "2025-04-01", "cost": cost}  # fmt: skip
    return event("contribution-agreed", data, **envelope)


def withdrawn(target: Json, **envelope: Any) -> Json:
    data = {"withdrawn_source": target["source"], "withdrawn_id": target["id"], "reason": "entered in error"}
    return event("event-withdrawn", data, **{"time": "2026-01-01T09:00:00Z", **envelope})


def issued(plan: str, child: str = "7f3a9c", issued_on: str = "2025-05-01", **data: Any) -> Json:
    return event("ehcp-issued", {"plan_id": plan, "child_ref": child, "issued_on": issued_on, **data})


def requested(request: str, received_on: str, child: str = "7f3a9c", **envelope: Any) -> Json:
    data = {"request_id": request, "child_ref": child, "received_on": received_on}
    return event("assessment-requested", data, **envelope)


def decided(request: str, decided_on: str, outcome: str = "assess", exception: str | None = None,
            **envelope: Any) -> Json:  # fmt: skip
    data = {"request_id": request, "decided_on": decided_on, "outcome": outcome}
    return event("assessment-decided", data | ({"exception": exception} if exception else {}), **envelope)


def closed(request: str, closed_on: str, outcome: str = "no-plan", exception: str | None = None,
           **envelope: Any) -> Json:  # fmt: skip
    data = {"request_id": request, "closed_on": closed_on, "outcome": outcome}
    return event("request-closed", data | ({"exception": exception} if exception else {}), **envelope)


def ceased(plan: str, ceased_on: str, reason: int = 2, **envelope: Any) -> Json:
    return event("ehcp-ceased", {"plan_id": plan, "ceased_on": ceased_on, "reason": reason}, **envelope)


def appealed(appeal: str, lodged_on: str, child: str = "7f3a9c", **more: Any) -> Json:
    data = {"appeal_id": appeal, "child_ref": child, "appeal_type": "contents", "lodged_on": lodged_on,
            "mediation_certificate": True}  # fmt: skip
    return event("tribunal-lodged", data | more)


def settled(appeal: str, concluded_on: str, outcome: str = "upheld", **more: Any) -> Json:
    return event("tribunal-concluded", {"appeal_id": appeal, "concluded_on": concluded_on, "outcome": outcome} | more)


def mediated(mediation: str, held_on: str, child: str = "7f3a9c", outcome: str = "resolved", **more: Any) -> Json:
    data = {"mediation_id": mediation, "child_ref": child, "held_on": held_on, "outcome": outcome}
    return event("mediation-held", data | more)


def read(*events: Json) -> list[Event]:
    """Events as the services read them."""
    return [read_event(one, known=CASE_EVENTS, strict=True) for one in events]
