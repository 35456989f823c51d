"""One moment of the books seen through several connections, and rows streamed from it in bounded memory."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, text

from hnb.database import reading
from ledger.seals import write_steadily

ROWS_AT_ONCE = 2_000
WORK_MEM = "256MB"  # what PostgreSQL may sort in without writing to disk
STATEMENT_TIMEOUT_MS = 3_600_000  # a whole journal is read: minutes where a service's own statements take moments

L = TypeVar("L")
R = TypeVar("R")
Key = tuple[str, str]


@contextmanager
def at(engine: Engine, moment: str | None = None) -> Iterator[Connection]:
    """A read-only connection that sees a moment another has named, or one of its own; it writes values as sealed."""
    with reading(engine) as connection:
        if moment is not None:
            connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{moment}'")
        write_steadily(connection)
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SET LOCAL work_mem = '{WORK_MEM}'")
        yield connection


def name_moment(connection: Connection) -> str:
    """What others call the moment this connection sees, as long as it sees it."""
    return str(connection.scalar(text("SELECT pg_export_snapshot()")))


def stream(connection: Connection, query: str) -> Generator[tuple[Any, ...], None, None]:
    """The rows of a query as they come, a few thousand in memory at a time."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with raw.cursor(name=f"verify_{abs(hash(query))}") as cursor:
        cursor.execute(query.encode())
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


def merge(left: Iterable[tuple[Key, L]], right: Iterable[tuple[Key, R]]) -> Iterator[tuple[Key, L | None, R | None]]:
    """Two streams in the order of their keys, side by side; None where one of them lacks a key."""
    lefts, rights = iter(left), iter(right)
    a, b = next(lefts, None), next(rights, None)
    while a is not None or b is not None:
        key = min(one[0] for one in (a, b) if one is not None)
        yield key, a[1] if a and a[0] == key else None, b[1] if b and b[0] == key else None
        a = next(lefts, None) if a and a[0] == key else a
        b = next(rights, None) if b and b[0] == key else b
