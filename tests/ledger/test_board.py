"""Finance's board over real books: what it shows is what the routes answer, and every wrong address says what to do."""

import csv
from datetime import UTC, datetime
from io import BytesIO, StringIO

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from hnb.money import pounds
from hnb.pages import Pages
from hnb.words import whole_pounds
from ledger.pages import board, lines
from ledger.reports.exceptions import Counting
from tests.browsing import BROWSER, browse
from tests.cases import LEICESTER, budget, made, paid, reserve, yearly
from tests.ledger.conftest import Books, Year

HOME = f"/board/{LEICESTER}/2025"


def client(books: Books) -> TestClient:
    pages = Pages("ledger", "High Needs Block ledger", "/public")
    counting = Counting(books.engine, books.ledger, unpaid_days=60)
    while counting.count():
        pass
    return browse(
        pages, board.make_router(books.engine, pages, counting), lines.make_router(books.engine, books.ledger, pages)
    )


@pytest.fixture(scope="module")
def leicester(year: Year) -> TestClient:
    return client(year.books)


def text(client: TestClient, address: str, status: int = 200) -> str:
    answer = client.get(address, headers=BROWSER)
    assert answer.status_code == status, answer.text
    return str(answer.text)


def test_the_board_shows_the_position_to_the_penny(leicester: TestClient, year: Year) -> None:
    page, of = text(leicester, HOME), year.books.position()
    reserve_of = of.reserve
    for pence in (reserve_of.grant_pence, of.total.cost_pence, reserve_of.in_year_pence, reserve_of.closing_pence):
        assert pounds(pence) in page
    for line, found in of.lines.items():
        assert f'href="{HOME}/lines/{line}"' in page
        assert whole_pounds(found.headroom_pence) in page
    assert page.count("Over budget") == sum(
        found.headroom_pence < 0 for line, found in of.lines.items() if line != "tribunal"
    )


def test_the_board_as_a_file_is_the_position_to_the_penny(leicester: TestClient, year: Year) -> None:
    of = year.books.position()
    answer = leicester.get(HOME, params={"form": "csv"})
    rows = {row["Line"]: row for row in csv.DictReader(StringIO(answer.content.decode("utf-8-sig")))}
    assert rows["Total"]["Committed (£)"] == f"{of.total.committed_pence / 100:.2f}"
    assert rows["Special schools"]["Spent (£)"] == f"{of.lines['special'].spent_pence / 100:.2f}"
    book = load_workbook(BytesIO(leicester.get(HOME, params={"form": "xlsx"}).content))
    cells = [[cell.value for cell in row] for row in book["Position"].rows]
    assert len(cells) == len(of.lines) + 2
    assert cells[-1][2] == of.total.budget_pence / 100


def test_a_line_is_made_of_its_commitments_page_by_page(leicester: TestClient, year: Year) -> None:
    page = text(leicester, f"{HOME}/lines/independent")
    of = year.books.position().lines["independent"]
    assert pounds(of.committed_pence) in page
    assert pounds(of.spent_pence) in page
    seen, after = 0, ""
    while True:
        page = text(leicester, f"{HOME}/lines/independent{after}")
        seen += page.count(f'href="/board/{LEICESTER}/commitments/')
        if 'rel="next"' not in page:
            break
        after = page.partition('pagination__link" href="')[2].partition('"')[0]
    rows = list(csv.reader(StringIO(leicester.get(f"{HOME}/lines/independent?form=csv").text)))
    assert seen == len(rows) - 1 > 100


def test_a_commitment_is_explained_from_its_events_to_its_pence(books: Books) -> None:
    books.take(budget("special", 50_000), made("PL-1", yearly(30_000), end="2026-03-31"), paid("PL-1", 1_000))
    page = text(client(books), f"/board/{LEICESTER}/commitments/PL-1")
    assert "£30,000.00" in page
    assert "Placement made" in page
    assert "Payment made" in page
    assert "committed → spent" in page


def test_what_was_known_then_is_shown_as_it_was(books: Books) -> None:
    books.take(budget("grant", 90_000), reserve(-5_000), made("PL-1", yearly(30_000), end="2026-03-31"))
    browser = client(books)
    today = datetime.now(UTC).date()
    assert "£30,000.00" in text(browser, f"{HOME}?as_at={today}")
    page = text(browser, f"{HOME}?as_at=2020-01-01", 404)
    assert "Nothing is known at 01 January 2020" in page


def test_the_week_says_which_commitment_moved_and_why(books: Books) -> None:
    books.take(
        budget("special", 50_000),
        made("PL-7", yearly(44_000), end="2026-03-31"),
        made("PL-8", yearly(9_000), end="2026-03-31"),
    )
    page = text(client(books), HOME)
    moved = page.partition("The commitments that moved most")[2]
    assert moved.index("PL-7") < moved.index("PL-8")
    assert "Placement made" in moved
    assert "£44,000.00" in moved


def test_a_payment_for_nothing_known_is_an_exception_and_waits(books: Books) -> None:
    books.take(budget("special", 50_000), paid("PL-404", 700))
    page = text(client(books), f"{HOME}/exceptions")
    assert "Paid, and what it is for is not known" in page
    assert page.count("PL-404") >= 2, "as an exception, and as what an event waits for"
    assert "£700.00" in page
    assert "PL-404" in client(books).get(f"{HOME}/exceptions?form=csv").text


@pytest.mark.parametrize(
    ("address", "status", "says"),
    [
        (f"/board/{LEICESTER}/1999", 404, "Nothing is known of E06000016 in 1999-00."),
        ("/board/E99999999/2025", 404, "Nothing is known of E99999999"),
        ("/board/Leicester/2025", 422, "<strong>authority</strong>"),
        (f"{HOME}?as_at=30.9.2025", 422, "<strong>as_at</strong>"),
        (f"{HOME}?form=pdf", 422, "<strong>form</strong>"),
        (f"{HOME}/lines/school-dinners", 422, "<strong>line</strong>"),
        (f"/board/{LEICESTER}/commitments/PL-NONE", 404, "Nothing is known of a commitment PL-NONE"),
    ],
)
def test_a_wrong_address_is_a_page_that_says_what_is_wrong(
    leicester: TestClient, address: str, status: int, says: str
) -> None:
    page = text(leicester, address, status)
    assert says in page
    assert "Go to the start of" in page


def test_an_empty_field_of_the_form_asks_for_now(leicester: TestClient) -> None:
    assert text(leicester, f"{HOME}?as_at=") == text(leicester, HOME)


def test_ids_from_outside_are_shown_as_words(books: Books) -> None:
    books.take(budget("special", 50_000), made("PL-<b>&", yearly(30_000), end="2026-03-31"))
    page = text(client(books), f"{HOME}/lines/special")
    assert "<b>" not in page
    assert "PL-&lt;b&gt;&amp;" in page
