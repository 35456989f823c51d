"""The postings as they stand in the journal, read in order and in bounded memory."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, text

from hnb.database import reading

ROWS_AT_ONCE = 2_000
_POSTINGS = text("""
    SELECT * FROM postings WHERE (CAST(:authority AS text) IS NULL OR authority = :authority)
    AND (CAST(:year AS integer) IS NULL OR financial_year = :year) ORDER BY id
""")


@contextmanager
def read_postings(engine: Engine, authority: str | None, year: int | None) -> Iterator[Iterable[Any]]:
    """Every posting, or those of one authority and financial year, as of one moment."""
    with reading(engine) as connection:
        streaming = connection.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE)
        yield streaming.execute(_POSTINGS, {"authority": authority, "year": year})
