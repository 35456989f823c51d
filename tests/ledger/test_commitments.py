"""From events to a position, over a real database: each kind of commitment, and everything that changes one."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hnb.database import transaction
from tests.cases import (
    budget,
    commissioned,
    concluded,
    contributed,
    ended,
    granted,
    incurred,
    lodged,
    made,
    paid,
    repriced,
    reserve,
    withdrawn,
    yearly,
)  # fmt: skip
from tests.ledger.conftest import Books

FULL = {"start": "2025-04-01", "end": "2026-03-31"}


def test_the_position_of_a_year(books: Books) -> None:
    books.take(
        budget("grant", 100_000), reserve(-20_000), budget("special", 60_000), budget("tribunal", 5_000),
        made("PL-1", yearly(70_000), **FULL), paid("PL-1", 30_000), lodged(expected=6_056),
    )  # fmt: skip
    position = books.position()
    special = position.lines["special"]
    assert (special.budget_pence, special.committed_pence, special.spent_pence, special.headroom_pence) == (
        6_000_000, 4_000_000, 3_000_000, -1_000_000,
    )  # fmt: skip
    assert position.lines["tribunal"].committed_pence == 605_600
    assert position.total.cost_pence == 7_000_000, "the general fund's tribunal line is never added in"
    assert position.reserve.in_year_pence == 3_000_000
    assert position.reserve.closing_pence == 1_000_000


def test_a_budget_set_again_replaces_the_earlier_by_time_not_by_arrival(books: Books) -> None:
    books.take(budget("special", 2, time="2025-06-01T00:00:00Z"))
    books.take(budget("special", 1, time="2025-05-01T00:00:00Z"))
    assert books.position().lines["special"].budget_pence == 200


def test_an_open_end_runs_to_the_horizon_and_its_full_year_effect_shows(books: Books) -> None:
    books.take(made("PL-1", yearly(66_500), start="2025-11-03"))
    position = books.position()
    assert position.lines["special"].committed_pence == 2_714_658
    assert position.full_year_effect["special"] == 6_650_000
    assert books.position(2029).lines["special"].committed_pence == 6_650_000
    assert "special" not in books.position(2030).lines


def test_a_later_record_of_the_placement_replaces_the_earlier(books: Books) -> None:
    books.take(made("PL-1", yearly(20_000), provision="independent", time="2025-06-01T00:00:00Z", **FULL))
    books.take(made("PL-1", yearly(10_000), time="2025-05-01T00:00:00Z", **FULL))
    position = books.position()
    assert position.total.committed_pence == 2_000_000
    assert position.lines["independent"].committed_pence == 2_000_000


@pytest.mark.parametrize(
    ("end", "pence"), [("2025-06-12", 730_000), ("2026-03-31", 3_650_000), ("2025-03-31", 0), ("2024-01-01", 0)]
)
def test_an_end_moves_the_last_day_either_way(books: Books, end: str, pence: int) -> None:
    books.take(made("PL-1", yearly(36_500), end="2025-09-30"), ended("PL-1", end, time="2025-05-01T00:00:00Z"))
    assert books.position().total.committed_pence == pence


def test_facts_that_come_before_their_placement_wait_and_then_count(books: Books) -> None:
    books.take(repriced("PL-1", "2026-01-01", yearly(73_000)), paid("PL-1", 5_000), ended("PL-1", "2026-03-31"))
    assert not books.position().lines
    books.take(made("PL-1", yearly(36_500)))
    special = books.position().lines["special"]
    assert special.cost_pence == 2_750_000 + 1_800_000
    assert special.spent_pence == 500_000


def test_what_has_no_price_stands_at_its_lines_mean_until_the_price_comes(books: Books) -> None:
    books.take(made("PL-1", yearly(30_000), **FULL), made("PL-2", yearly(40_000), **FULL))
    books.take(made("PL-3", None, **FULL))
    special = books.position().lines["special"]
    assert (special.committed_pence, special.provisional_pence) == (10_500_000, 3_500_000)
    books.take(made("PL-4", yearly(65_000), **FULL))
    books.settle()
    assert books.position().lines["special"].provisional_pence == 4_500_000, "the mean moved"
    books.take(repriced("PL-3", "2025-04-01", yearly(20_000)))
    books.settle()
    special = books.position().lines["special"]
    assert (special.committed_pence, special.provisional_pence) == (15_500_000, 0)


def test_a_line_with_no_price_at_all_takes_the_default(books: Books) -> None:
    books.take(made("PL-1", None, provision="independent", **FULL))
    assert books.position().lines["independent"].provisional_pence == 6_650_000


def test_payments_never_take_committed_below_zero(books: Books) -> None:
    books.take(made("PL-1", yearly(10_000), **FULL), paid("PL-1", 12_000))
    special = books.position().lines["special"]
    assert (special.committed_pence, special.spent_pence) == (0, 1_000_000)


def test_commissioned_places_are_committed_filled_or_not_and_dfes_are_not(books: Books) -> None:
    books.take(commissioned("K-1", 10, yearly(10_000)), commissioned("K-2", 5, yearly(10_000), paid_by="dfe"))
    assert books.position().total.committed_pence == 10_000_000


def test_a_partners_contribution_reduces_the_commitment_and_never_below_zero(books: Books) -> None:
    books.take(made("PL-1", yearly(50_000), **FULL), contributed("PL-1", yearly(20_000)))
    assert books.position().total.committed_pence == 3_000_000
    books.take(contributed("PL-1", yearly(90_000), contribution="CO-2"))
    assert not books.position().total.committed_pence


def test_a_grant_is_committed_on_its_own_line(books: Books) -> None:
    books.take(granted("G-1", {"amount_pence": 480_000, "per": "once"}))
    assert books.position().lines["element-3"].committed_pence == 480_000


def test_an_appeal_stands_at_what_is_expected_then_at_what_it_cost(books: Books) -> None:
    books.take(lodged("AP-1", expected=6_056), incurred("AP-1", 2_000))
    assert books.position().lines["tribunal"].committed_pence == 605_600
    books.take(incurred("AP-1", 5_000, cost="C-2"))
    assert books.position().lines["tribunal"].committed_pence == 700_000
    books.take(concluded("AP-1"), incurred("AP-1", 100, cost="C-3"))
    assert books.position().lines["tribunal"].committed_pence == 710_000


def test_what_a_family_seeks_is_contingent_beyond_what_is_paid(books: Books) -> None:
    sought = {"provision": "independent", "cost": yearly(73_000), "start_date": "2026-01-01"}
    books.take(lodged("AP-1", child="7f3a9c", sought=sought))
    books.settle()
    assert books.position().lines["independent"].contingent_pence == 1_800_000, "90 of 365 days of 73,000"
    books.take(made("PL-1", yearly(36_500), child="7f3a9c"))
    books.settle()
    assert books.position().lines["independent"].contingent_pence == 900_000
    assert books.position(2026).lines["independent"].contingent_pence == 3_650_000
    assert books.position().total.committed_pence == 3_650_000, "shown beside, never added in"
    books.take(concluded("AP-1"))
    assert books.position().lines["independent"].contingent_pence == 0


def test_a_withdrawn_event_leaves_no_trace_in_the_figures_and_every_trace_in_the_journal(books: Books) -> None:
    first = made("PL-1", yearly(10_000), **FULL)
    second = made("PL-1", yearly(99_000), time="2025-06-01T00:00:00Z", **FULL)
    books.take(first, second)
    books.take(withdrawn(second))
    books.settle()
    assert books.position().total.committed_pence == 1_000_000
    assert books.value("SELECT count(*) FROM postings WHERE financial_year = 2025") == 2


def test_a_withdrawal_may_come_first_and_be_withdrawn_itself(books: Books) -> None:
    wrong = made("PL-1", yearly(10_000), **FULL)
    undo = withdrawn(wrong)
    books.take(undo)
    books.take(wrong)
    books.settle()
    assert not books.position().total.committed_pence
    books.take(withdrawn(undo, time="2026-02-01T09:00:00Z"))
    books.settle()
    assert books.position().total.committed_pence == 1_000_000


def test_another_authority_cannot_withdraw_an_event(books: Books) -> None:
    placement = made("PL-1", yearly(10_000), **FULL)
    books.take(placement, withdrawn(placement, authority="E08000025"))
    books.settle()
    assert books.position().total.committed_pence == 1_000_000


def test_the_same_id_at_two_authorities_is_two_commitments(books: Books) -> None:
    books.take(made("PL-1", yearly(10_000), **FULL), made("PL-1", yearly(7_000), authority="E08000025", **FULL))
    assert books.position().total.committed_pence == 1_000_000
    assert books.position(authority="E08000025").total.committed_pence == 700_000


def test_what_was_believed_at_a_moment_stays_what_it_was(books: Books) -> None:
    books.take(budget("special", 50_000), made("PL-1", yearly(10_000), **FULL))
    then = books.position()
    books.take(repriced("PL-1", "2025-04-01", yearly(20_000)), paid("PL-1", 3_000))
    assert books.position().total.cost_pence == 2_000_000
    believed = books.position(known_at=then.known_at)
    assert (believed.lines, believed.total, believed.reserve) == (then.lines, then.total, then.reserve)
    assert not books.position(known_at=datetime(2020, 1, 1, tzinfo=UTC)).lines


def test_the_past_read_from_postings_and_the_present_read_from_balances_agree(books: Books) -> None:
    books.take(
        budget("grant", 9), reserve(-5), budget("special", 3), made("PL-1", None), lodged(expected=1), paid("PL-1", 2)
    )
    books.settle()
    for year in range(2025, 2031):
        now = books.position(year)
        then = books.position(year, known_at=now.known_at)
        assert (now.total, now.reserve, now.full_year_effect) == (then.total, then.reserve, then.full_year_effect)
        assert now.lines == then.lines


def test_the_moment_of_knowledge_only_rises(books: Books) -> None:
    for pounds in range(1, 6):
        books.take(budget("special", pounds, time=f"2025-06-0{pounds}T00:00:00Z"))
    assert books.value(
        "SELECT bool_and(recorded_at > before) FROM (SELECT recorded_at, lag(recorded_at) OVER (ORDER BY id) AS before"
        " FROM postings) AS p WHERE before IS NOT NULL"
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE postings SET amount_pence = 1",
        "DELETE FROM postings",
        "TRUNCATE postings",
        "UPDATE inbox SET body = '{}'",
        "DELETE FROM inbox",
    ],
)
def test_postgresql_itself_refuses_to_rewrite_history(books: Books, change: str) -> None:
    books.take(budget("special", 1))
    with pytest.raises(DBAPIError, match="append-only"), transaction(books.engine) as connection:
        connection.execute(text(change))


@pytest.mark.parametrize(
    ("kind", "source", "target", "pence"),
    [
        ("commitment", "headroom", "committed", 0),
        ("commitment", "headroom", "committed", -5),
        ("commitment", "committed", "committed", 5),
        ("commitment", "funding", "spent", 5),
        ("gift", "headroom", "committed", 5),
    ],
)
def test_postgresql_itself_refuses_an_unbalanced_posting(
    books: Books, kind: str, source: str, target: str, pence: int
) -> None:
    with pytest.raises(DBAPIError, match="check constraint"), transaction(books.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO postings (recorded_at, authority, about, financial_year, line, kind, from_place, to_place,"
                " amount_pence, first_day, last_day) VALUES (now(), 'E06000016', 'x', 2025, 'special', :kind, :source,"
                " :target, :pence, '2025-04-01', '2025-04-01')"
            ),
            {"kind": kind, "source": source, "target": target, "pence": pence},
        )
