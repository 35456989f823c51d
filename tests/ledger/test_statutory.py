"""The statutory returns: every pound of the position once, DfE's formula, need and age, in any order of arrival."""

from typing import get_args

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hnb.calendar import year_label
from hnb.database import reading
from hnb.events import EhcpIssued
from hnb.events.fields import Need
from hnb.needs import NEEDS
from hnb.provisions import LINES
from ledger.api.statutory import make_router
from ledger.domain.dsg_plan import AGE_GROUPS, NOT_KNOWN, SHEETS, age_group
from ledger.domain.s251 import FORMULA_TEXT, ROWS, row_of
from ledger.domain.statutory import Sheet
from ledger.reports.statutory import read_dsg_plan, read_s251
from tests.cases import (
    LEICESTER,
    Json,
    budget,
    commissioned,
    contributed,
    ended,
    granted,
    issued,
    lodged,
    made,
    paid,
    read,
    repriced,
    reserve,
    withdrawn,
    yearly,
)  # fmt: skip
from tests.ledger.conftest import Books, Year

FULL = {"start": "2025-04-01", "end": "2026-03-31"}


def s251(books: Books, year: int = 2025) -> dict[str, tuple[object, ...]]:
    """Gross, income and net by line; the totals by label, the checks by description."""
    with reading(books.engine) as connection:
        found = read_s251(connection, books.ledger, LEICESTER, year, None)
    assert found is not None
    sheet = found.sheets[0]
    return {str(row[1] if row[0] == "Check" else row[0]): tuple(row[2:5]) for row in sheet.rows}


def plan(books: Books, year: int = 2025) -> dict[str, Sheet]:
    with reading(books.engine) as connection:
        found = read_dsg_plan(connection, books.ledger, LEICESTER, year, None)
    assert found is not None
    return {sheet.name: sheet for sheet in found.sheets}


def cell(sheet: Sheet, need: str, age: str) -> tuple[object, ...]:
    """Placements, children and pence of a need and an age group."""
    row = next(row for row in sheet.rows if str(row[0]).partition(":")[0] == need)
    first = [column.title for column in sheet.columns].index(f"{age}: placements")
    return tuple(row[first : first + 3])


def last(sheet: Sheet, item: str) -> object:
    return next(row[-1] for row in sheet.rows if row[0] == item)


def test_the_leicester_year_stands_in_the_returns_to_the_penny(year: Year) -> None:
    books = year.books
    rows = s251(books)
    net = {line: figures[2] for line, figures in rows.items()}
    assert {line: net[line] for line in ROWS if line != "2.1.2"} == {
        "1.0.2": 110_000_000,
        "1.2.1/1.2.2": 1_740_640_000 + 545_700_000 + 3_949_650_000 + 63_700_000,
        "1.2.2/1.2.3": 500_250_000,
        "1.2.3": 1_163_750_000,
        "1.2.4": 696_000_000 + 90_000_000,
        "1.2.5": 740_000_000,
        "1.2.6": 170_000_000,
        "1.2.7": 148_500_000 + 620_000_000,
        "1.2.8": 230_000_000,
        "1.2.9": 0,
        "1.2.11": 0,
        "1.2.13": 90_000_000,
        "1.4.11": 0,
        "EOTAS": 162_000_000,
        "none": 99_810_000,
    }
    assert net["HNB total"] == 11_120_000_000
    assert net["DfE total"] == 11_120_000_000 - 162_000_000 - 99_810_000
    assert net["Difference from HNB total"] == net["Difference on 2.1.2"] == 0
    gross, income, _ = rows["1.2.3"]
    assert isinstance(income, int)
    assert income > 10_000_000, "health and social care share some of the dearest places"
    assert gross == 1_163_750_000 + income
    sheets = plan(books)
    position = books.position().lines
    for name, provisions in SHEETS.items():
        assert last(sheets[name], "Sheet total") == sum(position[p].cost_pence for p in provisions if p in position)
        assert last(sheets[name], "Difference (must be 0)") == 0
    summary = sheets["Summary"]
    assert last(summary, "High Needs Block") == 11_120_000_000
    assert last(summary, "Difference (must be 0)") == last(summary, "Difference of the S251 groups (must be 0)") == 0
    assert last(summary, "In-year balance") == -2_260_000_000
    assert last(summary, "Reserve at the end") == -4_480_000_000
    assert cell(sheets["Special"], "ASD", "All ages")[1] != 0


def test_places_stand_apart_from_top_ups(books: Books) -> None:
    books.take(made("PL-1", yearly(20_000), **FULL), commissioned("CP-1", 3, yearly(10_000)))
    rows = s251(books)
    assert rows["1.0.2"] == (3_000_000, 0, 3_000_000)
    assert rows["1.2.1/1.2.2"] == (2_000_000, 0, 2_000_000)
    special = plan(books)["Special"]
    assert last(special, "Places commissioned, whoever fills them") == 3_000_000
    assert last(special, "Sheet total") == 5_000_000


