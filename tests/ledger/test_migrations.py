"""Migrations over books that are already open: what a new table holds of the past is what it would have held."""

from sqlalchemy import text

from hnb import database
from tests.cases import budget, lodged, made, paid, repriced, reserve, yearly
from tests.ledger.conftest import Books

SOUGHT = {"provision": "independent", "cost": yearly(80_000), "start_date": "2025-10-01"}
_HISTORY = text("SELECT * FROM balance_history ORDER BY authority, financial_year, line, recorded_at")


def history(books: Books) -> list[tuple[object, ...]]:
    with database.reading(books.engine) as connection:
        return [tuple(row) for row in connection.execute(_HISTORY)]


def test_past_balances_are_added_up_for_books_older_than_their_table(books: Books) -> None:
    books.take(budget("grant", 900), reserve(-50), budget("special", 500), lodged(sought=SOUGHT))
    books.take(made("PL-1", yearly(10_000)), made("PL-2", None, child="b"))
    books.take(repriced("PL-1", "2025-06-01", yearly(7_000)), paid("PL-1", 300))
    books.settle()
    kept = history(books)
    assert kept
    with database.transaction(books.engine) as connection:
        connection.execute(text("DROP SCHEMA finance CASCADE"))
        connection.execute(text("DROP TABLE balance_history"))
        # Later migrations run once more as well.
        connection.execute(
            text("DROP TABLE conditions, replays, leads, said, traces, forecast_runs, public_editions, views")
        )
        connection.execute(text("DROP TABLE benchmark_figures, benchmark_names, benchmark_neighbours, benchmark_files"))
        connection.execute(text("DROP TABLE recovery_plans, recovery_reviews"))
        connection.execute(text("ALTER TABLE outbox DROP COLUMN traceparent"))
        connection.execute(text("ALTER TABLE balances ADD said_version bigint DEFAULT 0, ADD said_at timestamptz"))
        connection.execute(text("ALTER TABLE dead_letters DROP COLUMN replayed_at"))
        connection.execute(text("DROP FUNCTION taken_back"))
        connection.execute(text("DROP INDEX inbox_repriced, inbox_paid, postings_moved, commitments_unknown"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    database.migrate(books.engine, "ledger")
    assert history(books) == kept
