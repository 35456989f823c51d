"""The one place where a page says that it is about to show records of children."""

from collections.abc import Iterable

from fastapi import Request
from sqlalchemy import Engine


def note_views(engine: Engine, request: Request, kind: str, authority: str, records: Iterable[str]) -> None:
    """Write down who is about to see these records, before they are shown and outside of `reading()`."""
