"""What moved between two moments: parts sum to lines, lines to the total, and both to the difference of positions."""

from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cases import Json, budget, made, paid, reserve, withdrawn, yearly
from tests.ledger.asking import Asking
from tests.ledger.conftest import Books
from tests.ledger.test_convergence import FACTS

FULL = {"start": "2025-04-01", "end": "2026-03-31"}
FIGURES = (
    "budget_pence", "committed_pence", "spent_pence", "headroom_pence", "provisional_pence", "contingent_pence",
    "full_year_effect_pence",
)  # fmt: skip
_authorities = count(1)


def test_a_movement_names_its_commitments_and_their_events(books: Books) -> None:
    ask = Asking(books)
    first = made("PL-1", yearly(10_000), **FULL)
    books.take(first, budget("special", 5_000))
    before = ask("/positions")["known_at"]
    payment, grant = paid("PL-1", 3_000), budget("grant", 7)
    books.take(payment, made("PL-2", yearly(4_000), **FULL), budget("special", 6_000, time="2025-06-01T00:00:00Z"))
    books.take(grant, reserve(-2))
    after = ask("/positions")["known_at"]
    changes = ask("/positions/changes", since=before, to=after)
    (special,) = changes["lines"]
    assert (special["change_pence"], special["budget_pence"], special["headroom_pence"]) == (400_000, 100_000, -300_000)
    new, old = special["commitments"]
    assert (new["commitment_id"], new["committed_pence"]) == ("PL-2", 400_000)
    assert (old["commitment_id"], old["committed_pence"], old["spent_pence"]) == ("PL-1", -300_000, 300_000)
    assert [(event["id"], event["type"]) for event in old["events"]] == [(payment["id"], payment["type"])]
    assert changes["total_change_pence"] == 400_000
    assert changes["total"]["reserve_closing_pence"] == 700 - 400_000 - 200
    assert {part["line"]: part["events"][0]["id"] for part in changes["funding"]}["grant"] == grant["id"]


def test_what_is_not_listed_is_summed(books: Books) -> None:
    books.take(*(made(f"PL-{i}", yearly(i + 1), **FULL) for i in range(6)))
    (line,) = Asking(books)("/positions/changes", since="2020-01-01T00:00:00Z", to="2099-01-01T00:00:00Z", most=2)[
        "lines"
    ]
    assert [part["committed_pence"] for part in line["commitments"]] == [600, 500]
    assert (line["remainder"]["parts"], line["remainder"]["committed_pence"]) == (4, 1_000)
    assert Asking(books).refused("/positions/changes", since="2025-01-02T00:00:00Z", to="2025-01-01T00:00:00Z") == 422


@given(st.lists(FACTS, min_size=2, max_size=14), st.lists(st.integers(0, 99), max_size=2), st.integers(0, 13))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parts_sum_to_the_difference_of_two_positions(
    books: Books, facts: list[Json], taken_back: list[int], cut: int
) -> None:
    authority = f"E07{next(_authorities):06d}"
    events = _at(authority, [*facts, *(withdrawn(facts[i % len(facts)]) for i in taken_back)])
    ask = Asking(books)
    books.take(*events[: cut % len(events)])
    books.settle()
    moments = [ask("/positions", authority=authority)["known_at"]]
    books.take(*events[cut % len(events) :])
    books.settle()
    moments.append(ask("/positions", authority=authority)["known_at"])
    for year in (2024, 2025, 2026):
        query = {"authority": authority, "financial_year": year}
        before, after = (ask("/positions", known_at=moment, **query) for moment in moments)
        changes = ask("/positions/changes", since=moments[0], to=moments[1], **query)
        following = [ask("/positions", known_at=m, **{**query, "financial_year": year + 1}) for m in moments]
        assert _lines_of(changes) == _difference((before, after), (following[0], following[1]))
        for name, pence in after["total"].items():
            assert changes["total"][name] == pence - before["total"][name]
        for name in ("grant_pence", "in_year_balance_pence", "reserve_opening_pence", "reserve_closing_pence"):
            assert changes["total"][name] == after[name] - before[name]


def _at(authority: str, events: list[Json]) -> list[Json]:
    """The events at an authority of their own; their source is its own too, as ids are scoped by source."""
    moved = []
    for event in events:
        data = event["data"]
        if "withdrawn_source" in data:
            data = data | {"withdrawn_source": f"{data['withdrawn_source']}/{authority}"}
        moved.append({**event, "authority": authority, "source": f"{event['source']}/{authority}", "data": data})
    return moved


def _difference(now: tuple[Any, Any], following: tuple[Any, Any]) -> dict[str, list[int]]:
    """Each line's movement, by two positions of the year; its full-year effect by two of the next, where a line may
    stand that this year does not have."""
    found: dict[str, list[int]] = {}
    before, after = ({line["provision"]: line for line in position["lines"]} for position in now)
    costs = [
        {line["provision"]: line["committed_pence"] + line["spent_pence"] for line in position["lines"]}
        for position in following
    ]
    for name in before.keys() | after.keys() | costs[0].keys() | costs[1].keys():
        moved = [after.get(name, {}).get(figure, 0) - before.get(name, {}).get(figure, 0) for figure in FIGURES[:-1]]
        moved.append(costs[1].get(name, 0) - costs[0].get(name, 0))
        if any(moved):
            found[name] = moved
    return found


def _lines_of(changes: Any) -> dict[str, list[int]]:
    """Each line as the sum of its parts' events: the only way for it to be right is that all of them are."""
    found = {}
    for line in changes["lines"]:
        events = [event for part in (*line["commitments"], *line["budgets"]) for event in part["events"]]
        sums = [sum(event[name] for event in events) for name in FIGURES]
        assert sums == [line[name] for name in FIGURES]
        if any(sums):
            found[line["provision"]] = sums
    return found
