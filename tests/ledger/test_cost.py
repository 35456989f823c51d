"""What a batch costs the database: statements are counted, since they do not depend on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from tests.cases import made, paid, repriced, yearly
from tests.ledger.conftest import Books


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("events", [1, 40, 400])
def test_a_batch_of_any_size_takes_the_same_few_statements(books: Books, events: int) -> None:
    books.take(made("PL-0", yearly(1)))
    batch = [made(f"PL-{i}", yearly(1_000 + i), child=f"c{i}") for i in range(events)]
    batch += [repriced(f"PL-{i}", "2025-09-01", yearly(2_000)) for i in range(events)]
    batch += [paid(f"PL-{i}", 100) for i in range(events)]
    with statements(books.engine) as seen:
        books.take(*batch)
    assert len(seen) <= 12, seen
