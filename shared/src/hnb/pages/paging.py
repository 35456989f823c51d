"""Lists that are longer than a page: which rows are shown, and the links to those beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException, Request

ROWS_A_PAGE = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """One page of a list, and the links to those beside it."""

    rows: Sequence[Any]
    number: int
    pages: int
    total: int
    first: int
    previous: str | None
    next: str | None


def page_of(request: Request, rows: Sequence[Any], number: int) -> Shown:
    """The rows of one page out of all; 404 beyond the last."""
    first = (number - 1) * ROWS_A_PAGE
    return shown_of(request, rows[first : first + ROWS_A_PAGE], number, len(rows))


def shown_of(request: Request, rows: Sequence[Any], number: int, total: int) -> Shown:
    """The same, where only the rows of this page were read, out of a total; 404 beyond the last."""
    pages = max(1, -(-total // ROWS_A_PAGE))
    if number > pages:
        raise HTTPException(404, f"page: there are {pages} pages of this, and no page {number}; begin at page 1")
    return Shown(
        rows, number, pages, total, (number - 1) * ROWS_A_PAGE + 1,
        link(request, page=str(number - 1)) if number > 1 else None,
        link(request, page=str(number + 1)) if number < pages else None,
    )  # fmt: skip


def link(request: Request, **changed: str) -> str:
    """This page's own address with these parameters, the empty ones left out."""
    asked = {**request.query_params, **changed}
    return "?" + urlencode({name: value for name, value in asked.items() if value})
