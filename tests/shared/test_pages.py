"""The look all pages share: its frame, its assets, its charts, and refusals that a person can read."""

import asyncio
from datetime import UTC, datetime
from xml.etree import ElementTree

import httpx
import pytest
from fastapi import APIRouter, HTTPException, Query, Request, Response
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb import words
from hnb.charts import Bar, Point, bars, fan
from hnb.http import Problem, problem
from hnb.pages import HEADERS, TAG, Link, Pages
from hnb.pages.refusing import InWords
from tests.browsing import BROWSER, browse

PAGES = Pages("ledger", "High Needs Block ledger", "/", [Link("Position", "/board")])


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/position", tags=[TAG])
    def position(request: Request, year: int = Query(ge=1990)) -> Response:
        if year == 1999:
            raise HTTPException(404, "nothing is known of 1999-00")
        if year == 2000:
            raise RuntimeError("a secret of the machine room")
        return PAGES.show(request, "hnb/page.html")

    @router.get("/as-json")
    def as_json() -> Problem:
        return Problem(title="", status=200, detail="")

    return router


def ask(path: str, headers: dict[str, str] = BROWSER) -> httpx.Response:
    answer: httpx.Response = browse(PAGES, routes()).get(path, headers=headers)
    return answer


def test_a_page_loads_its_style_from_its_own_service_and_no_script_at_all() -> None:
    answer = ask("/position?year=2025")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert "<script" not in answer.text
    assert "://" not in answer.text
    style = answer.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    dressed = ask(style)
    assert dressed.headers["content-type"].startswith("text/css")
    assert ".govuk-table" in dressed.text
    assert "GDS Transport" not in dressed.text, "only GOV.UK itself may use its font"


def test_nothing_but_the_assets_is_served_as_one() -> None:
    assert ask("/assets/..%2f__init__.py").status_code == 404
    assert ask("/assets/hnb.scss").status_code == 404


def test_a_browser_is_refused_with_a_page_that_names_the_field() -> None:
    answer = ask("/position?year=12")
    assert answer.status_code == 422
    assert "<strong>year</strong>: Input should be greater than or equal to 1990" in answer.text
    assert "Correct what is named here" in answer.text


def test_a_program_is_refused_with_problem_details() -> None:
    answer = ask("/position?year=12", {"accept": "application/json"})
    assert answer.json()["errors"][0]["field"] == "year"


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nowhere", 404, "Page not found"),
        ("/position?year=1999", 404, "Nothing is known of 1999-00."),
        ("/position?year=%00", 422, "zero byte"),
    ],
)
def test_what_is_not_there_is_a_page(path: str, status: int, says: str) -> None:
    answer = ask(path)
    assert answer.status_code == status
    assert says in answer.text
    assert 'href="/"' in answer.text


def test_a_fault_of_ours_shows_a_reference_and_nothing_of_the_machine() -> None:
    answer = ask("/position?year=2000")
    assert answer.status_code == 500
    assert f"Reference: {answer.headers['x-correlation-id']}." in answer.text
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_what_a_refusal_repeats_is_escaped() -> None:
    app = InWords(problem(404, "nothing is known of <script>alert(1)</script>"), PAGES)

    async def one() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ledger") as client:
            return await client.get("/", headers=BROWSER)

    assert "&lt;script&gt;" in asyncio.run(one()).text


AMOUNTS = st.floats(-1e9, 1e9).map(lambda pounds: round(pounds, 2))


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=20), AMOUNTS), max_size=12))
def test_bars_are_well_formed_and_lie_within_the_picture(rows: list[tuple[str, float]]) -> None:
    drawn = bars("Spending & children", [Bar(label, value, f"£{value}") for label, value in _printable(rows)])
    picture = ElementTree.fromstring(drawn)
    for rect in picture.iter("{http://www.w3.org/2000/svg}rect"):
        left, wide = float(rect.attrib["x"]), float(rect.attrib["width"])
        assert left >= 0
        assert left + wide <= 961


@settings(deadline=None)
@given(st.lists(AMOUNTS, max_size=12))
def test_a_fan_is_well_formed_and_lies_within_the_picture(values: list[float]) -> None:
    points = [Point(f"{2020 + n}", v, v - 10, v + 10) for n, v in enumerate(values)]
    drawn = fan("The reserve", points, str)
    if not values:
        assert drawn == ""
        return
    for line in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}polyline"):
        for pair in line.attrib["points"].split():
            across, down = map(float, pair.split(","))
            assert 0 <= across <= 960
            assert 0 <= down <= 380


def _printable(rows: list[tuple[str, float]]) -> list[tuple[str, float]]:
    return [("".join(c for c in label if c.isprintable()), value) for label, value in rows]


def test_figures_are_written_as_people_read_them() -> None:
    assert words.millions(-2_220_000_000) == "−£22.20m"
    assert words.whole_pounds(123_450) == "£1,235"
    assert words.percent(970, 11_120) == "8.7%"
    assert words.percent(1, 0) == "–"
    assert words.moment(datetime(2025, 7, 1, 23, 5, tzinfo=UTC)) == "2 July 2025 at 12:05am"
    assert words.until(datetime(2025, 7, 1, 23, 0, tzinfo=UTC)) == "the end of 1 July 2025"
    assert words.until(datetime(2025, 12, 1, 23, 0, tzinfo=UTC)) == "1 December 2025 at 11:00pm"
