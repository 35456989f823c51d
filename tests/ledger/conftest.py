"""A ledger over a real database, spoken to directly: events in, positions out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

import psycopg
import pytest
from sqlalchemy import Engine, text

from hnb import database
from hnb.events import CASE_EVENTS
from hnb.inbox import Outcome
from hnb.intake import Intake
from hnb.telemetry import Telemetry
from hnb_local.simulator import leicester_year
from ledger import positions, saying, seals
from ledger.handlers import Ledger, about
from ledger.outlook import prices
from ledger.positions import Position
from ledger.settings import LedgerSettings
from tests.cases import LEICESTER, Json, read
from tests.conftest import FreshDatabase, Servers

TODAY = date(2025, 9, 1)
HORIZON = date(2030, 3, 31)


@dataclass
class Books:
    """One ledger's books."""

    engine: Engine
    ledger: Ledger
    intake: Intake

    def take(self, *events: Json) -> list[Outcome]:
        return self.intake.take(read(*events))

    def settle(self) -> None:
        """Let everything that waits to be decided again be decided now."""
        while True:
            with database.transaction(self.engine) as connection:
                connection.execute(text("UPDATE stale SET due_at = clock_timestamp() - interval '1 second'"))
            self.ledger.settle(self.engine)
            if not self.value("SELECT count(*) FROM stale"):
                return

    def position(self, year: int = 2025, authority: str = LEICESTER, known_at: datetime | None = None) -> Position:
        with database.reading(self.engine) as connection:
            return positions.read(connection, authority, year, known_at)

    def value(self, sql: str) -> object:
        with database.reading(self.engine) as connection:
            return connection.scalar(text(sql))


@contextmanager
def open_books(url: str) -> Iterator[Books]:
    """The books in a database, made where they are not there yet."""
    engine = database.connect(url, "ledger")
    database.migrate(engine, "ledger")
    settings = LedgerSettings(database_url=url, broker_url="redis://unused")
    ledger = Ledger(settings, lambda: TODAY)
    yield Books(engine, ledger, Intake(engine, Telemetry("ledger"), about, ledger.post, lambda: None, CASE_EVENTS))
    engine.dispose()


@pytest.fixture
def books(database_url: FreshDatabase) -> Iterator[Books]:
    with open_books(database_url("ledger")) as opened:
        yield opened


@pytest.fixture(scope="module")
def new_prices_only() -> Iterator[None]:
    """Newcomers cost what those who started cost: with one price of each kind nothing is left to chance."""
    patch = pytest.MonkeyPatch()
    patch.setattr(prices, "BORROWED", 1e-9)
    yield
    patch.undo()


BATCH = 500


@dataclass(frozen=True)
class Year:
    """The synthetic Leicester year: what was sent and not malformed, and the books it came to. To be read only."""

    events: list[Json]
    books: Books


@pytest.fixture(scope="session")
def year(servers: Servers) -> Iterator[Year]:
    """The year as it reaches the door (late, twice, out of order), taken in once for all tests that read it."""
    with psycopg.connect(servers.database.admin_url, autocommit=True) as admin:
        admin.execute("CREATE DATABASE test_year OWNER ledger")
    with open_books(urlsplit(servers.database.urls["ledger"])._replace(path="/test_year").geturl()) as books:
        events = [delivery.event for delivery in leicester_year(2025).events if not delivery.malformed]
        for start in range(0, len(events), BATCH):
            books.take(*events[start : start + BATCH])
            seals.seal(books.engine)
        books.settle()
        while saying.say_changes(books.engine):
            pass
        yield Year(events, books)
    with psycopg.connect(servers.database.admin_url, autocommit=True) as admin:
        admin.execute("DROP DATABASE test_year WITH (FORCE)")
