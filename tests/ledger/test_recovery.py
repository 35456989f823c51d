"""The recovery plan kept, measured and told: over its routes, its page, and the packs of three bodies."""

from datetime import date
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from hnb.money import divide_half_up
from hnb.pages import Pages
from hnb.words import moment, whole_pounds
from ledger.api import recovery as api
from ledger.domain.recovery.pack import FOR
from ledger.pages import recovery as page
from ledger.recovery.lines import Years
from ledger.recovery.ready import Ready
from tests.browsing import BROWSER, browse
from tests.cases import LEICESTER, budget, ended, made, paid, reserve, yearly
from tests.ledger.conftest import Books
from tests.ledger.recovering import PLAN, REVIEW

INDEPENDENT, DEAR = 7, 66_500
SPECIAL, PRICE = 6, 25_000
BY = "Director of Finance"


def ready(books: Books) -> Ready:
    return Ready(books.engine, books.ledger, Years(books.ledger))


def client(books: Books, background: Ready) -> TestClient:
    pages = Pages("ledger", "High Needs Block ledger", "/public")
    found = browse(pages, api.make_router(books.engine, books.ledger), page.make_router(background, pages))
    found.headers["accept"] = "application/json"
    return found


@pytest.fixture
def council(books: Books) -> TestClient:
    """Seven independent places, six special ones, and one child alone on a line."""
    books.take(
        budget("grant", 500_000), budget("independent", 450_000), reserve(-100_000),
        *(made(f"PI-{n}", yearly(DEAR), child=f"ind{n:02}", provision="independent") for n in range(INDEPENDENT)),
        *(made(f"PS-{n}", yearly(PRICE), child=f"spe{n:02}") for n in range(SPECIAL)),
        made("PH-1", yearly(9_999), child="alone1", provision="hospital"), paid("PI-1", 1_000),
    )  # fmt: skip
    books.settle()
    return client(books, ready(books))


def hand_in(council: TestClient, what: str, written: str, *, dry_run: bool = False) -> httpx.Response:
    body = {"written": written, "name": f"{what}.yaml", "by": BY, "dry_run": dry_run}
    answer: httpx.Response = council.post(f"/recovery/{what}", json=body)
    return answer


def kept(council: TestClient, what: str, written: str) -> Any:
    answer = hand_in(council, what, written)
    assert answer.status_code == 200, answer.text
    return answer.json()


