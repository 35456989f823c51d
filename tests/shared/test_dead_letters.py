"""What is set aside: found again by its reason, and told of without what is in it."""

from collections.abc import Sequence
from datetime import date

import orjson
import pytest
from sqlalchemy import Connection, Engine, text

from hnb import database, deadletters
from hnb.deadletters import Asked
from hnb.events import CASE_EVENTS, Event
from hnb.hearing import Entry
from hnb.intake import Intake
from hnb.telemetry import Telemetry
from ledger.handlers import Ledger, about
from ledger.settings import LedgerSettings
from tests.cases import made, yearly
from tests.conftest import FreshDatabase

TODAY = date(2025, 9, 1)
FAILING = (
    "SELECT CAST(:told AS integer)",
    "INSERT INTO outbox (stream, body) VALUES (NULL, :told)",
    "INSERT INTO dead_letters (stream, entry_id, body, reason) SELECT :told, 'x', '', '' FROM generate_series(1, 2)",
)


@pytest.fixture
def engine(database_url: FreshDatabase) -> Engine:
    engine = database.connect(database_url("ledger"), "ledger")
    database.migrate(engine, "ledger")
    return engine


def fails_on(engine: Engine, id: str, tried: list[list[str]], statement: str = FAILING[1]) -> Intake:
    """A road in whose one event fails in the database, with what it says in the statement."""

    def apply(connection: Connection, events: Sequence[Event]) -> None:
        tried.append([event.id for event in events])
        for event in events:
            if event.id == id:
                connection.execute(text(statement), {"told": event.body})

    return Intake(engine, Telemetry("ledger"), lambda _: None, apply, lambda: None, CASE_EVENTS)


def entries(*ids: str) -> list[Entry]:
    return [Entry("placement", f"1-{n}", orjson.dumps(made(id=id))) for n, id in enumerate(ids)]


def letters(engine: Engine, asked: Asked | None = None) -> list[dict[str, object]]:
    with database.reading(engine) as connection:
        return deadletters.listed(connection, asked or Asked(), 100)


@pytest.mark.parametrize("statement", FAILING)
def test_neither_a_reason_nor_the_log_holds_what_an_event_says(
    engine: Engine, statement: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    fails_on(engine, "e", [], statement).take_entries(entries("e"))
    (letter,) = letters(engine)
    assert letter["event"] == {"source": "/capita-one/leicester", "id": "e", "type": "hnb.placement-made.v1",
                               "authority": "E06000016"}  # fmt: skip
    assert letter["reason"]
    said = capfd.readouterr()
    for told in (letter["reason"], said.out, said.err, caplog.text):
        assert "7f3a9c" not in str(told)


def test_letters_are_found_by_stream_and_by_words_of_their_reason(engine: Engine) -> None:
    intake = fails_on(engine, "e", [])
    intake.take_entries(entries("e"))
    intake.take_entries([Entry("budget", "1-0", b"{")])
    assert [letter["stream"] for letter in letters(engine)] == ["placement", "budget"]
    assert [letter["stream"] for letter in letters(engine, Asked(reason="NOT json"))] == ["budget"]
    assert [letter["stream"] for letter in letters(engine, Asked(stream="placement"))] == ["placement"]
    assert letters(engine, Asked(state="replayed")) == []


def test_those_beside_one_that_fails_are_applied_before_it_is_found(engine: Engine) -> None:
    tried: list[list[str]] = []
    fails_on(engine, "a", tried).take_entries(entries("a", "b", "c", "d", "e", "f", "g", "h"))
    assert tried == [list("abcdefgh"), list("abcd"), list("efgh"), list("ab"), list("cd"), ["a"], ["b"]]
    assert len(letters(engine)) == 1


def test_one_that_postgresql_names_costs_those_beside_it_one_try_more(engine: Engine) -> None:
    with database.transaction(engine) as connection:
        connection.execute(text("ALTER TABLE inbox ADD CHECK (id <> 'c')"))
    tried: list[list[str]] = []
    fails_on(engine, "none", tried).take_entries(entries("a", "b", "c", "d", "e", "f", "g", "h"))
    assert tried == [list("abdefgh")]
    (letter,) = letters(engine)
    assert str(letter["reason"]).startswith("CheckViolation: ")
    assert "7f3a9c" not in str(letter["reason"])


@pytest.mark.parametrize("table", ["postings", "commitments"])
def test_a_commitment_that_cannot_be_posted_keeps_no_other_waiting(engine: Engine, table: str) -> None:
    with database.transaction(engine) as connection:
        connection.execute(text(f"ALTER TABLE {table} ADD CHECK (about <> 'commitment/PL-3')"))
    ledger = Ledger(LedgerSettings(database_url="postgresql://a:b@c/d", broker_url="redis://none"), lambda: TODAY)
    tried: list[list[str]] = []

    def apply(connection: Connection, events: Sequence[Event]) -> None:
        tried.append([event.id for event in events])
        ledger.post(connection, events)

    said = [made(f"PL-{n}", yearly(1_000), child=f"c{n}", id=f"e{n}") for n in range(6)]
    Intake(engine, Telemetry("ledger"), about, apply, lambda: None, CASE_EVENTS).take_entries(
        [Entry("placement", f"1-{n}", orjson.dumps(one)) for n, one in enumerate(said)]
    )
    assert tried == [["e0", "e1", "e2", "e3", "e4", "e5"], ["e0", "e1", "e2", "e4", "e5"], ["e3"]]
    (letter,) = letters(engine)
    assert str(letter["reason"]).startswith("CheckViolation: ")
