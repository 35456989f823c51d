"""The ledger beside the naive model: any history, the same position. HNB_HISTORIES sets how many are drawn."""

import os
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hnb import database
from ledger.settings import DEFAULT_PRICE, DEFAULT_PRICES
from tests.ledger.conftest import HORIZON, Books
from tests.ledger.histories import history
from tests.ledger.naive_books import Figures
from tests.ledger.naive_books import books as naive_books
from tests.ledger.test_convergence import at

HISTORIES = int(os.environ.get("HNB_HISTORIES", "500"))
DEFAULTS = {line: DEFAULT_PRICES.get(line, DEFAULT_PRICE) for line in ("special", "independent")}  # type: ignore[call-overload]
TOGETHER = 20  # histories a batch, each at an authority of its own: a round trip to the database costs more than one
_authorities = count(1)
_BALANCES = text("SELECT * FROM balances WHERE authority = ANY(:authorities) AND line <> 'total'")


def figures(books: Books, authorities: list[str]) -> dict[str, Figures]:
    """Balances in the model's shape. Exposure is left to examples worked by hand: it has no simpler second form."""
    answer: dict[str, Figures] = {authority: {} for authority in authorities}
    with database.reading(books.engine) as connection:
        for row in connection.execute(_BALANCES, {"authorities": authorities}):
            all_of = {
                "budget": row.budget_pence, "priced": row.commitment_pence, "provisional": row.provisional_pence,
                "spent": row.payment_pence,
            }  # fmt: skip
            if some := {kind: pence for kind, pence in all_of.items() if pence}:
                answer[row.authority][row.financial_year, row.line] = some
    return answer


@given(st.integers(0, 2**40))
@settings(max_examples=max(HISTORIES // TOGETHER, 1), deadline=None, suppress_health_check=list(HealthCheck))
def test_any_history_comes_to_what_the_naive_model_says(books: Books, seed: int) -> None:
    placed = {f"E07{next(_authorities):06d}": seed + n for n in range(TOGETHER)}
    histories = {authority: at(authority, history(one)) for authority, one in placed.items()}
    books.take(*(event for events in histories.values() for event in events))
    books.settle()
    found = figures(books, list(histories))
    for authority, events in histories.items():
        assert found[authority] == naive_books(events, HORIZON, DEFAULTS), f"seed {placed[authority]}"