def test_a_contribution_is_income_and_never_more_than_the_cost(books: Books) -> None:
    books.take(
        made("PL-1", yearly(80_000), provision="independent", **FULL), contributed("PL-1", yearly(30_000)),
        paid("PL-1", 10_000),
        made("PL-2", yearly(5_000), provision="independent", child="c2", **FULL),
        contributed("PL-2", yearly(9_000), "CO-2"),
    )  # fmt: skip
    rows = s251(books)
    assert rows["1.2.3"] == (8_500_000, 3_500_000, 5_000_000)
    assert rows["DfE total"] == (8_500_000, 3_500_000, 5_000_000)


def test_tribunals_stand_beside_the_total(books: Books) -> None:
    books.take(made("PL-1", yearly(100), **FULL), lodged(expected=6_056))
    rows = s251(books)
    assert rows["2.1.2"] == (605_600, 0, 605_600)
    assert rows["HNB total"] == (10_000, 0, 10_000)


def test_the_formula_is_dfes() -> None:
    assert FORMULA_TEXT == (
        "(1.2.1 + 1.2.2 + 1.2.4 + 1.2.11) + 1.2.3 + (1.2.5 + 1.2.8 + 1.2.9) + 1.2.7 + 1.2.6 + 1.2.13 + 1.0.2 + 1.4.11"
    )


def test_every_provision_has_a_row_and_every_need_a_name() -> None:
    assert {row_of(provision, contract=c) for provision in LINES for c in (True, False)} <= set(ROWS)
    assert set(get_args(Need)) == set(NEEDS)


@pytest.mark.parametrize(
    ("year_group", "issued_on", "group"),
    [
        (0, "2025-09-01", "Under 5"),
        (0, "2025-08-31", "5 to 10"),  # reception in 2024-25, so year 1 from September
        (6, "2025-10-01", "5 to 10"),
        (7, "2025-10-01", "11 to 15"),
        (3, "2019-11-05", "11 to 15"),  # year 9 by 2025-26
        (12, "2026-03-31", "16 to 19"),
        (15, "2024-09-01", "20 to 25"),
        (20, "2024-09-01", "20 to 25"),
        (20, "2020-09-01", NOT_KNOWN),  # would be past 25: what was said cannot be right
        (None, "2025-09-01", NOT_KNOWN),
    ],
)
def test_a_year_group_is_of_the_year_the_plan_was_issued_in(year_group: int | None, issued_on: str, group: str) -> None:
    said = read(issued("EHCP-1", issued_on=issued_on, year_group=year_group))[0].data
    assert isinstance(said, EhcpIssued)
    assert age_group(said, 2025) == group
    assert list(AGE_GROUPS) == ["Under 5", "5 to 10", "11 to 15", "16 to 19", "20 to 25"]


def test_need_and_age_come_from_the_plan_named_or_else_the_childs_latest(books: Books) -> None:
    by_plan = made("PL-1", yearly(1_000), child="c1", **FULL)
    by_plan["data"]["plan_id"] = "EHCP-1"
    books.take(
        issued("EHCP-1", "c1", primary_need="ASD", year_group=4, issued_on="2025-09-02"),
        issued("EHCP-2", "c1", primary_need="HI", year_group=4, issued_on="2025-09-03"),
        issued("EHCP-3", "c2", primary_need="SEMH", issued_on="2025-09-03"),
        by_plan, made("PL-2", yearly(2_000), child="c2", **FULL), made("PL-3", yearly(3_000), child="c3", **FULL),
        made("PL-4", yearly(4_000), child="c3", start="2026-04-01"), ended("PL-4", "2026-03-01"),
    )  # fmt: skip
    special = plan(books)["Special"]
    assert cell(special, "ASD", "Age 5 to 10") == (1, 1, 100_000)
    assert cell(special, "SEMH", "Age not known") == (1, 1, 200_000)
    assert cell(special, NOT_KNOWN, "Age not known") == (1, 1, 300_000)
    assert cell(special, "All needs", "All ages") == (3, 3, 600_000)


def test_a_withdrawn_plan_counts_for_nothing_until_its_withdrawal_is_withdrawn(books: Books) -> None:
    said = issued("EHCP-1", primary_need="ASD", year_group=4, issued_on="2025-09-02")
    taken_back = withdrawn(said)
    books.take(taken_back, made("PL-1", yearly(1_000), **FULL))
    books.take(said)
    assert cell(plan(books)["Special"], NOT_KNOWN, "Age not known") == (1, 1, 100_000)
    books.take(withdrawn(taken_back, time="2026-02-01T09:00:00Z"))
    assert cell(plan(books)["Special"], "ASD", "Age 5 to 10") == (1, 1, 100_000)


