"""The formal review of tribunals, worked by hand from a handful of appeals."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from hnb.calendar import Span
from hnb.http import Problem
from hnb.service import Service
from placements.api import tribunals as routes
from placements.domain.appeals import Appeal, Caseload, by_month, by_year, months, recorded
from placements.reports.tribunals import COLUMNS, PARTS
from tests.cases import (
    LEICESTER,
    Json,
    appealed,
    ceased,
    closed,
    decided,
    event,
    issued,
    mediated,
    requested,
    settled,
    withdrawn,
)
from tests.contracts.test_shape import METRICS
from tests.journeys.waiting import until
from tests.placements.test_door import post

day = date.fromisoformat
Review = Callable[..., Any]


@pytest.fixture
def asked(service: Service) -> TestClient:
    app = FastAPI()
    app.include_router(routes.make_router(service.engine, lambda: day("2026-03-31")))
    return TestClient(app)


@pytest.fixture
def review(asked: TestClient) -> Review:
    """`review()`: the review of Leicester's 2025-26; `review(to=...)`, `review("suppliers")` and so on."""

    def answer(part: str = "", **params: str) -> Any:
        found = asked.get("/tribunals", params={"authority": LEICESTER, "from": "2025-04-01", **params}).json()
        return found[part] if part else found

    return answer


def cost(appeal: str, id: str, pounds: int, kind: str = "legal", on: str = "2025-10-15", **more: Any) -> Json:
    data = {"appeal_id": appeal, "cost_id": id, "incurred_on": on, "kind": kind, "amount_pence": pounds * 100}
    return event("tribunal-cost-incurred", data | more)


def five_appeals() -> list[Json]:
    """Ash, Bea, Cai, Dee and Eve: two conceded, one dismissed after a hearing, one withdrawn, one still open."""
    return [
        appealed("AP-A", "2025-04-10", "ash", sections=["I"], officer_ref="SEND-1"),
        settled("AP-A", "2025-07-09", "conceded", root_cause="No local  specialist place"),
        cost("AP-A", "C-1", 1_000, on="2025-05-01"), cost("AP-A", "C-2", 500, "officer", on="2025-05-02"),
        appealed("AP-B", "2025-08-01", "bea", sections=["B", "F"], officer_ref="SEND-1"),
        settled("AP-B", "2025-11-29", "conceded", root_cause="no local specialist place"),
        cost("AP-B", "C-1", 2_000, "consultant", supplier_ref="SUP-1", criteria_met=True),
        appealed("AP-C", "2025-05-01", "cai", sections=["F", "B"], officer_ref="SEND-2"),
        settled("AP-C", "2026-01-26", "dismissed", hearing=True, root_cause="late plan"),
        cost("AP-C", "C-1", 6_000, "expert-witness", supplier_ref="SUP-1", criteria_met=False),
        cost("AP-C", "C-2", 1, "consultant", supplier_ref="SUP-2"),
        appealed("AP-D", "2025-09-01", "dee", appeal_type="refusal-to-assess", mediation_certificate=False),
        settled("AP-D", "2025-10-01", "withdrawn"),
        appealed("AP-E", "2026-02-01", "eve", appeal_type="refusal-to-issue"),
    ]  # fmt: skip


