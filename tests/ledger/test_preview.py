"""A preview of events says, to the penny, what then happens to the position when they come."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger import api
from tests.cases import LEICESTER, Json, budget, lodged, made, paid, repriced, withdrawn, yearly
from tests.ledger.conftest import Books
from tests.ledger.histories import history
from tests.ledger.test_convergence import at

YEARS = range(2023, 2031)
Figures = dict[tuple[int, str], list[int]]
_numbers = iter(range(10**6))


@pytest.fixture
def ask(books: Books) -> Iterator[TestClient]:
    app = FastAPI()
    for router in api.routers(books.engine, books.ledger):
        app.include_router(router)
    with TestClient(app) as client:
        yield client


def preview(ask: TestClient, events: list[Json], authority: str = LEICESTER) -> Json:
    answer = ask.post("/positions/preview", params={"authority": authority}, json=events)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


NAMES = ("committed_pence", "spent_pence", "provisional_pence", "contingent_pence", "budget_pence")


def moved(found: Json, when: str) -> Figures:
    """Each line's figures of a preview, where they move."""
    lines = [(year["financial_year"], line) for year in found["years"] for line in year["lines"]]
    return {(year, line["provision"]): [line[when][name] for name in NAMES] for year, line in lines}


def lines_of(books: Books, authority: str) -> Figures:
    return {
        (year, line): [getattr(figures, name) for name in NAMES]
        for year in YEARS
        for line, figures in books.position(year, authority).lines.items()
    }


def test_a_repricing_is_shown_now_and_then_and_nothing_of_it_is_kept(books: Books, ask: TestClient) -> None:
    books.take(
        budget("special", 100_000), made("PL-1", yearly(36_500), "2025-04-01", "2026-03-31"), paid("PL-1", 1_000)
    )
    uplift = repriced("PL-1", "2026-03-01", yearly(73_000))
    before = lines_of(books, LEICESTER)
    found = preview(ask, [uplift])
    # 31 of 365 days at 36,500 more a year: 3,100.00
    (year,) = found["years"]
    (line,) = year["lines"]
    assert (year["financial_year"], line["provision"], line["commitments"]) == (2025, "special", 1)
    assert (line["now"]["cost_pence"], line["then"]["cost_pence"], line["change_pence"]) == (
        3_650_000,
        3_960_000,
        310_000,
    )
    assert line["then"]["headroom_pence"] == 10_000_000 - 3_960_000
    assert year["total"]["change_pence"] == 310_000
    assert lines_of(books, LEICESTER) == before
    books.take(uplift)
    assert preview(ask, [uplift])["commitments"] == 0


def test_what_has_no_price_moves_with_the_mean_of_its_line(books: Books, ask: TestClient) -> None:
    books.take(made("PL-1", yearly(10_000), child="a"), made("PL-2", None, child="b"), made("PL-3", None, child="c"))
    books.settle()
    price = repriced("PL-2", "2025-04-01", yearly(30_000))
    found = preview(ask, [price])
    assert found["commitments"] == 2  # PL-2 by its price, PL-3 by the mean: 20,000 where it was 10,000
    (first, *_) = found["years"]
    assert first["lines"][0]["change_pence"] == 2_000_000 + 1_000_000
    assert first["lines"][0]["then"]["provisional_pence"] == 2_000_000


@given(st.integers(0, 10**6), st.floats(0.1, 0.9))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_comes_the_preview_is_what_then_happens(
    books: Books, ask: TestClient, seed: int, share: float
) -> None:
    authority = f"E07{next(_numbers):06d}"
    events = at(authority, history(seed))
    # The withdrawal of a withdrawal is refused, so it belongs to what is there already.
    undone = {e["data"].get("withdrawn_id") for e in events}
    last = [e for e in events if e["type"] == "hnb.event-withdrawn.v1" and (e["id"] in undone or _of(e, events))]
    rest = [e for e in events if e not in last]
    cut = int(len(rest) * share)
    books.take(*last, *rest[:cut])
    books.settle()
    found = preview(ask, rest[cut:], authority)
    before = lines_of(books, authority)
    assert all(before.get(key, [0] * len(NAMES)) == figures for key, figures in moved(found, "now").items())
    books.take(*rest[cut:])
    books.settle()
    then = moved(found, "then")
    after = lines_of(books, authority)
    for key in set(before) | set(after) | set(then):
        if key[0] in YEARS and key[1] != "total":
            old = before.get(key, [0] * len(NAMES))
            assert then.get(key, old) == after.get(key, [0] * len(NAMES)), key


def _of(withdrawal: Json, events: list[Json]) -> bool:
    target = withdrawal["data"]["withdrawn_id"]
    return any(e["id"] == target and e["type"] == "hnb.event-withdrawn.v1" for e in events)


def test_what_cannot_be_previewed_is_refused_by_name(books: Books, ask: TestClient) -> None:
    placement = made("PL-1", yearly(10_000))
    undo = withdrawn(placement)
    books.take(placement, undo, lodged())

    def refused(events: object) -> tuple[int, str]:
        answer = ask.post("/positions/preview", params={"authority": LEICESTER}, json=events)
        return answer.status_code, answer.text

    assert refused({"not": "a list"})[0] == 422
    status, said = refused([made("PL-2", yearly(1)), {**made("PL-3", yearly(1)), "authority": "E08000025"}])
    assert status == 422
    assert "event 2.authority" in said
    status, said = refused([withdrawn(undo, time="2026-06-01T09:00:00Z")])
    assert (status, "withdrawal of a withdrawal" in said) == (422, True)
    assert ask.post("/positions/preview", params={"authority": LEICESTER}, content=b"{").status_code == 400
