"""The database's own limits: who stands still in the middle of a transaction holds nobody up for ever."""

import time
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError

from hnb import database
from tests.conftest import FreshDatabase

IDLE_SECONDS = 0.3


@pytest.fixture
def url(database_url: FreshDatabase, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(database, "IDLE_TIMEOUT_MS", int(IDLE_SECONDS * 1000))
    return database_url("ledger")


@pytest.fixture
def engine(database_url: FreshDatabase) -> Iterator[Engine]:
    engine = database.connect(database_url("ledger"), "ledger")
    yield engine
    engine.dispose()


def test_a_transaction_that_stands_still_is_ended_and_may_be_tried_again(url: str) -> None:
    still, other = database.connect(url, "ledger"), database.connect(url, "ledger")
    with database.transaction(still) as connection:
        connection.execute(text("CREATE TABLE clock (moment int)"))
        connection.execute(text("INSERT INTO clock VALUES (0)"))
    with pytest.raises(DBAPIError) as ended:
        stand_still(still, meanwhile=other)
    assert database.is_passing(ended.value)
    with database.reading(still) as connection:
        assert connection.scalar(text("SELECT moment FROM clock")) == 2
    still.dispose()
    other.dispose()


def stand_still(engine: Engine, meanwhile: Engine) -> None:
    """A replica takes the clock and does nothing, until another that waits for it has gone ahead."""
    with database.transaction(engine) as connection:
        connection.execute(text("UPDATE clock SET moment = 1"))
        with database.transaction(meanwhile) as waiting:
            waiting.execute(text("UPDATE clock SET moment = 2"))
        connection.execute(text("UPDATE clock SET moment = 3"))


def test_a_copy_that_stood_still_for_long_is_ended_by_the_others_and_may_be_tried_again(url: str) -> None:
    """No limit of PostgreSQL's counts here: the statement is at work, and waits for its client."""
    with pytest.raises((psycopg.OperationalError, OperationalError)) as ended:
        copy_standing_still(url, 2 * IDLE_SECONDS)
    assert database.is_passing(ended.value)


def test_a_copy_that_only_hesitates_is_left_alone(url: str) -> None:
    assert copy_standing_still(url, 0) is False


def copy_standing_still(url: str, seconds: float) -> bool:
    """A replica writes, and stands still in the middle; whether another found anything to end."""
    still, other = database.connect(url, "ledger"), database.connect(url, "ledger")
    ended = []

    def lines() -> Iterator[str]:
        yield from map(str, range(database.COPIED_AT_ONCE))
        time.sleep(seconds)
        ended.append(database.end_stuck(other))
        yield from map(str, range(database.COPIED_AT_ONCE))

    try:
        with database.transaction(still) as connection:
            connection.execute(text("CREATE TABLE said (id int)"))
            database.copy_lines(connection, "said", ("id",), lines())
    finally:
        still.dispose()
        other.dispose()
    return ended == [True]


def test_what_only_reads_may_take_its_time(url: str) -> None:
    engine = database.connect(url, "ledger")
    with database.reading(engine) as connection:
        connection.execute(text("SELECT 1"))
        time.sleep(2 * IDLE_SECONDS)
        assert connection.scalar(text("SELECT 2")) == 2
    engine.dispose()


WRITTEN = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(WRITTEN, st.text('ab\\"\t\n,{}'), st.integers(-(2**62), 2**62)), max_size=8))
def test_what_is_copied_or_handed_over_as_arrays_comes_back_as_it_was(
    engine: Engine, rows: list[tuple[str | None, str, int]]
) -> None:
    with database.transaction(engine) as connection:
        connection.execute(text("CREATE TEMP TABLE kept (a text, b text, c bigint) ON COMMIT DROP"))
        database.copy_rows(connection, "kept", ("a", "b", "c"), rows)
        assert [tuple(row) for row in connection.execute(text("SELECT * FROM kept ORDER BY ctid"))] == rows
        handed = text("SELECT * FROM unnest(CAST(:a AS text[]), CAST(:b AS text[]), CAST(:c AS bigint[]))")
        assert [tuple(row) for row in connection.execute(handed, database.arrays("a b c", rows))] == rows
