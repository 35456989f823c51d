"""A small year with a bit of everything, and what the tests of verify do with its books."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Engine

from ledger import saying, seals
from ledger.verify import Check, Report, verify
from tests.cases import (
    Json,
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
from tests.conftest import Servers
from tests.ledger.conftest import Books

SOUGHT = {"provision": "independent", "cost": yearly(66_500), "start_date": "2025-11-01"}


def a_small_year() -> list[Json]:
    """A bit of everything the ledger keeps: priced and not, open and ended, appealed, paid, taken back."""
    mistaken, taken_back = made("PL-7", yearly(40_000)), made("PL-8", yearly(1_000))
    return [
        budget("special", 100_000), budget("grant", 500_000), budget("tribunal", 9_000), reserve(-12_000),
        made("PL-1", yearly(33_500), child="a"), repriced("PL-1", "2025-09-01", yearly(35_000)), paid("PL-1", 900),
        made("PL-2", None, child="b"), made("PL-3", yearly(30_000), end="2026-03-31", child="c"),
        ended("PL-3", "2025-12-31"), contributed("PL-1", yearly(1_200)), paid("PL-99", 5),
        granted("GR-1", yearly(4_000)), commissioned("CO-1", 3, yearly(10_000)),
        lodged("AP-1", child="a", sought=SOUGHT), incurred("AP-1", 700), lodged("AP-2", child="d"), concluded("AP-2"),
        mistaken, withdrawn(mistaken), withdrawn(withdrawn(taken_back)), taken_back,
    ]  # fmt: skip


def seal_all(engine: Engine) -> None:
    while seals.seal(engine):
        pass


def finish(books: Books) -> None:
    """Decided, said and sealed: as a ledger at rest leaves its books."""
    books.settle()
    while saying.say_changes(books.engine):
        pass
    seal_all(books.engine)


def verified(books: Books, **more: Any) -> Report:
    return verify(books.engine, books.ledger.settings, **more)


def failed(report: Report) -> list[Check]:
    return [check for check in report.checks if not check.ok]


@contextmanager
def superuser(servers: Servers, books: Books) -> Iterator[psycopg.Connection]:
    """Someone who may do everything, with every trigger switched off for what they do."""
    name = books.engine.url.database
    url = urlsplit(servers.database.admin_url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection
