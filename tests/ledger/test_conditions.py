"""What only the ledger can see: said while it holds, with its figures, and taken back with what made it so."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from hnb import database
from hnb.conditions.looking import Conditions
from hnb.conditions.rules import Condition, morning
from ledger.conditions import facts, finders
from tests.cases import (
    LEICESTER,
    Json,
    concluded,
    contributed,
    ended,
    granted,
    incurred,
    lodged,
    made,
    paid,
    repriced,
    withdrawn,
    yearly,
)
from tests.ledger.conftest import TODAY, Books
from tests.ledger.test_cost import statements

NOW = morning(TODAY) + timedelta(hours=9)
SOUGHT = {"provision": "independent", "cost": yearly(80_000), "start_date": "2025-10-01"}


def holding(books: Books, name: str, at: datetime = NOW) -> list[Condition]:
    with database.reading(books.engine) as connection:
        authorities = connection.scalars(text("SELECT DISTINCT authority FROM inbox")).all()
        found = [
            one
            for find in finders(books.ledger)
            for authority in authorities
            for one in find(connection, authority, at)
        ]
    return sorted((one for one in found if one.condition == name), key=lambda one: (*one.key[:3], one.key[3] or 0))


def told(books: Books, name: str, at: datetime = NOW) -> list[tuple[str, int | None, dict[str, int]]]:
    """Scope, value and figures of what holds."""
    return [(c.scope, c.value, {f.name: f.value for f in c.figures}) for c in holding(books, name, at)]


def look(books: Books, at: datetime = NOW) -> None:
    conditions = Conditions("ledger", books.engine, "commitments", finders(books.ledger), lambda: at)
    while conditions.look():
        pass


def said(books: Books) -> list[dict[str, Any]]:
    with database.reading(books.engine) as connection:
        bodies = connection.scalars(text("SELECT body FROM outbox WHERE stream = 'condition' ORDER BY seq"))
        return [json.loads(body) for body in bodies]


def on(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T09:00:00+00:00")


def test_a_placement_without_a_price_is_said_since_it_was_told_of_until_it_has_one(books: Books) -> None:
    books.take(made("PL-1", None, time="2025-04-02T09:00:00Z"), made("PL-2", yearly(30_000), child="b"))
    books.take(made("PL-3", None, child="c", end="2025-08-31"))
    books.settle()
    (one,) = holding(books, "placement-unpriced")
    assert (one.scope, one.provision, one.since, one.value) == ("placement/PL-1", "special", on("2025-04-02"), None)
    assert [(f.name, f.value, f.unit) for f in one.figures] == [("provisional", 30_000_00, "pence")]
    assert len(holding(books, "placement-unpriced", on("2025-08-31"))) == 2, "live on its last day"
    price = repriced("PL-1", "2025-04-01", yearly(20_000))
    books.take(price)
    assert not holding(books, "placement-unpriced")
    books.take(withdrawn(price))
    books.settle()
    assert len(holding(books, "placement-unpriced")) == 1


def test_the_time_of_a_record_that_was_taken_back_is_not_since_when(books: Books) -> None:
    mistaken = made("PL-1", None, time="2025-06-01T09:00:00Z")
    books.take(made("PL-1", None, time="2025-04-02T09:00:00Z"), mistaken)
    assert [one.since for one in holding(books, "placement-unpriced")] == [on("2025-06-01")]
    books.take(withdrawn(mistaken))
    books.settle()
    assert [one.since for one in holding(books, "placement-unpriced")] == [on("2025-04-02")]


@pytest.mark.parametrize(
    ("pounds", "said"),
    [
        (49_999, False),
        (50_000, True),  # at the floor
        (45_000, True),  # 25,000 over the mean: (45,000 + 3 × 11,666.67) / 4
        (44_999, False),
    ],
)
def test_a_placement_that_costs_much_or_much_more_than_its_line_is_said(books: Books, pounds: int, said: bool) -> None:
    provision = "special" if pounds < 49_000 else "independent"
    others = [made(f"PL-{n}", {"amount_pence": 11_666_67, "per": "year"}, child=f"c{n}") for n in range(2, 5)]
    books.take(made("PL-1", yearly(pounds), provision=provision), *others)
    assert [one.scope for one in holding(books, "placement-cost")] == (["placement/PL-1"] if said else [])


def test_a_costly_placement_is_said_with_its_distance_to_the_mean_since_its_last_price(books: Books) -> None:
    books.take(made("PL-1", yearly(60_000)), made("PL-2", yearly(30_000), child="b"))
    books.take(repriced("PL-1", "2025-05-01", yearly(90_000), time="2025-05-02T09:00:00Z"))
    (one,) = holding(books, "placement-cost")
    assert (one.value, one.unit, one.provision, one.since) == (90_000_00, "pence", "special", on("2025-05-02"))
    assert told(books, "placement-cost")[0][2] == {"over-line-mean": 30_000_00}
    books.take(ended("PL-1", "2025-08-31"))
    assert not holding(books, "placement-cost")


def test_an_uplift_is_said_in_tenths_of_a_per_cent_with_its_year(books: Books) -> None:
    books.take(made("PL-1", yearly(60_000), start="2024-04-01"))
    uplift = repriced("PL-1", "2025-09-01", yearly(63_000), time="2025-07-01T09:00:00Z")
    books.take(uplift)
    (one,) = holding(books, "uplift")
    assert (one.scope, one.value, one.unit, one.financial_year) == ("placement/PL-1", 50, "permille", 2025)
    assert (one.since, one.provision) == (on("2025-07-01"), "special")
    assert told(books, "uplift")[0][2] == {"backdated-days": 0, "a-year": 3_000_00}
    assert not holding(books, "uplift", on("2026-04-01")), "last year's"
    books.take(withdrawn(uplift))
    books.settle()
    assert not holding(books, "uplift")


UPLIFTS = [
    ("below the floor", "2025-09-01", 60_500, "2025-07-01", None),
    ("at the floor", "2025-09-01", 60_600, "2025-07-01", (10, 0)),
    ("backdated, however little", "2025-06-30", 60_060, "2025-07-01", (1, 1)),
    ("backdated into last year", "2024-09-01", 63_000, "2025-07-01", (50, 303)),
    ("told and in force last year", "2024-09-01", 63_000, "2025-03-31", None),
    ("told last year for this one", "2025-04-01", 63_000, "2025-03-01", (50, 0)),
    ("dated before the start", "2023-01-01", 63_000, "2023-02-01", None),
    ("cheaper", "2025-09-01", 59_000, "2025-10-01", None),
    ("the price not known", "2025-09-01", None, "2025-10-01", None),
    ("after the end", "2026-01-01", 63_000, "2025-07-01", None),
]  # fmt: skip


@pytest.mark.parametrize(("case", "effective_on", "pounds", "told_on", "expected"), UPLIFTS, ids=lambda v: str(v)[:30])
def test_which_uplifts_are_said(
    books: Books, case: str, effective_on: str, pounds: int | None, told_on: str, expected: tuple[int, int] | None
) -> None:
    price = yearly(pounds) if pounds else None
    books.take(made("PL-1", yearly(60_000), start="2024-04-01", end="2025-12-31", time="2024-04-01T09:00:00Z"))
    books.take(repriced("PL-1", effective_on, price, time=f"{told_on}T09:00:00Z"))
    found = [(value, figures["backdated-days"]) for _, value, figures in told(books, "uplift")]
    assert found == ([expected] if expected else []), case


def test_an_uplift_is_measured_against_the_price_it_follows_whatever_was_told_since(books: Books) -> None:
    books.take(
        made("PL-1", yearly(60_000)), repriced("PL-1", "2025-09-01", yearly(66_000), time="2025-05-01T09:00:00Z")
    )
    correction = repriced("PL-1", "2025-06-01", yearly(55_000), time="2025-07-01T09:00:00Z")
    correction["data"]["reason"] = "correction"
    books.take(correction)
    assert told(books, "uplift") == [("placement/PL-1", 200, {"backdated-days": 0, "a-year": 11_000_00})]
    replaced = repriced("PL-1", "2025-09-01", yearly(54_000), time="2025-08-01T09:00:00Z")
    books.take(replaced)
    assert not holding(books, "uplift"), "another price took its place on its first day"


def test_payments_apart_from_what_was_due_by_today_are_said_by_year(books: Books) -> None:
    full = {"start": "2024-04-01", "end": "2026-03-31"}
    early = paid("PL-1", 5_000, "P-2", time="2025-05-01T09:00:00Z")
    early["data"]["paid_on"] = "2025-05-01"
    books.take(made("PL-1", yearly(10_000), **full), paid("PL-1", 9_000, "P-1", year=2024), early)
    last, this = holding(books, "paid-apart", on("2025-09-01"))
    due = round(1_000_000 * 154 / 365)
    assert (last.scope, last.financial_year, last.value, last.unit) == ("placement/PL-1", 2024, 1_000_00, "pence")
    assert (this.financial_year, this.value, this.provision) == (2025, 500_000 - due, "special")
    assert told(books, "paid-apart")[0][2] == {"permille": 100}
    books.take(paid("PL-1", 10_000, "P-1", year=2024, time="2025-06-01T09:00:00Z"), withdrawn(early))
    books.settle()
    assert not holding(books, "paid-apart"), "said again, the payment counts once; the other was taken back"


@pytest.mark.parametrize(("pounds", "apart"), [(9_900, None), (9_899, 101_00), (10_100, None), (10_101, 101_00)])
def test_payments_a_hundred_pounds_or_one_in_a_hundred_apart_are_not_said(
    books: Books, pounds: int, apart: int | None
) -> None:
    books.take(granted("G-1", {"amount_pence": 10_000_00, "per": "once"}), paid("G-1", pounds))
    found = told(books, "paid-apart", on("2026-01-01"))
    assert found == ([("grant/G-1", apart, {"permille": 10})] if apart else [])


def test_what_was_paid_before_any_of_it_was_due_and_what_is_not_known(books: Books) -> None:
    books.take(granted("G-1", yearly(1_000), start="2025-12-01"), paid("G-1", 500), paid("PL-9", 500))
    assert told(books, "paid-apart", on("2025-11-01")) == [("grant/G-1", 500_00, {"permille": 1000})]
    assert not told(books, "paid-apart", on("2025-10-30")), "the payment is dated the 31st"


def test_a_contribution_and_an_appeals_costs_count_towards_what_was_due(books: Books) -> None:
    books.take(made("PL-1", yearly(10_000)), contributed("PL-1", yearly(4_000)), paid("PL-1", 6_000))
    books.take(lodged(expected=6_000), paid("AP-1", 6_000))
    assert not holding(books, "paid-apart", on("2026-03-31"))


def test_independent_placements_started_less_ended_within_thirty_days(books: Books) -> None:
    def placed(name: str, start: str, end: str | None = None, provision: str = "independent") -> Json:
        return made(name, yearly(60_000), start=start, end=end, provision=provision, child=name)

    books.take(placed("A", "2025-08-03"), placed("B", "2025-09-01"), placed("C", "2025-08-20"))
    books.take(
        placed("OLD", "2025-08-02"), placed("NEXT", "2025-09-02"), placed("OTHER", "2025-08-20", None, "special")
    )
    books.take(placed("LEFT", "2024-01-01", "2025-08-31"), placed("LAST", "2024-01-01", "2025-09-01"))
    books.take(placed("VOID", "2025-08-20"), ended("VOID", "2025-08-01", time="2025-09-01T00:00:00Z"))
    (one,) = holding(books, "independents-net")
    assert (one.scope, one.value, one.unit, one.provision) == ("line/independent", 2, "placements", "independent")
    books.take(
        ended("B", "2025-08-31", time="2025-09-01T00:00:00Z"), ended("C", "2025-08-31", time="2025-09-01T00:00:00Z")
    )
    assert not holding(books, "independents-net")


def test_an_open_appeal_is_said_with_what_it_exposes_to(books: Books) -> None:
    books.take(made("PL-1", yearly(30_000)), lodged(sought=SOUGHT, expected=6_056))
    books.settle()
    (one,) = holding(books, "appeal-lodged")
    this_year = round(8_000_000 * 182 / 365) - (3_000_000 - round(3_000_000 * 183 / 365))
    assert (one.scope, one.value, one.unit, one.since) == ("appeal/AP-1", this_year, "pence", morning(on("2025-10-01")))
    assert one.provision == "independent"
    assert told(books, "appeal-lodged")[0][2] == {"exposure-a-year": 50_000_00, "expected-cost": 6_056_00}
    books.take(incurred("AP-1", 7_000))
    assert told(books, "appeal-lodged")[0][2]["expected-cost"] == 7_000_00, "it has cost more than was expected"
    books.take(concluded("AP-1"))
    assert not holding(books, "appeal-lodged")


def test_an_appeal_that_seeks_no_placement_exposes_to_nothing(books: Books) -> None:
    books.take(lodged())
    (one,) = holding(books, "appeal-lodged")
    assert (one.value, one.provision) == (0, "tribunal")


def test_conditions_are_said_once_with_rising_versions_and_name_no_child(books: Books) -> None:
    books.take(made("PL-1", None, child="5ec2e7"), lodged(child="5ec2e7", sought=SOUGHT))
    books.settle()
    for _ in range(3):
        look(books)
    books.take(made("PL-1", yearly(70_000), child="5ec2e7", time="2025-05-01T09:00:00Z"))
    books.settle()
    look(books)
    events = said(books)
    told = [(e["data"]["condition"], e["data"]["active"], e["data"]["version"]) for e in events]
    assert told[:2] == [("appeal-lodged", True, 1), ("placement-unpriced", True, 1)]
    assert set(told[2:]) == {
        ("appeal-lodged", True, 2), ("placement-cost", True, 1), ("placement-unpriced", False, 2),
    }  # fmt: skip
    assert "5ec2e7" not in str(events)
    assert {e["source"] for e in events} == {"/hnb/ledger"}
    assert len({e["id"] for e in events}) == len(events)


def test_two_years_of_one_commitment_are_said_and_remembered_apart(books: Books) -> None:
    books.take(made("PL-1", yearly(10_000), start="2024-04-01"), paid("PL-1", 9_000, year=2024))
    early = paid("PL-1", 9_000)
    early["data"]["paid_on"] = "2025-05-01"
    books.take(early)
    for _ in range(2):
        look(books)
    events = said(books)
    assert [(e["data"]["financial_year"], e["data"]["version"]) for e in events] == [(2024, 1), (2025, 1)]
    assert len({e["id"] for e in events}) == 2


def test_authorities_are_kept_apart(books: Books) -> None:
    books.take(made("PL-1", None), made("PL-1", None, authority="E08000025"))
    found = {one.authority for one in holding(books, "placement-unpriced")}
    assert found == {LEICESTER, "E08000025"}


def test_what_is_found_does_not_hang_on_how_many_are_in_hand(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(5):
        books.take(made(f"PL-{n}", yearly(20_000)), repriced(f"PL-{n}", "2025-05-01", yearly(30_000)))
        books.take(paid(f"PL-{n}", 900))
    names, at = ("uplift", "paid-apart"), on("2025-12-01")
    at_once = [holding(books, name, at) for name in names]
    monkeypatch.setattr(facts, "AT_ONCE", 2)
    assert [holding(books, name, at) for name in names] == at_once
    assert [len(found) for found in at_once] == [5, 5]


@pytest.mark.parametrize("placements", [1, 60])
def test_looking_takes_the_same_few_statements_however_much_there_is(books: Books, placements: int) -> None:
    for n in range(placements):
        books.take(made(f"PL-{n}", yearly(60_000), child=f"c{n}"), repriced(f"PL-{n}", "2025-05-01", yearly(70_000)))
        books.take(made(f"N-{n}", None, child=f"n{n}"), lodged(f"AP-{n}", child=f"c{n}"), paid(f"PL-{n}", 9_000))
    with statements(books.engine) as seen:
        look(books, on("2025-12-01"))
    assert len(seen) <= 20, seen