def report(council: TestClient, **query: Any) -> Any:
    answer = council.get("/recovery", params={"authority": LEICESTER, "financial_year": 2025, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_dry_run_shows_every_field_and_keeps_nothing(council: TestClient) -> None:
    answer = hand_in(council, "plans", PLAN, dry_run=True).json()
    assert (answer["kept"], answer["number"]) == (False, 1)
    assert {"field": "measures.places.planned_saving_pounds.2025-06", "before": "–", "after": "£2,500.50"} in answer[
        "changes"
    ]
    assert council.get("/recovery", params={"authority": LEICESTER}).status_code == 404


def test_planned_savings_stand_beside_what_the_lines_moved_by(council: TestClient) -> None:
    kept(council, "plans", PLAN)
    found = report(council)
    places = found["measures"][0]
    assert places["planned_pence"][:3] == [100_000, 0, 250_050]
    april = divide_half_up(DEAR * 100 * 30, 365) * INDEPENDENT
    assert places["moved_pence"][0] == 4_000_000 - april
    assert places["moved_pence"][4] is not None
    assert places["moved_pence"][5:] == [None] * 7, "on 1 September five months have ended"
    assert places["moved_to_date_pence"] == sum(places["moved_pence"][:5])
    assert places["shared_with"] == ["prices"]
    assert "cannot tell" in found["cannot_say"]


def test_a_line_without_a_stated_baseline_is_held_to_what_was_known_when_the_plan_began(
    council: TestClient, books: Books
) -> None:
    kept(council, "plans", PLAN)
    before = report(council)
    assert "as the ledger knew it" in before["baselines"]["special"]["source"]
    own = before["measures"][0]["moved_pence"][:5]
    assert before["total"]["moved_pence"][:5] == own, "nothing has moved on special since"
    books.take(ended("PS-0", "2025-06-30", time="2025-07-01T09:00:00Z"))
    books.settle()
    after = report(council)
    july = after["total"]["moved_pence"][3] - before["total"]["moved_pence"][3]
    assert july == divide_half_up(PRICE * 100 * 122, 365) - divide_half_up(PRICE * 100 * 91, 365)
    assert report(council, known_at=before["known_at"])["total"] == before["total"], "what was known then stays"


def test_a_kpi_says_how_it_stands_on_its_day(council: TestClient) -> None:
    kept(council, "plans", PLAN)
    places, prices = (one["kpi"] for one in report(council)["measures"])
    assert (places["measured"], places["baseline"], places["target"]) == (INDEPENDENT, 8, 6)
    assert places["status"] == "on track", "7 is what a straight line from 8 to 6 has on 1 September"
    assert (prices["measured"], prices["on"]) == (PRICE * 100, "2025-07-31")
    assert prices["status"] == "missed"


def test_a_new_version_lists_what_it_changed_and_the_old_one_stays(council: TestClient) -> None:
    kept(council, "plans", PLAN)
    first = report(council)
    assert hand_in(council, "plans", PLAN).status_code == 409
    answer = kept(council, "plans", PLAN.replace("2500.50", "3000"))
    assert answer["changes"] == [
        {"field": "measures.places.planned_saving_pounds.2025-06", "before": "£2,500.50", "after": "£3,000.00"}
    ]
    versions = council.get("/recovery/versions", params={"authority": LEICESTER}).json()["plans"]
    assert [(one["number"], one["made_by"]) for one in versions] == [(1, BY), (2, BY)]
    assert report(council)["version"] == 2
    assert report(council, known_at=versions[0]["made_at"])["version"] == first["version"] == 1


def test_decisions_stay_due_until_a_later_review_calls_them_done(council: TestClient) -> None:
    assert hand_in(council, "reviews", REVIEW).status_code == 409, "there is no plan to review"
    kept(council, "plans", PLAN)
    kept(council, "reviews", REVIEW)
    (due,) = report(council)["decisions_due"]
    assert (due["id"], due["overdue"]) == ("framework", True)
    later = REVIEW.replace("2025-08-20", "2025-08-28").replace("id: framework", "id: next") + "done: [framework]\n"
    kept(council, "reviews", later)
    assert [one["id"] for one in report(council)["decisions_due"]] == ["next"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rating: amber", "rating: pink", "reviews.yaml, line 5: rating"),
        ("2025-12-10", "2025-08-01", "next_review is not after held_on"),
        ("due: 2025-08-31", "due: 2025-08-01", "decisions.framework: due is before held_on"),
        ("2025-08-20", "2025-09-02", "held_on: 2025-09-02 has not come yet"),
        ("next_review", "done: [nothing]\nnext_review", "done: there is no open decision nothing"),
    ],
)
def test_a_review_at_fault_is_refused_with_its_reason(council: TestClient, old: str, new: str, told: str) -> None:
    kept(council, "plans", PLAN)
    answer = hand_in(council, "reviews", REVIEW.replace(old, new).replace("due: 2025-08-31", "due: 2025-09-30")
                     if "has not come" in told else REVIEW.replace(old, new))  # fmt: skip
    assert answer.status_code in (409, 422)
    assert told in answer.json()["detail"]
    assert report(council)["reviews"] == []


def test_the_page_says_what_the_report_says(council: TestClient) -> None:
    kept(council, "plans", PLAN)
    kept(council, "reviews", REVIEW)
    shown = council.get(f"/recovery-plan/{LEICESTER}", params={"financial_year": 2025}, headers=BROWSER)
    assert shown.status_code == 200, shown.text
    found = report(council)
    assert whole_pounds(found["total"]["moved_to_date_pence"]) in shown.text
    for words in ("Head of SEND sufficiency", "Close the framework", "Overdue", "<svg", "cannot tell",
                  "Sources disagree", "10 December 2025"):  # fmt: skip
        assert words in shown.text, words
    assert "PI-" not in shown.text


def test_what_was_measured_in_the_background_is_what_is_measured_when_asked(council: TestClient, books: Books) -> None:
    kept(council, "plans", PLAN)
    background = ready(books)
    assert not background.measure()
    shown = client(books, background).get(f"/recovery-plan/{LEICESTER}", headers=BROWSER).text
    first = background.known_at[LEICESTER]
    assert moment(first) in shown
    assert whole_pounds(report(council)["total"]["moved_to_date_pence"]) in shown
    background.measure()
    assert background.known_at[LEICESTER] == first, "nothing has moved"
    books.take(ended("PI-0", "2025-06-30", time="2025-07-01T09:00:00Z"))
    books.settle()
    background.measure()
    assert background.known_at[LEICESTER] > first
    again = client(books, background).get(f"/recovery-plan/{LEICESTER}", headers=BROWSER).text
    assert whole_pounds(report(council)["total"]["moved_to_date_pence"]) in again


def test_a_page_without_a_plan_says_what_to_do(council: TestClient) -> None:
    shown = council.get("/recovery-plan/E06000015", headers=BROWSER)
    assert shown.status_code == 404
    assert "hnb recovery plan" in shown.text


@pytest.mark.parametrize("body", FOR)
def test_a_pack_has_its_sections_and_nothing_of_a_few_children(council: TestClient, body: str) -> None:
    kept(council, "plans", PLAN)
    kept(council, "reviews", REVIEW)
    answer = council.get("/recovery/pack", params={"authority": LEICESTER, "for": body, "financial_year": 2025})
    assert answer.status_code == 200, answer.text
    sections = {one["id"]: one for one in answer.json()["document"]["sections"]}
    assert {"position", "reserve", "measures", "exceptions", "reviews"} <= sections.keys()
    assert ("section-114" in sections) == ("risks" in sections) == (body == "scrutiny")
    (position,) = sections["position"]["tables"]
    assert not any(row[0] == "Hospital education" for row in position["rows"]), "one child is alone on it"
    assert any(row[0] == "Smaller lines together: Hospital education, Special schools" for row in position["rows"])
    for secret in ("PI-", "PH-1", "alone1", "ind0"):
        assert secret not in answer.text
    if body == "scrutiny":
        assert "Sources disagree about: When the override ends" in answer.text
        assert "In March 2026." in answer.text


def test_a_pack_keeps_back_what_tells_of_few_children_and_the_page_does_not(council: TestClient, books: Books) -> None:
    books.take(*(ended(f"PI-{n}", "2025-03-31") for n in range(4)))
    books.settle()
    kept(council, "plans", PLAN)
    answer = council.get("/recovery/pack", params={"authority": LEICESTER, "for": "scrutiny", "financial_year": 2025})
    measures = next(one for one in answer.json()["document"]["sections"] if one["id"] == "measures")
    assert [row[-1] for row in measures["tables"][0]["rows"]] == ["c", "c", "c"]
    assert measures["tables"][2]["rows"][0][5] == "c"
    assert measures["charts"] == []
    assert report(council)["measures"][0]["kpi"]["measured"] == INDEPENDENT - 4


def test_a_plan_of_another_year_has_no_months_yet(council: TestClient) -> None:
    kept(council, "plans", PLAN)
    found = report(council, financial_year=2026)
    assert found["total"]["moved_pence"] == [None] * 12
    assert found["on"] == str(date(2025, 9, 1))
    answer = council.get("/recovery/pack", params={"authority": LEICESTER, "for": "scrutiny", "financial_year": 2026})
    sections = {one["id"]: one for one in answer.json()["document"]["sections"]}
    assert not any(row[0] == "Hospital education" for row in sections["position"]["tables"][0]["rows"])