def test_volumes_outcomes_and_costs_are_counted_in_the_span(door: TestClient, review: Review) -> None:
    post(door, five_appeals())
    found = review()
    total = found["total"]
    assert (found["from"], found["to"], found["recorded"]) == ("2025-04-01", "2026-03-31", "reliably")
    assert (total["lodged"], total["concluded"], total["open"]) == (5, 4, 1)
    assert total["cost_pence"] == 950_100
    # 1,500 + 2,000 + 6,001 pounds over the three with a cost: 950,100 / 3 pence. Days: 90 + 120 + 270 + 30 = 510 / 4.
    assert total["per_concluded_appeal"] == {
        "appeals": 4, "mean_days": 127.5, "cost_pence": 950_100, "mean_cost_pence": 316_700, "without_cost": 1,
    }  # fmt: skip
    assert {o["outcome"]: (o["appeals"], o["percent"], o["mean_days"]) for o in found["outcomes"]} == {
        "conceded": (2, 50.0, 105.0), "dismissed": (1, 25.0, 270.0), "withdrawn": (1, 25.0, 30.0),
    }  # fmt: skip
    assert {h["hearing"]: (h["appeals"], h["mean_cost_pence"]) for h in found["costs_by_hearing"]} == {
        "with": (1, 600_100), "without": (3, 175_000),
    }  # fmt: skip
    assert {c["kind"]: (c["items"], c["amount_pence"], c["percent"]) for c in found["costs_by_kind"]} == {
        "consultant": (2, 200_100, 21.1), "expert-witness": (1, 600_000, 63.2), "legal": (1, 100_000, 10.5),
        "officer": (1, 50_000, 5.3),
    }  # fmt: skip
    assert found["sections"] == [{"sections": "B, F", "lodged": 2}, {"sections": "I", "lodged": 1}]
    assert [(t["appeal_type"], t["lodged"], t["concluded"], t["percent_against_the_authority"])
            for t in found["appeal_types"]] == [
        ("contents", 3, 3, 66.7), ("refusal-to-assess", 1, 1, 0.0), ("refusal-to-issue", 1, 0, None),
    ]  # fmt: skip


def test_every_month_says_what_was_open_at_its_end(door: TestClient, review: Review) -> None:
    post(door, five_appeals())
    rows = {row["month"]: row for row in review("months")}
    assert list(rows) == [*(f"2025-{m:02d}" for m in range(4, 13)), *(f"2026-{m:02d}" for m in range(1, 4))]
    assert [rows[m]["open"] for m in rows] == [1, 2, 2, 1, 2, 3, 2, 1, 1, 0, 1, 1]
    assert (rows["2025-09"]["lodged"], rows["2025-10"]["concluded"]) == (1, 1)
    assert (rows["2025-05"]["cost_pence"], rows["2025-10"]["cost_pence"]) == (150_000, 800_100)


def test_a_root_cause_comes_back_only_with_an_appeal_lodged_after_it_was_recorded(
    door: TestClient, review: Review
) -> None:
    post(door, five_appeals())
    causes = {row["root_cause"]: row for row in review("root_causes")}
    place = causes["No local specialist place"]  # however it was spelled
    assert (place["appeals"], place["repeats"], place["first_recorded_on"]) == (2, 1, "2025-07-09")
    assert (causes["late plan"]["repeats"], causes["not-said"]["appeals"]) == (0, 1)
    # In a later span the cause is older than the span, and the appeal is a repeat all the same.
    later = {row["root_cause"]: row for row in review("root_causes", **{"from": "2025-11-01"})}
    assert (later["No local specialist place"]["appeals"], later["No local specialist place"]["repeats"]) == (1, 1)


def test_mediation_is_compared_with_none_and_counted_where_no_appeal_followed(door: TestClient, review: Review) -> None:
    post(door, [
        *five_appeals(),
        mediated("M-1", "2025-07-01", "bea", "unresolved"), mediated("M-2", "2025-06-01", "fay"),
        mediated("M-3", "2025-06-15", "gus"), mediated("M-4", "2025-05-20", "ash", "part-resolved"),
        mediated("M-5", "2024-05-01", "cai", "unresolved"),
    ])  # fmt: skip
    found = review()
    held = {
        m["outcome"]: (m["held"], m["followed_by_appeal"], m["percent_without_appeal"]) for m in found["mediations"]
    }
    assert held == {
        "part-resolved": (1, 0, 100.0), "resolved": (2, 0, 100.0), "unresolved": (1, 1, 0.0),
    }  # fmt: skip
    # Only Bea's came before her appeal: Ash's was after hers, Cai's a year before.
    before, none = found["mediation_effect"]
    assert (before["mediation"], before["appeals"], before["against_the_authority"], before["heard"]) == (
        "before",
        1,
        1,
        0,
    )
    assert (none["mediation"], none["appeals"], none["against_the_authority"], none["heard"]) == ("none", 3, 1, 1)
    assert "not an effect" in found["notes"]["mediation_effect"]
    # Certificates of Ash, Cai and Eve, who did not mediate first; Dee had none.
    assert found["total"]["mediation_certificate_without_mediation"] == 3