def test_any_order_of_arrival_gives_the_same_sheets(books: Books) -> None:
    earlier = issued("EHCP-1", primary_need="MLD", year_group=4, issued_on="2025-09-02")
    later = earlier | {"id": "e-later", "time": "2025-06-01T09:00:00Z"}
    later["data"] = earlier["data"] | {"primary_need": "ASD"}
    events: list[Json] = [
        earlier, later, made("PL-1", yearly(9_000), provision="independent", **FULL),
        repriced("PL-1", "2025-10-01", yearly(12_000)), contributed("PL-1", yearly(1_000)), ended("PL-1", "2026-02-28"),
        granted("GR-1", yearly(500)), commissioned("CP-1", 2, yearly(6_000)), budget("grant", 100_000), reserve(-500),
        withdrawn(earlier),
    ]  # fmt: skip
    found = []
    for authority, order in enumerate((events, events[::-1], events[5:] + events[:5])):
        ours = f"E1000000{authority}"
        for event in order:
            again = event | {"authority": ours, "source": f"/case/{authority}"}
            if "withdrawn_source" in event["data"]:
                again["data"] = event["data"] | {"withdrawn_source": f"/case/{authority}"}
            books.take(again)
        books.settle()
        with reading(books.engine) as connection:
            s = read_s251(connection, books.ledger, ours, 2025, None)
            d = read_dsg_plan(connection, books.ledger, ours, 2025, None)
        assert s is not None
        assert d is not None
        found.append((s.sheets[:-1], d.sheets[:-1]))
    assert found[0] == found[1] == found[2]
    assert cell(found[0][1][4], "ASD", "Age 5 to 10")[:2] == (1, 1)


def test_the_reserve_is_carried_where_no_opening_was_said(books: Books) -> None:
    books.take(
        made("PL-1", yearly(70_000)), budget("grant", 50_000), reserve(-10_000), budget("grant", 60_000, year=2026)
    )
    summary = plan(books)["Summary"]
    closing = {row[1]: row[-1] for row in summary.rows if row[0] == "Reserve at the end"}
    assert closing == {year_label(2025): -3_000_000, year_label(2026): -4_000_000}


def test_a_return_is_as_it_was_known_at_that_moment(books: Books) -> None:
    said = issued("EHCP-1", primary_need="ASD", year_group=4, issued_on="2025-09-02")
    books.take(said, made("PL-1", yearly(9_000), **FULL), contributed("PL-1", yearly(1_000)))
    then = books.position().known_at
    books.take(withdrawn(said), repriced("PL-1", "2025-04-01", yearly(12_000)))
    books.settle()
    with reading(books.engine) as connection:
        found = read_s251(connection, books.ledger, LEICESTER, 2025, then)
        sheets = read_dsg_plan(connection, books.ledger, LEICESTER, 2025, then)
        before = read_s251(connection, books.ledger, LEICESTER, 2025, then.replace(year=2000))
    assert found is not None
    assert sheets is not None
    assert next(row[2:5] for row in found.sheets[0].rows if row[0] == "1.2.1/1.2.2") == (900_000, 100_000, 800_000)
    assert cell(sheets.sheets[3], "ASD", "Age 5 to 10") == (1, 1, 800_000)
    assert s251(books)["1.2.1/1.2.2"] == (1_200_000, 100_000, 1_100_000)
    assert before is None


def test_the_routes_answer_sheets_and_say_what_they_do_not_know(books: Books) -> None:
    books.take(made("PL-1", yearly(9_000), **FULL))
    app = FastAPI()
    app.include_router(make_router(books.engine, books.ledger))
    with TestClient(app) as client:
        for name, sheets in (("s251", 2), ("dsg-plan", 9)):
            path, query = f"/statutory/{name}", {"authority": LEICESTER, "financial_year": 2025}
            answer = client.get(path, params=query).json()
            assert (answer["statutory_return"], len(answer["sheets"])) == (name, sheets)
            for sheet in answer["sheets"]:
                assert {len(row) for row in sheet["rows"]} == {len(sheet["columns"])}
            assert "7f3a9c" not in str(answer), "no pseudonym leaves with a return"
            unknown = client.get(path, params=query | {"authority": "E99999999"})
            assert (unknown.status_code, unknown.json()["detail"]) == (404, "nothing is known of E99999999 in 2025-26")
            assert client.get(path, params=query | {"financial_year": 2001}).status_code == 404
            assert client.get(path, params=query | {"financial_year": 1}).status_code == 422
            assert client.get(path, params=query | {"known_at": "yesterday"}).status_code == 422
