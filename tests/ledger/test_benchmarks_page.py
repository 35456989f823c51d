"""Published figures over a real database: imported, replaced and kept, asked for as JSON and seen as a page."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from hnb.pages import Pages
from hnb_local.benchmarking.importing import Sending
from hnb_local.simulator.published import made_up_files
from ledger.api import benchmarks as api
from ledger.pages import benchmarks as page
from ledger.published.editions import Edition
from ledger.published.reading import read_csv
from tests.browsing import BROWSER, browse
from tests.ledger.conftest import Books
from tests.ledger.published_files import DERBY, ENGLAND, LEICESTER, near, people, plans, spend


@pytest.fixture
def door(books: Books) -> TestClient:
    pages = Pages("ledger", "High Needs Block ledger", "/public")
    return browse(pages, api.make_router(books.engine, books.ledger), page.make_router(books.engine, pages))


def body(edition: Edition, **more: Any) -> dict[str, Any]:
    """What `hnb import benchmarks` sends of an edition."""
    return {**Sending("", "finance", keep=True).body(edition), **more}


def take(door: TestClient, text: str, name: str = "plans.csv", **more: Any) -> Any:
    answer = door.post("/comparisons/files", json=body(read_csv(name, text.encode()), **more))
    assert answer.status_code == 200, answer.text
    return answer.json()


def take_demo(door: TestClient) -> None:
    for name, text in made_up_files().items():
        take(door, text, name)


def rate(answer: Any, name: str) -> Any:
    return next(one for one in answer["rates"] if one["rate"] == name)


FIRST = plans(("2024", LEICESTER, "3824"), ("2025", LEICESTER, "4000"), ("2025", DERBY, "c"))
SECOND = plans(("2025", LEICESTER, "4057"), ("2025", DERBY, "2900"))
PEOPLE = people(("2024", LEICESTER, "137000"), ("2024", DERBY, "90000"))


def test_a_dry_run_says_what_would_be_new_and_keeps_nothing(door: TestClient) -> None:
    would = take(door, FIRST, dry_run=True)
    assert would["figures"] == {"new": 3, "changed": 0, "unchanged": 0}
    assert (would["imported"], would["number"]) == (False, None)
    assert door.get("/comparisons/files").json() == {"files": []}
    assert door.get("/comparisons", params={"authority": LEICESTER}).status_code == 404


def test_the_same_file_again_changes_nothing(door: TestClient) -> None:
    assert take(door, FIRST)["imported"] is True
    again = take(door, FIRST)
    assert (again["imported"], again["imported_before"]["number"]) == (False, 1)
    assert len(door.get("/comparisons/files").json()["files"]) == 1


def test_a_newer_edition_replaces_figures_and_what_was_believed_before_can_still_be_asked(door: TestClient) -> None:
    take(door, FIRST)
    take(door, PEOPLE, "people.csv")
    then = door.get("/comparisons/files").json()["files"][0]["recorded_at"]
    done = take(door, SECOND)
    assert done["figures"] == {"new": 0, "changed": 2, "unchanged": 0}
    assert {(c["before"]["value"], c["before"]["symbol"], c["after"]["value"]) for c in done["changes"]} == {
        (4_000, None, 4_057), (None, "c", 2_900),
    }  # fmt: skip
    asked = {"authority": LEICESTER, "comparators": ["Derby"]}
    now = rate(door.get("/comparisons", params=asked).json(), "plans")
    assert (now["value"], now["comparators"][0]["value"]) == (2.96, 3.22)
    before = rate(door.get("/comparisons", params={**asked, "known_at": then}).json(), "plans")
    assert (before["value"], before["comparators"][0]["value"]) == (2.92, None)
    assert before["comparators"][0]["why"] == "withheld, so that nobody can be told from it"


def test_an_old_edition_imported_by_mistake_is_put_right_by_again(door: TestClient) -> None:
    take(door, SECOND)
    take(door, FIRST)
    assert take(door, SECOND)["imported"] is False
    assert take(door, SECOND, again=True)["figures"]["changed"] == 2


def test_neighbours_are_the_comparators_until_others_are_asked_for(door: TestClient) -> None:
    take_demo(door)
    usual = door.get("/comparisons", params={"authority": LEICESTER}).json()
    assert usual["comparators"]["chosen"] == "statistical neighbours"
    assert usual["comparators"]["authorities"][0]["name"] == "Barchester (invented)"
    asked = door.get("/comparisons", params={"authority": LEICESTER, "comparators": ["cranford"]}).json()
    assert asked["comparators"]["chosen"] == "as asked"
    assert [one["authority"] for one in asked["comparators"]["authorities"]] == ["E06999904"]


def test_growth_is_answered_for_the_authority_and_england_to_the_penny(door: TestClient) -> None:
    take(door, plans(("2024", LEICESTER, "3824"), ("2025", LEICESTER, "4057"), ("2024", ENGLAND, "500000"),
                     ("2025", ENGLAND, "550000")))  # fmt: skip
    take(door, spend(("202324", LEICESTER, "79.4"), ("202425", LEICESTER, "88.9"), ("202324", ENGLAND, "10000"),
                     ("202425", ENGLAND, "11000")), "spend.csv")  # fmt: skip
    leicester, england = door.get("/comparisons", params={"authority": LEICESTER}).json()["growth"]
    assert leicester["growth_pence"] == leicester["caseload_pence"] + leicester["price_pence"] == 950_000_000
    assert (england["caseload_pence"], england["price_pence"]) == (100_000_000_000, 0)
    assert england["caseload_percent"] == 100.0


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ({"authority": "E06000015"}, 404, "no published file names E06000015"),
        ({"authority": ENGLAND}, 404, "no published file names"),
        ({"authority": "Leicester"}, 422, "authority"),
        ({"comparators": ["Atlantis"]}, 422, "no published file names 'Atlantis'"),
        ({"comparators": [LEICESTER]}, 422, "no comparator of itself"),
        ({"from_year": 2023}, 422, "from_year and to_year"),
        ({"from_year": 2024, "to_year": 2023}, 422, "from_year and to_year"),
    ],
)
def test_a_question_that_makes_no_sense_is_told_what_is_wrong(
    door: TestClient, query: dict[str, Any], status: int, says: str
) -> None:
    take_demo(door)
    answer = door.get("/comparisons", params={"authority": LEICESTER, **query})
    assert answer.status_code == status
    assert says in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "weather"}, {"sha256": "x"},
        {"figures": [{"authority": LEICESTER, "measure": "rain", "year": 2025, "value": 1}]},
        {"figures": [{"authority": LEICESTER, "measure": "plans", "year": 2025}]},
        {"figures": [{"authority": LEICESTER, "measure": "plans", "year": 2025, "value": 1, "symbol": "c"}]},
        {"figures": [{"authority": LEICESTER, "measure": "plans", "year": 2025, "symbol": "?"}]},
        {"figures": [{"authority": LEICESTER, "measure": "plans", "year": 2025, "value": n} for n in (1, 2)]},
        {"neighbours": {LEICESTER: [LEICESTER]}}, {"neighbours": {LEICESTER: [DERBY, DERBY]}},
    ],
)  # fmt: skip
def test_what_no_reader_would_send_is_refused_whole(door: TestClient, change: dict[str, Any]) -> None:
    given = {**body(read_csv("plans.csv", FIRST.encode())), **change}
    assert door.post("/comparisons/files", json=given).status_code == 422
    assert door.get("/comparisons/files").json() == {"files": []}


def test_no_imported_figure_can_be_changed_or_taken_out(door: TestClient, books: Books) -> None:
    take(door, FIRST)
    for statement in ("UPDATE benchmark_figures SET value = 1", "DELETE FROM benchmark_files"):
        with books.engine.connect() as connection, pytest.raises(Exception, match="is append-only"):
            connection.exec_driver_sql(statement)


def test_the_page_shows_what_the_json_says_with_a_chart_beside_each_table(door: TestClient) -> None:
    take_demo(door)
    shown = door.get(f"/benchmarks/{LEICESTER}", headers=BROWSER)
    assert shown.status_code == 200
    assert "<title>Benchmarks of Leicester" in shown.text
    assert "Compared with its 5 statistical neighbours" in shown.text
    assert "4.6%" in shown.text
    assert "5.3%" in shown.text
    assert shown.text.count("<svg") == 6
    for caption in (
        "Pupils with an EHC plan, 2025, by council",
        "High needs spending per head aged 0 to 25, 2024-25, by council",
    ):
        assert caption in shown.text
    assert "invented-ehc-plans.csv" in shown.text


def test_the_page_compares_with_whom_its_address_says(door: TestClient) -> None:
    take_demo(door)
    shown = door.get(f"/benchmarks/{LEICESTER}", params={"comparators": "Cranford; E06999905"}, headers=BROWSER)
    assert "Compared with the 2 councils asked for" in shown.text
    assert "Barchester" not in shown.text
    assert 'value="Cranford; E06999905"' in shown.text


def test_a_name_nobody_knows_is_said_beside_the_field_and_the_usual_are_shown(door: TestClient) -> None:
    take_demo(door)
    shown = door.get(f"/benchmarks/{LEICESTER}", params={"comparators": "<Atlantis>"}, headers=BROWSER)
    assert shown.status_code == 422
    assert "<title>Error: Benchmarks of Leicester" in shown.text
    assert 'id="comparators-error"' in shown.text
    assert "&lt;Atlantis&gt;" in shown.text
    assert "<Atlantis>" not in shown.text
    assert "Compared with its 5 statistical neighbours" in shown.text


def test_the_page_says_what_is_missing_where_too_little_was_imported(door: TestClient) -> None:
    take(door, plans(("2025", LEICESTER, "4057")))
    shown = door.get(f"/benchmarks/{LEICESTER}", params={"from_year": "", "to_year": ""}, headers=BROWSER).text
    assert "No statistical neighbours have been imported for Leicester" in shown
    assert "say too little of Leicester" in shown
    assert "Nothing to show: spending and EHC plans" in shown


def test_a_council_nobody_published_is_a_page_that_says_so(door: TestClient) -> None:
    shown = door.get(f"/benchmarks/{DERBY}", headers=BROWSER)
    assert shown.status_code == 404
    assert "<html" in shown.text


def test_councils_are_listed_by_name(door: TestClient) -> None:
    assert "No published file has been imported yet" in door.get("/benchmarks", headers=BROWSER).text
    take_demo(door)
    listed = door.get("/benchmarks", headers=BROWSER).text
    assert listed.index("Barchester") < listed.index("Casterbridge") < listed.index("Leicester")
    assert "England" not in listed.split("<h1")[1]


def test_neighbours_that_changed_replace_the_whole_list(door: TestClient) -> None:
    take(door, FIRST)
    take(door, near((LEICESTER, DERBY, "1"), (LEICESTER, "E06000018", "2")), "near.csv")
    take(door, near((LEICESTER, "E06000018", "1")), "near.csv")
    answer = door.get("/comparisons", params={"authority": LEICESTER}).json()
    assert [one["authority"] for one in answer["comparators"]["authorities"]] == ["E06000018"]
