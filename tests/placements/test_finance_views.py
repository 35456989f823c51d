"""What finance reads of the register in Grafana is what the register's reports answer, and holds no child."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from fastapi.testclient import TestClient
from psycopg.rows import dict_row

from hnb_local.simulator.feed import leicester_year
from placements.app import build
from placements.settings import PlacementsSettings
from tests.cases import LEICESTER, Json
from tests.conftest import Servers, emptied
from tests.journeys.waiting import until
from tests.placements.edges import TODAY, worked
from tests.placements.test_door import post

BATCH = 1_000
YEARS = {"2024-25": (2024, "2024-04-01", "2025-03-31"), "2025-26": (2025, "2025-04-01", "2026-03-31")}
VIEWS = {
    "demand_months", "timeliness_months", "waits", "waiting_plans", "clocks", "settings", "out_of_area", "appeals",
    "appeal_months", "appeal_costs", "root_causes", "mediations",
}  # fmt: skip


@dataclass(frozen=True)
class Register:
    """A register asked at its own address, and by finance through its views."""

    door: TestClient
    finance_url: str

    def report(self, path: str, of: str, **params: Any) -> Any:
        answer = self.door.get(path, params={"authority": LEICESTER, **params})
        assert answer.status_code == 200, answer.text
        assert answer.json().get("next") is None
        return answer.json()[of]

    def view(self, asked: str, also: str = "") -> list[dict[str, Any]]:
        """Rows of Leicester, days as the reports write them."""
        sql = f"SELECT {asked} AND authority = '{LEICESTER}' {also}"
        with psycopg.connect(self.finance_url, row_factory=dict_row) as connection:
            rows = connection.execute(sql.encode()).fetchall()
        return [{k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()} for row in rows]


@pytest.fixture(scope="module", params=["worked by hand", "the Leicester year"])
def register(request: pytest.FixtureRequest, servers: Servers) -> Iterator[Register]:
    """Two registers, each taken in once and only read: a handful of cases at the edges, and a whole council."""
    events = worked() if request.param == "worked by hand" else [one.event for one in leicester_year(2025).events]
    with psycopg.connect(servers.database.admin_url, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS test_finance")
        admin.execute("CREATE DATABASE test_finance OWNER placements")
        url, finance = (
            urlsplit(urls["placements"])._replace(path="/test_finance").geturl()
            for urls in (servers.database.urls, servers.database.finance_urls)
        )
        service = build(PlacementsSettings(database_url=url, broker_url=emptied(servers)))
        service.prepare()
        with TestClient(service.asgi(), raise_server_exceptions=False) as door:
            for start in range(0, len(events), BATCH):
                assert post(door, events[start : start + BATCH]).status_code in (200, 207)
            with psycopg.connect(url, autocommit=True) as owner:
                until(lambda: not owner.execute("SELECT FROM withdrawals WHERE NOT applied").rowcount)
                owner.execute("ANALYZE")
            yield Register(door, finance)
        admin.execute("DROP DATABASE test_finance WITH (FORCE)")


def only(columns: Any, rows: Any) -> list[dict[str, Any]]:
    return [{column: row[column] for column in columns} for row in rows]


def test_who_waits_is_who_waits_in_the_report(register: Register) -> None:
    summary = register.view("* FROM finance.waits WHERE true", "ORDER BY phase, primary_need, provision_sought")
    reported = register.report("/waiting/summary", "waiting")
    key = ("phase", "primary_need", "provision_sought")
    assert summary
    assert summary == sorted(reported, key=lambda row: [row[column] for column in key])
    plans = register.view("* FROM finance.waiting_plans WHERE true", 'ORDER BY plan_id COLLATE "C"')
    reported = register.report("/waiting", "waiting", only="all", limit=5_000)
    assert plans == sorted(only(plans[0], reported), key=lambda row: row["plan_id"])


def test_each_setting_has_the_places_it_has_in_the_report(register: Register) -> None:
    rows = register.view("* FROM finance.settings WHERE true", 'ORDER BY setting_id COLLATE "C"')
    reported = register.report("/settings", "settings", limit=5_000)
    assert rows == sorted(only(rows[0], reported), key=lambda row: row["setting_id"])


def test_placements_out_of_area_cost_and_compare_as_in_the_report(register: Register) -> None:
    rows = register.view("* FROM finance.out_of_area WHERE true", 'ORDER BY placement_id COLLATE "C"')
    assert rows
    assert rows == only(rows[0], register.report("/out-of-area", "placements", limit=5_000))


def test_each_request_runs_to_the_limit_it_has_in_the_report(register: Register) -> None:
    rows = register.view("* FROM finance.clocks WHERE true", 'ORDER BY request_id COLLATE "C"')
    reported = register.report("/statutory-clocks", "clocks", limit=5_000)
    assert rows
    assert rows == sorted(only(rows[0], reported), key=lambda row: row["request_id"])


def test_the_rates_of_a_calendar_year_are_those_of_the_report(register: Register) -> None:
    counted = ("plans_issued", "within_20_weeks", "plans_issued_excluding_exceptions",
               "within_20_weeks_excluding_exceptions", "decisions", "decisions_within_6_weeks", "no_plan_notices",
               "notices_within_16_weeks")  # fmt: skip
    for calendar_year in (2024, 2025, 2026):
        sums = ", ".join(f"coalesce(sum({column}), 0) AS {column}" for column in counted)
        weeks = "round(sum(days_to_plan) / 7.0 / nullif(sum(plans_issued), 0), 1)::float AS mean_weeks"
        found = register.view(f"{sums}, {weeks} FROM finance.timeliness_months WHERE calendar_year = {calendar_year}")
        reported = register.report("/timeliness", "timeliness", year=calendar_year)
        assert found == (only(found[0], reported) or [dict.fromkeys(counted, 0) | {"mean_weeks": None}])


def test_plans_in_force_at_the_end_of_each_month_are_those_of_that_day(register: Register) -> None:
    rows = register.view("month, plans_in_force FROM finance.demand_months WHERE month < date_trunc('month', now())")
    assert len(rows) > 12
    for row in rows[-30:]:
        last = (date.fromisoformat(row["month"]) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        assert row["plans_in_force"] == register.report("/waiting/summary", "plans", on=last.isoformat()), row


def standing(register: Register, kind: str) -> Iterator[Json]:
    """The facts of one kind, page by page, as an importer asks for them."""
    after = ""
    while True:
        asked = {"authority": LEICESTER, "kind": kind, "after": after, "limit": 5_000}
        page = register.door.get("/register", params=asked).json()
        yield from page["facts"]
        if page["next"] is None:
            return
        after = page["next"]


def test_what_happened_in_a_month_is_what_stands_in_the_register_of_it(register: Register) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for fact in (*standing(register, "request"), *standing(register, "plan")):
        data = fact["data"]
        match fact["type"].split(".")[1], data.get("outcome"):
            case "assessment-requested", _:
                counted[data["received_on"][:7], "requests"] += 1
            case "assessment-decided", outcome:
                counted[data["decided_on"][:7], {"assess": "assessed", "refuse": "refused"}[outcome]] += 1
            case "request-closed", outcome:
                counted[data["closed_on"][:7], "no_plan" if outcome == "no-plan" else "closed_otherwise"] += 1
            case "ehcp-issued", _:
                counted[data["issued_on"][:7], "issued"] += 1
            case "ehcp-ceased", _:
                counted[data["ceased_on"][:7], "ceased"] += 1
    columns = ("requests", "assessed", "refused", "no_plan", "closed_otherwise", "issued", "ceased")
    rows = register.view("* FROM finance.demand_months WHERE true", "ORDER BY month")
    found = {(row["month"][:7], column): row[column] for row in rows for column in columns if row[column]}
    assert found == counted
    months = [row["month"] for row in rows if row["month"] <= TODAY.isoformat()]
    assert months[-1] == TODAY.replace(day=1).isoformat()
    assert len(months) == (TODAY.year - int(months[0][:4])) * 12 + TODAY.month - int(months[0][5:7]) + 1, (
        "no month left out"
    )
    assert all(row["financial_year"] == int(row["month"][:4]) - (row["month"][5:7] < "04") for row in rows)


def review(register: Register, label: str, part: str) -> Any:
    _, first, last = YEARS[label]
    return register.report("/tribunals", part, **{"from": first, "to": last})


@pytest.mark.parametrize("label", YEARS)
def test_appeals_by_month_are_those_of_the_review(register: Register, label: str) -> None:
    rows = register.view(
        "to_char(month, 'YYYY-MM') AS month, lodged, concluded, open, cost_pence, mediations, reliable "
        f"FROM finance.appeal_months WHERE financial_year = {YEARS[label][0]}", "ORDER BY month"
    )  # fmt: skip
    reported = {row["month"]: row for row in review(register, label, "months")}
    for row in rows:
        month = reported.pop(row["month"])
        assert only(("lodged", "concluded", "open", "cost_pence"), [row]) == only(
            ("lodged", "concluded", "open", "cost_pence"), [month])  # fmt: skip
        assert row["reliable"] == (month["recorded"] == "reliably")
    assert not any(row["lodged"] or row["concluded"] or row["cost_pence"] for row in reported.values())
    assert sum(row["mediations"] for row in rows) == sum(m["held"] for m in review(register, label, "mediations"))


@pytest.mark.parametrize("label", YEARS)
def test_how_appeals_end_is_as_the_review_has_it(register: Register, label: str) -> None:
    ended_in = f"FROM finance.appeals WHERE concluded_year = {YEARS[label][0]}"
    described = """count(*)::int AS appeals, coalesce(sum(cost_pence), 0)::bigint AS cost_pence,
        (count(*) - count(cost_pence))::int AS without_cost, round(avg(days), 1)::float AS mean_days"""
    for part, name in (("outcomes", "outcome"), ("costs_by_hearing", "hearing")):
        rows = register.view(f"{name}, {described} {ended_in}", f'GROUP BY {name} ORDER BY {name} COLLATE "C"')
        assert rows == (only(rows[0], review(register, label, part)) if rows else [])
    effect = register.view(f"mediation, {described} {ended_in}", "GROUP BY mediation ORDER BY mediation")
    reported = [row for row in review(register, label, "mediation_effect") if row["appeals"]]
    assert effect == (only(effect[0], reported) if effect else [])
    types = {row["appeal_type"]: row for row in review(register, label, "appeal_types")}
    for row in register.view(
        f"appeal_type, count(*) AS concluded, count(*) FILTER (WHERE against_the_authority) AS against {ended_in}",
        "GROUP BY appeal_type",
    ):
        reported = types[row["appeal_type"]]
        assert (row["concluded"], row["against"]) == (reported["concluded"], reported["against_the_authority"])


@pytest.mark.parametrize("label", YEARS)
def test_appeals_lodged_are_of_the_types_and_sections_of_the_review(register: Register, label: str) -> None:
    lodged_in = f"FROM finance.appeals WHERE lodged_year = {YEARS[label][0]}"
    types = register.view(f"appeal_type, count(*) AS lodged {lodged_in}", "GROUP BY appeal_type ORDER BY appeal_type")
    reported = [row for row in review(register, label, "appeal_types") if row["lodged"]]
    assert types == only(("appeal_type", "lodged"), reported)
    sections = register.view(
        f"coalesce(sections, 'not-said') AS sections, count(*) AS lodged {lodged_in} AND appeal_type = 'contents'",
        "GROUP BY 1 ORDER BY 1",
    )
    assert sections == review(register, label, "sections")


@pytest.mark.parametrize("label", YEARS)
def test_costs_causes_and_mediations_are_those_of_the_review(register: Register, label: str) -> None:
    of_year = f"financial_year = {YEARS[label][0]}"
    costs = register.view(
        "kind, count(*)::int AS items, count(DISTINCT appeal_id)::int AS appeals, sum(amount_pence)::bigint "
        f"AS amount_pence FROM finance.appeal_costs WHERE {of_year}", "GROUP BY kind ORDER BY kind COLLATE \"C\""
    )  # fmt: skip
    assert costs == only(("kind", "items", "appeals", "amount_pence"), review(register, label, "costs_by_kind"))
    causes = register.view(
        "root_cause, appeals, repeats, against_the_authority, coalesce(cost_pence, 0) AS cost_pence "
        f"FROM finance.root_causes WHERE {of_year}", "ORDER BY appeals DESC, lower(root_cause) COLLATE \"C\""
    )  # fmt: skip
    columns = ("root_cause", "appeals", "repeats", "against_the_authority", "cost_pence")
    reported = only(columns, review(register, label, "root_causes"))
    assert causes == sorted(reported, key=lambda row: (-row["appeals"], row["root_cause"].lower()))
    held = register.view(
        "outcome, count(*)::int AS held, count(*) FILTER (WHERE followed_by_appeal)::int AS followed_by_appeal "
        f"FROM finance.mediations WHERE {of_year}", "GROUP BY outcome ORDER BY outcome COLLATE \"C\""
    )  # fmt: skip
    assert held == only(("outcome", "held", "followed_by_appeal"), review(register, label, "mediations"))


def test_finance_may_read_every_view_and_no_view_names_a_child(register: Register) -> None:
    children = {fact["data"]["child_ref"] for kind in ("plan", "placement", "request", "appeal", "mediation")
                for fact in standing(register, kind) if "child_ref" in fact["data"]}  # fmt: skip
    assert len(children) > 20
    for view in VIEWS:
        rows = register.view(f"* FROM finance.{view} WHERE true")
        assert rows, view
        assert not any("child" in column for column in rows[0])
        assert not children & {value for row in rows for value in row.values() if isinstance(value, str)}, view
    with psycopg.connect(register.finance_url) as connection:
        made = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'finance'").fetchall()
    assert {name for (name,) in made} == VIEWS, "a view no test knows"
