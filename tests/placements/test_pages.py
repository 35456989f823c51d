"""The pages of placement staff over a real register: what they show is what the JSON routes answer."""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient

from hnb.money import pounds
from hnb.words import whole_pounds
from placements.app import build
from placements.settings import PlacementsSettings
from tests.browsing import BROWSER, words_of
from tests.cases import LEICESTER, Json, issued, made, registered, yearly
from tests.conftest import Servers, emptied, fresh_databases
from tests.placements.edges import worked
from tests.placements.test_door import post

OWN = "http://127.0.0.1"  # pages that are open are so on loopback alone
NAMES = ("places", "places/{}/out-of-area", "waits", "clocks", "tribunals")
PATHS = [f"/{name.format(LEICESTER)}" if "{}" in name else f"/{name}/{LEICESTER}" for name in NAMES]


@pytest.fixture(scope="module")
def staff(servers: Servers) -> Iterator[TestClient]:
    """A register at its edges, which no test here changes."""
    with fresh_databases(servers) as database_url:
        settings = PlacementsSettings(database_url=database_url("placements"), broker_url=emptied(servers))
        service = build(settings)
        service.prepare()
        with TestClient(service.asgi(), OWN, raise_server_exceptions=False) as client:
            assert post(client, worked()).status_code == 200
            yield client


def shown(client: TestClient, path: str, status: int = 200, **asked: Any) -> str:
    """The page as a person reads it: its words alone."""
    answer = client.get(path, params=asked or None, headers=BROWSER)  # {} would take away what the path asks
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return words_of(answer.text)


def told(client: TestClient, route: str, **asked: Any) -> Any:
    answer = client.get(route, params={"authority": LEICESTER, "limit": 5_000, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows(client: TestClient, path: str, **asked: Any) -> list[Json]:
    answer = client.get(path, params={**asked, "format": "csv"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(answer.text)))


def test_every_page_names_itself_and_its_council_and_says_as_at_when(staff: TestClient) -> None:
    for path in PATHS:
        page = staff.get(path, headers=BROWSER).text
        title = page.partition("<title>")[2].partition("</title>")[0]
        assert LEICESTER in title
        assert "As at " in page
        assert 'format=csv">' in page
        assert "<script" not in page
        assert "child-" not in page, "no page names a child, by whatever reference"


def test_places_are_those_of_the_settings_route(staff: TestClient) -> None:
    every = told(staff, "/settings")["settings"]
    counted = [one for one in every if one["capacity"] is not None]
    page = shown(staff, f"/places/{LEICESTER}")
    capacity, filled = (sum(one[key] for one in counted) for key in ("capacity", "filled"))
    assert f"Places {capacity} at {len(counted)} settings" in page
    assert f"Children in them {filled} " in page
    assert f"Places free {sum(one['vacancies'] for one in counted)} " in page
    assert {row["setting_id"]: row["filled"] for row in rows(staff, f"/places/{LEICESTER}")} == {
        one["setting_id"]: str(one["filled"]) for one in every
    }


def test_a_full_and_an_empty_setting_are_marked_in_words(staff: TestClient) -> None:
    page = shown(staff, f"/places/{LEICESTER}")
    assert "Over 95%: 1 more than its places" in page, "3 children in 2 places"
    assert "Under 80%" in page
    assert "Capacity not known" in page


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"occupancy": "high"}, {"SET-1"}), ({"occupancy": "low"}, {"SET-4"}), ({"area": "out"}, {"SET-5"}),
     ({"occupancy": "not-counted", "area": "in"}, {"SET-3"}), ({"provision": "post-16"}, set()),
     ({"provision": "special", "area": "", "occupancy": "", "on": "", "phase": ""}, {f"SET-{n}" for n in range(1, 6)})],
)  # fmt: skip
def test_settings_are_filtered_by_the_address(staff: TestClient, asked: dict[str, Any], expected: set[str]) -> None:
    assert {row["setting_id"] for row in rows(staff, f"/places/{LEICESTER}", **asked)} == expected
    assert shown(staff, f"/places/{LEICESTER}", **asked).count("SET-") == 0, "people read names"


def test_a_filter_that_is_set_stays_set_and_is_in_the_link_to_the_file(staff: TestClient) -> None:
    page = staff.get(f"/places/{LEICESTER}?occupancy=low&on=", headers=BROWSER).text
    assert '<option value="low" selected>' in page
    assert 'href="?occupancy=low&amp;format=csv"' in page


