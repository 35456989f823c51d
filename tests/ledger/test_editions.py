"""The public summary as it is published: edition by edition, each frozen, open to everybody."""

import re
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from hnb.database import reading
from hnb.pages import Pages
from hnb.words import whole_pounds
from hnb_local.simulator.published import made_up_files
from ledger import editions
from ledger.api import benchmarks
from ledger.api import editions as api
from ledger.domain.documents import Document, Section, Table, as_csv
from ledger.pages import public
from tests.browsing import BROWSER, browse
from tests.cases import LEICESTER, budget, issued, made, registered, reserve, yearly
from tests.ledger.conftest import Books, Year
from tests.ledger.test_benchmarks_page import take_demo

FULL = {"start": "2025-04-01", "end": "2026-03-31"}
COUNCIL = {
    "authority": LEICESTER,
    "financial_year": 2025,
    "name": "Leicester City Council",
    "by": "Director of Finance",
}


def client(books: Books) -> TestClient:
    pages = Pages("ledger", "High Needs Block ledger", "/public")
    return browse(pages, api.make_router(books.engine, books.ledger), public.make_router(books.engine, pages))


@pytest.fixture
def council(books: Books) -> TestClient:
    """Twelve children at special schools, one of them dear, and two with an independent place."""
    books.take(
        budget("grant", 500_000), reserve(-100_000), registered(),
        *(issued(f"P-{n}", f"child{n:02}", primary_need="ASD", year_group=3) for n in range(14)),
        *(made(f"PL-{n}", yearly(30_000 + n), child=f"child{n:02}", **FULL) for n in range(12)),
        *(made(f"PL-{n}", yearly(66_500), child=f"child{n:02}", provision="independent", **FULL) for n in (12, 13)),
    )  # fmt: skip
    books.settle()
    return client(books)


def publish(council: TestClient, *, dry_run: bool = False, **more: Any) -> httpx.Response:
    answer: httpx.Response = council.post("/editions", json={**COUNCIL, "dry_run": dry_run, **more})
    return answer


def cell(document: Any, caption: str, row: str, column: str) -> str:
    table = next(t for section in document["sections"] for t in section["tables"] if t["caption"] == caption)
    return str(next(r for r in table["rows"] if r[0] == row)[table["head"].index(column)])


SPENDING = "Spending and children by kind of provision"


def test_a_dry_run_shows_what_would_be_published_and_keeps_nothing(council: TestClient) -> None:
    answer = publish(council, dry_run=True)
    assert answer.status_code == 200, answer.text
    assert not answer.json()["published"]
    assert council.get("/editions", params={"authority": LEICESTER}).json()["editions"] == []
    assert council.get(f"/public/{LEICESTER}/2025/document").status_code == 404


def test_few_children_and_what_would_tell_of_them_are_kept_back(council: TestClient) -> None:
    document = publish(council).json()["document"]
    assert cell(document, SPENDING, "Independent and non-maintained", "Children") == "c"
    assert cell(document, SPENDING, "Independent and non-maintained", "Spending") == "c"
    assert cell(document, SPENDING, "Special schools", "Children") == "c", "the total less these is the two"
    assert cell(document, SPENDING, "All", "Children") == "14"


def test_a_page_says_what_the_position_says(council: TestClient, books: Books) -> None:
    publish(council)
    page = council.get(f"/public/{LEICESTER}/2025", headers=BROWSER)
    assert page.status_code == 200
    of = books.position()
    for pence in (of.reserve.grant_pence, of.reserve.cost_pence, abs(of.reserve.closing_pence)):
        assert whole_pounds(round(pence, -5)) in page.text
    assert "Leicester City Council: how the High Needs Block was spent in 2025-26" in page.text
    assert "PL-" not in page.text
    assert "child0" not in page.text


def test_an_edition_stays_as_it_was_and_the_next_lists_what_changed(council: TestClient, books: Books) -> None:
    first = publish(council).json()
    refused = publish(council)
    assert refused.status_code == 409
    assert "nothing has changed since edition 1" in refused.json()["detail"]
    books.take(*(made(f"PX-{n}", yearly(9_000), child=f"late{n:02}", provision="mainstream", **FULL) for n in range(9)))
    books.settle()
    second = publish(council, name="Leicester City Council").json()
    assert second["number"] == 2
    assert {"where": SPENDING, "row": "Mainstream", "column": "Children", "before": "–", "after": "9"} in second[
        "changes"
    ]
    assert (
        council.get(f"/public/{LEICESTER}/2025/document", params={"edition": 1}).json()["document"] == first["document"]
    )
    page = council.get(f"/public/{LEICESTER}/2025", params={"edition": 1}, headers=BROWSER).text
    assert "newer edition" in page
    newest = council.get(f"/public/{LEICESTER}/2025", headers=BROWSER).text
    assert "What edition 2 changed" in newest


