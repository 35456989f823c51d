"""A register at the edges: last days of limits, places lost and to come, prices of every kind, appeals of odd order."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cases import (
    Json,
    appealed,
    ceased,
    closed,
    commissioned,
    decided,
    ended,
    event,
    issued,
    made,
    mediated,
    registered,
    repriced,
    requested,
    settled,
    withdrawn,
    yearly,
)

TODAY = datetime.now(UTC).date()
ELSEWHERE = "E06000018"


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def worked() -> list[Json]:
    mistaken = issued("P-X", "child-x", ago(50))
    return [
        *plans_and_places(), *requests(), *appeals(), mistaken, withdrawn(mistaken, time=f"{ago(0)}T00:00:00Z"),
        event("ehcp-issued", {"plan_id": "P-1", "child_ref": "child-1", "issued_on": ago(9)}, authority=ELSEWHERE),
        registered("SET-1", 3, "2020-01-01", authority=ELSEWHERE), made("PL-1", child="child-1", authority=ELSEWHERE),
        requested("R-1", ago(8), "child-1", authority=ELSEWHERE),
    ]  # fmt: skip


def plans_and_places() -> list[Json]:
    sought = {"provision": "independent", "cost": yearly(66_500), "start_date": "2026-01-05"}
    return [
        registered("SET-1", 2, "2020-01-01"), registered("SET-2", 0, "2020-01-01", name="Closed"),
        registered("SET-3", None, name="Not counted"), registered("SET-4", 8, "2020-01-01", name="Fosse"),
        registered("SET-5", None, name="Far Hill", in_area=False), commissioned("C-1", 4, yearly(10_000)),
        event("places-commissioned", {
            "contract_id": "C-2", "setting_id": "SET-4", "provision": "special", "places": 6, "start_date": ago(300),
            "end_date": (TODAY + timedelta(300)).isoformat(), "cost": yearly(10_000), "paid_by": "dfe"}),
        *(e for n in (1, 2, 3) for e in (issued(f"P-{n}", f"child-{n}", ago(700 - n)),
                                         made(f"PL-{n}", yearly(30_000 + n), ago(600), child=f"child-{n}"))),
        made("PL-2B", None, ago(500), child="child-2"),
        made("PL-4", yearly(9_000), ago(400), child="child-4", setting="SET-2"),
        *(made(f"PL-3{n}", None, ago(400), child=f"child-3{n}", setting="SET-4") for n in range(3)),
        issued("P-5", "child-5", ago(300), year_group=6, primary_need="SEMH"),
        made("PL-5", yearly(40_000), ago(200), child="child-5"), ended("PL-5", ago(100)),
        issued("P-6", "child-6", ago(90), year_group=6, primary_need="SEMH"),
        issued("P-7", "child-7", ago(40), year_group=-2), made("PL-7", None, ago(-30), child="child-7"),
        issued("P-8", "child-8", ago(20), year_group=12), made("PL-8", None, ago(-30), child="child-8"),
        ended("PL-8", ago(-29)), appealed("AP-8", ago(5), "child-8", sought=sought),
        issued("P-9", "child-9", ago(500)), ceased("P-9", ago(560)),
        issued("P-10", "child-10", ago(500)), ceased("P-10", ago(0)), issued("P-11", "child-11", ago(35)),
        ceased("P-11", ago(-60)),
        *(made(f"PL-F{n}", cost, ago(300), child=f"child-f{n}", setting="SET-5") for n, cost in enumerate((
            yearly(60_000), {"amount_pence": 20_000_00, "per": "term"}, {"amount_pence": 900_00, "per": "week"},
            {"amount_pence": 950_00, "per": "week", "weeks": 44}, {"amount_pence": 9_000_00, "per": "once"}, None,
            {"amount_pence": 50_000_00, "per": "academic-year"}))),
        repriced("PL-F0", ago(100), yearly(66_500)), repriced("PL-F0", ago(-100), yearly(70_000)),
        repriced("PL-F2", ago(100), None),
        made("PL-H", yearly(1), ago(90), child="child-h", setting="SET-5", provision="hospital"),
    ]  # fmt: skip


def requests() -> list[Json]:
    return [
        requested("R-1", ago(35), "child-21"), requested("R-2", ago(42), "child-22"),
        requested("R-3", ago(43), "child-23"), requested("R-4", ago(140), "child-24"), decided("R-4", ago(100)),
        requested("R-5", ago(150), "child-25"), decided("R-5", ago(100), "refuse"),
        requested("R-6", ago(250), "child-26"), decided("R-6", ago(200)),
        appealed("AP-26", ago(190), "child-26", appeal_type="refusal-to-assess"), settled("AP-26", ago(60)),
        requested("R-7", ago(120), "child-27"), closed("R-7", ago(100), "withdrawn"),
        requested("R-8", "2025-01-02", "child-28"), decided("R-8", "2025-02-13"),
        issued("P-28", "child-28", "2025-05-22", request_id="R-8"),
        requested("R-9", "2025-01-02", "child-29"), decided("R-9", "2025-02-14", exception="school-closed"),
        issued("P-29", "child-29", "2025-05-23", request_id="R-9", exception="unspecified"),
        requested("R-10", "2025-01-02", "child-30"), closed("R-10", "2025-04-24", "no-plan"),
        requested("R-11", "2025-01-02", "child-31"), closed("R-11", "2025-04-25", "no-plan"),
        issued("P-32", "child-32", "2025-06-02", request_id="R-NOBODY-KNOWS"),
    ]  # fmt: skip


def cost(appeal: str, id: str, pounds: int, kind: str, on: str, **more: Any) -> Json:
    data = {"appeal_id": appeal, "cost_id": id, "incurred_on": on, "kind": kind, "amount_pence": pounds * 100}
    return event("tribunal-cost-incurred", data | more)


def appeals() -> list[Json]:
    return [
        appealed("AP-A", "2024-11-30", "child-a", sections=["I"]),
        settled("AP-A", "2025-03-31", "conceded", root_cause="No local  specialist place"),
        cost("AP-A", "C-1", 1_000, "legal", "2024-12-01"), cost("AP-A", "C-2", 500, "officer", "2025-04-01"),
        appealed("AP-B", "2025-04-01", "child-b", sections=["F", "B"]),
        settled("AP-B", "2025-11-29", "upheld", root_cause=" no local specialist PLACE"),
        cost("AP-B", "C-1", 2_001, "consultant", "2025-08-01", supplier_ref="SUP-1", criteria_met=True),
        appealed("AP-C", "2025-05-01", "child-c"), mediated("M-C", "2024-10-29", "child-c"),
        settled("AP-C", "2026-01-26", "dismissed", hearing=True, root_cause="late plan"),
        appealed("AP-D", "2025-09-01", "child-d", appeal_type="cease-to-maintain"),
        settled("AP-D", "2025-10-01", "withdrawn"), mediated("M-D", "2025-03-02", "child-d"),
        appealed("AP-E", "2025-09-02", "child-d"), settled("AP-E", "2025-12-01", "conceded", hearing=True),
        mediated("M-E", "2024-01-01", "child-d", "unresolved", appeal_id="AP-E"),
        mediated("M-F", "2025-06-01", "child-nobody", "part-resolved"),
        cost("AP-ELSE", "C-1", 7, "other", "2025-04-02"),
        mediated("M-H", "2025-05-01", "child-e", appeal_id="AP-I"), appealed("AP-I", "2025-06-02", "child-e"),
        settled("AP-I", "2025-09-01", "mediated"), appealed("AP-H", "2025-06-01", "child-e"),
        settled("AP-H", "2025-09-01", "dismissed"), appealed("AP-J", "2025-03-31", "child-j"),
        settled("AP-J", "2025-09-30", "part-upheld", root_cause="No local specialist place"),
        appealed("AP-G", "2025-11-01", "child-g"), settled("AP-G", "2025-10-01", "upheld"),
    ]  # fmt: skip
