"""A report as CSV: its header, every row, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from fastapi.testclient import TestClient

from placements.api.answers import LINES_A_CHUNK, cell
from tests.cases import LEICESTER, Json, issued, made, registered
from tests.placements.test_door import post

ROUTES = ("/settings", "/waiting", "/waiting/summary", "/out-of-area", "/mismatches", "/early-support")


def as_csv(door: TestClient, route: str, **headers: str) -> list[dict[str, str]]:
    query = "" if headers else "&format=csv"
    answer = door.get(f"{route}?authority={LEICESTER}{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].endswith('.csv"')
    return list(csv.DictReader(io.StringIO(answer.text)))


def listed(answer: Json) -> Sequence[Json]:
    return next(value for key, value in answer.items() if key in ("settings", "waiting", "placements", "mismatches"))


@pytest.mark.parametrize("route", ROUTES)
def test_every_report_is_the_same_in_json_and_csv(door: TestClient, route: str) -> None:
    post(door, [registered("AWAY", in_area=False), issued("P-1", "a", year_group=3), made("PL-1", child="b"),
                made("PL-2", child="b"), made("PL-3", child="c", setting="AWAY")])  # fmt: skip
    rows = listed(door.get(route, params={"authority": LEICESTER}).json())
    assert [[cell(value) for value in row.values()] for row in rows] == [
        list(row.values()) for row in as_csv(door, route)
    ]
    assert rows or route == "/early-support"


@pytest.mark.parametrize("route", ROUTES)
def test_a_report_of_nothing_is_a_header_alone(door: TestClient, route: str) -> None:
    answer = door.get(route, params={"authority": LEICESTER, "format": "csv"})
    assert answer.text.count("\n") == 1
    assert answer.text.count(",") > 3


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("text/csv", True), ("text/csv; charset=utf-8, application/json;q=0.5", True), ("application/json", False),
     ("*/*", False), ("application/json, text/csv;q=0.5", False), ("text/html,*/*;q=0.8", False)],
)  # fmt: skip
def test_the_accept_header_asks_for_csv_too(door: TestClient, accept: str, expected: bool) -> None:
    answer = door.get("/settings", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("text/csv") is expected


def test_what_the_address_asks_for_goes_before_the_accept_header(door: TestClient) -> None:
    assert door.get("/settings?format=json", headers={"accept": "text/csv"}).json()["settings"] == []


def test_a_csv_streams_every_row_whatever_the_limit(door: TestClient) -> None:
    plans = 2 * LINES_A_CHUNK + 1
    for start in range(0, plans, 500):
        post(door, [issued(f"P-{i:05}", f"child-{i}") for i in range(start, min(start + 500, plans))])
    answer = door.get("/waiting?format=csv&limit=1")
    assert [row["plan_id"] for row in csv.DictReader(io.StringIO(answer.text))] == [f"P-{i:05}" for i in range(plans)]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+44", "-1+2", "@SUM(A1)", "\t=1", '=1,"2"\r\n=3'])
def test_a_name_that_a_spreadsheet_would_run_is_made_text(door: TestClient, name: str) -> None:
    assert post(door, registered(name=name)).status_code == 202
    (row,) = as_csv(door, "/settings")
    assert row["name"] == "'" + name
    assert listed(door.get("/settings").json())[0]["name"] == name, "JSON says it as it was said"


def test_a_negative_number_stays_a_number() -> None:
    values: list[Any] = [-5, -0.5, "-5", None, True, ["=a", "b"], ["a", "=b"], "a=b"]
    assert [cell(value) for value in values] == ["-5", "-0.5", "'-5", "", "true", "'=a; b", "a; =b", "a=b"]
