"""What the last forecast expects of each coming year: the block's outturn and its reserve, at the median."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection

from hnb.conditions.rules import Condition
from hnb.events import Figure
from ledger.outlook.result import Spread
from ledger.runs.store import last_years

SCOPE = "block/high-needs"


def expected(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """Of each financial year: what of ten futures five, one and nine are below."""
    for year in last_years(connection, authority):
        for name, spread in (("forecast-outturn", year.outturn), ("forecast-reserve", year.reserve)):
            yield Condition(
                authority, name, SCOPE, spread.p50, "pence",
                financial_year=year.financial_year, figures=_figures(spread),
            )  # fmt: skip


def _figures(spread: Spread) -> tuple[Figure, ...]:
    return Figure(name="p10", value=spread.p10, unit="pence"), Figure(name="p90", value=spread.p90, unit="pence")