def test_consultants_are_told_by_supplier_with_the_criteria_they_met(door: TestClient, review: Review) -> None:
    post(door, five_appeals())
    one, two = review("suppliers")
    assert (one["supplier_ref"], one["items"], one["appeals"], one["amount_pence"]) == ("SUP-1", 2, 2, 800_000)
    assert (one["criteria_met"], one["criteria_not_met"], one["percent_criteria_met"]) == (1, 1, 50.0)
    assert (one["concluded"], one["against_the_authority"]) == (2, 1)
    assert (two["supplier_ref"], two["criteria_not_said"], two["percent_criteria_met"]) == ("SUP-2", 1, None)


def test_the_caseload_is_told_by_post_and_month(door: TestClient, review: Review) -> None:
    post(door, five_appeals())
    found = review()
    assert found["caseload_by_officer"] == [
        {"officer_ref": "SEND-1", "lodged": 2, "concluded": 2, "open": 0},
        {"officer_ref": "SEND-2", "lodged": 1, "concluded": 1, "open": 0},
        {"officer_ref": "not-said", "lodged": 2, "concluded": 1, "open": 1},
    ]
    may, september = (next(r for r in found["caseload_by_month"] if r["month"] == m) for m in ("2025-05", "2025-09"))
    assert (may["open"], may["officers"], may["open_per_officer"], may["officer_cost_pence"]) == (2, 2, 1.0, 50_000)
    assert may["officer_cost_per_open_pence"] == 25_000
    assert (september["open"], september["officers"], september["officer_not_said"]) == (3, 2, 1)


def test_rates_are_over_plans_and_over_decisions_that_could_be_appealed(door: TestClient, review: Review) -> None:
    post(door, [
        *five_appeals(), *(issued(f"P-{n}", f"k{n}", "2025-05-01") for n in range(7)),
        issued("P-8", "k8", "2024-05-01"), ceased("P-8", "2025-09-01"), issued("P-9", "k9", "2026-04-01"),
        requested("R-1", "2025-05-01"), decided("R-1", "2025-06-01", "refuse"),
        requested("R-2", "2025-05-01"), closed("R-2", "2025-08-01"), closed("R-3", "2025-08-01", "withdrawn"),
    ])  # fmt: skip
    total = review("total")
    # Seven plans on 31 March 2026; with one ceased, one refusal to assess and one to issue: ten decisions.
    assert (total["plans_in_force"], total["lodged_per_1000_plans"]) == (7, 714.3)
    assert (total["appealable_decisions"], total["appeal_rate_percent"]) == (10, 50.0)
    (year,) = review("years")
    assert (year["financial_year"], year["appeal_rate_percent"], year["lodged"]) == ("2025-26", 50.0, 5)


def test_periods_before_december_2024_are_marked_as_not_reliably_recorded(door: TestClient, review: Review) -> None:
    post(door, [appealed("AP-1", "2024-11-30"), appealed("AP-2", "2024-12-01")])
    found = review(**{"from": "2023-04-01"})
    assert found["recorded"] == "not reliably recorded before 2024-12-01"
    marks = {row["month"]: row["recorded"] for row in found["months"]}
    assert (marks["2024-11"], marks["2024-12"]) == ("not reliably recorded", "reliably")
    assert {row["financial_year"]: row["recorded"] for row in found["years"]} == {
        "2023-24": "not reliably recorded", "2024-25": "not reliably recorded before 2024-12-01", "2025-26": "reliably",
    }  # fmt: skip
    assert review("recorded", **{"from": "2023-04-01", "to": "2024-11-30"}) == "not reliably recorded"
    assert "2024-12-01" in found["notes"]["reliability"]


def test_a_withdrawn_cost_counts_no_more_and_two_of_one_id_in_two_appeals_are_two(
    door: TestClient, review: Review
) -> None:
    wrong = cost("AP-1", "C-1", 300)
    post(door, [appealed("AP-1", "2025-05-01"), wrong, cost("AP-2", "C-1", 40)])
    assert review("total")["cost_pence"] == 34_000
    post(door, withdrawn(wrong))
    until(lambda: review("total")["cost_pence"] == 4_000)