def test_out_of_area_headlines_are_those_of_the_route(staff: TestClient) -> None:
    total = told(staff, "/out-of-area")["total"]
    page = shown(staff, f"/places/{LEICESTER}/out-of-area")
    assert f"Placements out of area {total['placements']} " in page
    assert f"Cost a year {whole_pounds(total['cost_a_year_pence'])}" in page
    assert f"With a local place free {total['with_alternative']} " in page
    assert f"Could move and cost less {total['could_move']} " in page
    assert f"Less in a year {whole_pounds(total['could_move_difference_pence'])} " in page
    assert "It is a price and not an offer" in page
    assert total["placements"] > total["with_alternative"] > 0
    assert "None is known to be free" in page
    places = shown(staff, f"/places/{LEICESTER}")
    assert f"{total['placements']} placements are out of area, {whole_pounds(total['cost_a_year_pence'])}" in places


def test_waits_are_those_of_the_waiting_route(staff: TestClient) -> None:
    every = told(staff, "/waiting", only="all")["waiting"]
    without = [one for one in every if one["place_from"] is None]
    page = shown(staff, f"/waits/{LEICESTER}")
    assert f"Plans in force {told(staff, '/waiting/summary')['plans']} " in page
    assert f"Waiting, no place to come {len(without)} " in page
    assert f"Longest wait {max(one['days_waiting'] for one in every)} days" in page
    listed = rows(staff, f"/waits/{LEICESTER}")
    assert {row["plan_id"]: row["days_waiting"] for row in listed} == {
        one["plan_id"]: str(one["days_waiting"]) for one in every
    }
    days = [int(row["days_waiting"]) for row in listed]
    assert days == sorted(days, reverse=True)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [({"need": "SEMH"}, {"P-5", "P-6"}), ({"provision": "independent"}, {"P-8"}), ({"only": "to-come"}, {"P-7"}),
     ({"phase": "early-years"}, {"P-7"}), ({"need": "VI"}, set())],
)  # fmt: skip
def test_waits_are_filtered_by_phase_need_and_provision(
    staff: TestClient, asked: dict[str, Any], expected: set[str]
) -> None:
    assert {row["plan_id"] for row in rows(staff, f"/waits/{LEICESTER}", **asked)} == expected


def test_clocks_are_those_of_the_routes_the_nearest_first(staff: TestClient) -> None:
    requests = told(staff, "/statutory-clocks")["clocks"]
    overdue = sum(one["overdue"] for one in requests)
    near = sum(0 <= one["days_left"] <= 28 for one in requests)
    page = shown(staff, f"/clocks/{LEICESTER}", kind="request")
    assert f"Overdue {overdue} " in page
    assert f"Run out within 28 days {near} " in page
    assert "Week 5 of 6" in page
    orders = [one for one in told(staff, "/tribunal-deadlines")["deadlines"] if one["state"] == "overdue"]
    assert f"Overdue {len(orders)} " in shown(staff, f"/clocks/{LEICESTER}", kind="order", state="overdue")
    days = [int(row["days_left"]) for row in rows(staff, f"/clocks/{LEICESTER}", state="overdue")]
    assert days == sorted(days, reverse=True)
    assert days[0] < 0