def test_what_lies_behind_an_edition_is_kept_whole_and_shown_to_nobody(council: TestClient, books: Books) -> None:
    publish(council)
    with reading(books.engine) as connection:
        (behind,) = editions.behind(connection, LEICESTER, 2025)
    assert behind.groups["spending", "independent"].children == 2
    assert ("spending", "independent") in behind.hidden_children
    assert "behind" not in council.get(f"/public/{LEICESTER}/2025/document").json()


def test_the_figures_are_to_be_had_as_csv(council: TestClient) -> None:
    publish(council)
    answer = council.get(f"/public/{LEICESTER}/2025/figures.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.text.startswith("\ufefftable,row,column,figure\r\n")
    assert f"{SPENDING},Independent and non-maintained,Children,c\r\n" in answer.text


def test_words_that_a_spreadsheet_would_run_stay_words_in_a_documents_csv() -> None:
    table = Table(caption="Measures", head=("Measure", "Owner"), rows=(("=1+1", "@SUM(A1)"),), numeric=0)
    document = Document(title="Plan", headlines=(), sections=(Section(id="plan", title="Plan", tables=(table,)),))
    assert as_csv(document).splitlines()[1:] == ["Measures,'=1+1,Owner,'@SUM(A1)"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        (f"/public/{LEICESTER}/2025", 404, "No summary of E06000016 was published for this year."),
        (f"/public/{LEICESTER}/2025?edition=3", 404, "No edition 3"),
        (f"/public/{LEICESTER}/2025?edition=x", 422, "<strong>edition</strong>"),
        (f"/public/{LEICESTER}/1889", 422, "<strong>year</strong>"),
        ("/public/Leicester/2025", 422, "<strong>authority</strong>"),
    ],
)
def test_what_was_not_published_or_is_no_address_is_a_page_that_says_so(
    books: Books, path: str, status: int, says: str
) -> None:
    answer = client(books).get(path, headers=BROWSER)
    assert answer.status_code == status
    assert says in answer.text
    assert "govuk-heading-l" in answer.text


@pytest.mark.parametrize(
    ("wrong", "status", "says"),
    [
        ({"financial_year": 2031}, 404, "nothing is known of E06000016 in 2031-32"),
        ({"name": " "}, 422, "name"),
        ({"by": ""}, 422, "by"),
        ({"authority": "Leicester"}, 422, "authority"),
        ({"surname": "x"}, 422, "surname"),
    ],
)
def test_a_wrong_publication_is_refused_and_names_the_field(
    council: TestClient, wrong: dict[str, Any], status: int, says: str
) -> None:
    answer = publish(council, **wrong)
    assert answer.status_code == status
    assert says in answer.text


def test_published_rates_of_other_councils_stand_beside_its_own(council: TestClient, books: Books) -> None:
    without = publish(council).json()["document"]
    assert any("No published figures of other councils" in str(section) for section in without["sections"])
    take_demo(browse(Pages("ledger", "", "/public"), benchmarks.make_router(books.engine, books.ledger)))
    answer = publish(council).json()
    assert answer["number"] == 2
    of_pupils = "Beside other councils", "Pupils with an EHC plan, 2025"
    found = [cell(answer["document"], *of_pupils, column) for column in ("This council", "Similar councils", "England")]
    assert found == ["4.6%", "5.2%", "5.3%"]  # of 4.9%, 5.2%, 5.5%, 5.9% and 4.9% that the invented neighbours have
    notes = next(one["notes"] for one in answer["document"]["sections"] if one["id"] == "comparators")
    assert all(name in notes[0] for name in made_up_files())
    assert_readable(Document.model_validate(answer["document"]))


def test_a_reader_of_twelve_can_read_it(year: Year) -> None:
    assert_readable(Document.model_validate(publish(client(year.books), dry_run=True).json()["document"]))


def assert_readable(document: Document) -> None:
    """By the Automated Readability Index: letters to a word and words to a sentence."""
    said = " ".join(words for s in document.sections for words in (*s.paragraphs, *s.points, *s.notes))
    words = re.findall(r"[A-Za-z']+", said)
    grade = 4.71 * sum(map(len, words)) / len(words) + 0.5 * len(words) / len(re.findall(r"[.!?](?: |$)", said)) - 21.43
    assert grade + 5 <= 12, f"it takes a reader of {grade + 5:.1f}"


def test_the_leicester_year_is_told_as_the_review_has_it(year: Year) -> None:
    document = publish(client(year.books), dry_run=True).json()["document"]
    assert [one["figure"] for one in document["headlines"]] == [
        "£88,600,000",
        "£111,200,000",
        "£22,600,000",
        "£44,800,000",
    ]
    assert cell(document, SPENDING, "Independent and non-maintained", "Spending") == "£11,638,000"
    told = [words for section in document["sections"] for words in section["paragraphs"]]
    assert "8.7% of the spending was on support services." in told
    assert any("£40,320,000" in words and "£4,480,000" in words for words in told)
    assert cell(document, "Appeals made, by year", "2025-26", "Appeals") == "88"