def test_every_part_is_a_table_of_its_columns_as_json_and_csv(
    door: TestClient, asked: TestClient, review: Review
) -> None:
    post(door, [*five_appeals(), mediated("M-1", "2025-07-01", "bea")])
    assert list(PARTS) == list(COLUMNS) == list(get_args(get_args(get_args(routes.Part)[0])[0]))
    for part in PARTS:
        rows = review()[part]
        assert rows, part
        assert all(tuple(row) == COLUMNS[part] for row in rows), part
        params = {"authority": LEICESTER, "from": "2025-04-01", "part": part, "format": "csv"}
        lines = list(csv.DictReader(io.StringIO(asked.get("/tribunals", params=params).text)))
        assert [tuple(line) for line in lines] == [COLUMNS[part]] * len(rows), part


def test_the_whole_review_is_one_tidy_table(door: TestClient, asked: TestClient) -> None:
    post(door, five_appeals())
    params = {"authority": LEICESTER, "from": "2025-04-01", "format": "csv"}
    lines = list(csv.DictReader(io.StringIO(asked.get("/tribunals", params=params).text)))
    found = {(line["part"], line["row"], line["measure"]): line["value"] for line in lines}
    assert found["total", "", "lodged"] == "5"
    assert found["total", "per_concluded_appeal", "mean_cost_pence"] == "316700"
    assert found["outcomes", "conceded", "appeals"] == "2"
    assert found["months", "2025-09", "open"] == "3"
    assert len(found) == len(lines), "no row twice"


def test_no_child_is_in_the_review(door: TestClient, asked: TestClient) -> None:
    post(door, [*five_appeals(), mediated("M-1", "2025-07-01", "bea")])
    for params in ({}, {"format": "csv"}):
        text = asked.get("/tribunals", params={"authority": LEICESTER, **params}).text
        assert not {"ash", "bea", "cai", "dee", "eve"} & set(text.replace('"', ",").replace(" ", ",").split(","))


def test_a_span_that_ends_before_it_begins_is_refused_and_so_is_no_authority(door: TestClient) -> None:
    backwards = door.get("/tribunals", params={"authority": LEICESTER, "from": "2026-02-01", "to": "2026-01-31"})
    assert backwards.status_code == 422
    assert "from" in Problem.model_validate(backwards.json()).detail
    assert door.get("/tribunals").status_code == 422
    assert door.get("/tribunals", params={"authority": LEICESTER, "from": "01/04/2025"}).status_code == 422
    assert door.get("/tribunals", params={"authority": LEICESTER, "part": "children"}).status_code == 422


def test_every_part_and_figure_is_described() -> None:
    text = (Path(__file__).parents[2] / "docs" / "clocks.md").read_text()
    figures = {name for name in METRICS["placements"] if re.search("clocks|issued|transfers|tribunal", name)}
    assert len(figures) == 8
    for name in (*PARTS, *figures):
        assert f"`{name}`" in text, name


DAYS = st.dates(date(2023, 1, 1), date(2026, 12, 31))
APPEALS = st.lists(st.tuples(DAYS, st.one_of(st.none(), st.integers(0, 500))), max_size=12)


@given(APPEALS, DAYS, st.integers(0, 900))
def test_months_and_years_add_up_to_the_span_whatever_it_is(
    lives: list[tuple[date, int | None]], first: date, length: int
) -> None:
    span = Span(first, first + timedelta(days=length))
    appeals = [
        Appeal((LEICESTER, str(n)), (LEICESTER, str(n)), "contents", lodged_on,
               concluded_on=None if took is None else lodged_on + timedelta(days=took))
        for n, (lodged_on, took) in enumerate(lives)
    ]  # fmt: skip
    of = Caseload(span, appeals, [], [])
    pieces = list(months(span))
    assert (pieces[0].first, pieces[-1].last) == span
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(pieces))
    for rows in (by_month(of), by_year(of)):
        assert sum(row["lodged"] for row in rows) == len(of.lodged)
        assert sum(row["concluded"] for row in rows) == len(of.concluded)
        assert rows[-1]["open"] == sum(one.open_on(span.last) for one in appeals)
    # What is open at the end is what was open before, with what was lodged and without what was concluded.
    before = sum(one.open_on(first - timedelta(days=1)) for one in appeals)
    assert rows[-1]["open"] == before + len(of.lodged) - len(of.concluded)
    assert recorded(span) in {"reliably", "not reliably recorded", "not reliably recorded before 2024-12-01"}
