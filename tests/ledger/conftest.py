"""A ledger over a real database, spoken to directly: events in, positions out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import pytest
from sqlalchemy import Engine, text

from hnb import database
from hnb.events import CASE_EVENTS
from hnb.inbox import Outcome
from hnb.intake import Intake
from hnb.telemetry import Telemetry
from ledger import positions
from ledger.handlers import Ledger, about
from ledger.positions import Position
from ledger.settings import LedgerSettings
from tests.cases import LEICESTER, Json, read
from tests.conftest import FreshDatabase

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
