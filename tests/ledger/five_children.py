"""A small authority, told event by event: five children, one of each way a year can go."""

from datetime import date

from ledger.handlers import Ledger
from tests.cases import LEICESTER, Json, event
from tests.ledger.conftest import Books

LIVED = date(2026, 1, 5)  # the last day on which anything is said to happen


def looking(books: Books, today: date = LIVED) -> Ledger:
    """The ledger as it reads its journal on a day."""
    return Ledger(books.ledger.settings, lambda: today)


def on(day: date, kind: str, data: Json, authority: str = LEICESTER) -> Json:
    return event(kind, data, time=f"{day}T09:00:00Z", authority=authority)


def plan(child: str, issued: date, **more: object) -> Json:
    data = {"plan_id": f"E-{child}", "child_ref": child, "issued_on": issued.isoformat(), **more}
    return on(issued, "ehcp-issued", data)


def placed(child: str, start: date, provision: str, pounds: int, *, end: date | None = None, id: str = "") -> Json:
    return on(
        start,
        "placement-made",
        {
            "placement_id": id or f"P-{child}", "child_ref": child, "plan_id": f"E-{child}", "setting_id": "S-1",
            "provision": provision, "start_date": start.isoformat(), "end_date": end.isoformat() if end else None,
            "cost": {"amount_pence": pounds * 100, "per": "year"},
        },
    )  # fmt: skip


def ceased(child: str, day: date) -> Json:
    return on(day, "ehcp-ceased", {"plan_id": f"E-{child}", "ceased_on": day.isoformat(), "reason": 1})


def small() -> list[Json]:
    """Amina stays, Ben moves to a special school, Chloe leaves, Dev joins, Ella waits without a placement."""
    start = date(2024, 9, 1)
    return [
        plan("amina", start, primary_need="ASD", year_group=3), placed("amina", start, "mainstream", 9_000),
        plan("ben", start, primary_need="SEMH", year_group=6),
        placed("ben", start, "mainstream", 9_000, end=date(2025, 8, 31)),
        placed("ben", date(2025, 9, 1), "special", 30_000, id="P-ben-2"),
        plan("chloe", start, primary_need="ASD", year_group=11),
        placed("chloe", start, "special", 33_000, end=date(2025, 7, 20)), ceased("chloe", date(2025, 7, 20)),
        plan("dev", date(2025, 11, 3), primary_need="SLCN", year_group=0),
        placed("dev", date(2025, 11, 3), "mainstream", 8_000),
        plan("ella", date(2026, 1, 5), year_group=2),
    ]  # fmt: skip