def test_the_review_of_tribunals_is_that_of_the_route(staff: TestClient) -> None:
    review = staff.get("/tribunals", params={"authority": LEICESTER, "from": "2020-04-01"}).json()
    total = review["total"]
    page = shown(staff, f"/tribunals/{LEICESTER}")
    for words, figure in (("Appeals lodged", total["lodged"]), ("Appeals concluded", total["concluded"]),
                          ("Open on the last day", total["open"]), ("Cost", pounds(total["cost_pence"]))):  # fmt: skip
        assert f"{words} {figure} " in page
    assert "not recorded efficiently from 2020 until then" in page
    assert "2023-24 Not reliably recorded " in page
    assert "2024-25 Not reliably recorded before 1 December 2024 " in page
    legal = next(one for one in review["costs_by_kind"] if one["kind"] == "legal")
    assert f"Legal advice {legal['items']} {legal['appeals']} " in page
    assert "2025-26 Reliably " in page
    assert "not recorded efficiently" not in shown(staff, f"/tribunals/{LEICESTER}?from=2025-04-01")
    said = rows(staff, f"/tribunals/{LEICESTER}")
    assert next(row["value"] for row in said if (row["part"], row["measure"]) == ("total", "lodged")) == str(
        total["lodged"]
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_council_nothing_is_known_of_is_a_page_that_says_so(staff: TestClient, path: str) -> None:
    page = shown(staff, path.replace(LEICESTER, "E08000099"), 404)
    assert "No case system has sent anything about E08000099: check the code in the address" in page
    assert "Go to the start of Places and waits" in page
    assert "a council is named by its ONS code, such as E06000016" in shown(
        staff, path.replace(LEICESTER, "leicester"), 422
    )


@pytest.mark.parametrize(
    ("path", "asked", "status", "says"),
    [(PATHS[0], {"area": "inside"}, 422, "area : "), (PATHS[0], {"phase": "nursery"}, 422, "Phase: nothing here has"),
     (PATHS[0], {"on": "31/03/2026"}, 422, "on : "), (PATHS[0], {"colour": "red"}, 422, "colour : "),
     (PATHS[0], {"page": "0"}, 422, "page : "), (PATHS[0], {"page": "2"}, 404, "begin at page 1"),
     (PATHS[1], {"provision": "speical"}, 422, "provision"), (PATHS[2], {"need": "XYZ"}, 422, "need : "),
     (PATHS[3], {"within": "soon"}, 422, "within : "), (PATHS[3], {"state": "late"}, 422, "state : "),
     (PATHS[4], {"from": "2026-02-30"}, 422, "from : "),
     (PATHS[4], {"from": "2026-01-01", "to": "2025-01-01"}, 422, "give an earlier one"),
     (PATHS[4], {"format": "pdf"}, 422, "format : ")],
)  # fmt: skip
def test_what_is_asked_wrongly_is_a_page_that_names_it(
    staff: TestClient, path: str, asked: dict[str, str], status: int, says: str
) -> None:
    page = shown(staff, path, status, **asked)
    assert says in page
    assert "Go to the start of Places and waits" in page


def test_every_view_of_a_plan_placement_or_appeal_is_in_the_trail(door: TestClient) -> None:
    post(door, worked())
    for path, kind, id in ((PATHS[1], "placement", "PL-F0"), (PATHS[2], "plan", "P-5"), (PATHS[3], "request", "R-3")):
        assert door.get("/views", params={"record": id}).json()["views"] == []
        shown(door, OWN + path)
        seen = door.get("/views", params={"record": id, "authority": LEICESTER}).json()["views"]
        assert [(one["kind"], one["service"], one["subject"]) for one in seen] == [(kind, "placements", "loopback")]
        rows(door, OWN + path)
        assert len(door.get("/views", params={"record": id}).json()["views"]) == 2, "a file shows them too"


def test_what_no_page_shows_is_in_no_trail(door: TestClient) -> None:
    post(door, worked())
    shown(door, f"{OWN}{PATHS[2]}", need="SEMH")
    assert {one["record"] for one in door.get("/views").json()["views"]} == {"P-5", "P-6"}
    for path in (PATHS[0], PATHS[4]):
        shown(door, OWN + path)
    assert len(door.get("/views").json()["views"]) == 2, "these two name no child's record"


def test_a_long_list_is_shown_page_by_page_and_whole_as_a_file(door: TestClient) -> None:
    post(door, [registered(f"SET-{n:03d}", 5, name=f"School {n}") for n in range(205)])
    path = f"{OWN}/places/{LEICESTER}"
    assert "Settings 1 to 100 of 205." in shown(door, path)
    last = door.get(f"{path}?area=in&page=3", headers=BROWSER).text
    assert "Settings 201 to 205 of 205." in last
    assert 'rel="prev"' in last
    assert 'href="?area=in&amp;page=2"' in last
    assert 'rel="next"' not in last
    assert len(rows(door, path, page=3)) == 205


def test_the_start_lists_the_councils_that_are_known(door: TestClient) -> None:
    assert "No case system has sent anything yet" in shown(door, f"{OWN}/places")
    post(door, [registered("A"), registered("B"), registered("A", authority="E08000025")])
    page = door.get(f"{OWN}/places", headers=BROWSER).text
    assert re.findall(r'href="/waits/(E\d+)"', page) == [LEICESTER, "E08000025"]


def test_a_name_that_is_markup_or_a_formula_is_shown_as_words(door: TestClient) -> None:
    name = "=HYPERLINK(<b>Fosse</b>)"
    post(door, [registered(name=name, in_area=False), issued("P-1"), made("PL-1", yearly(1))])
    for path in (OWN + one for one in PATHS[:2]):
        assert "<b>Fosse" not in door.get(path, headers=BROWSER).text
        assert any(value == f"'{name}" for row in rows(door, path) for value in row.values())
