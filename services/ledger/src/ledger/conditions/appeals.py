"""Appeals that are open, each with what it exposes the authority to."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.calendar import financial_year
from hnb.conditions.rules import Condition, morning
from hnb.events import Figure
from hnb.provisions import Provision
from ledger.domain.conditions import exposure
from ledger.domain.schedules import Kind
from ledger.handlers import COMMITMENT
from ledger.store import read_schedule

_OPEN = text("""
    SELECT authority, about, first_day, schedule FROM commitments
    WHERE authority = :authority AND kind = 'appeal' AND last_day IS NULL
""")


def lodged(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """An appeal not concluded, since the day it was lodged: what it may cost this year beyond what is paid."""
    for row in connection.execute(_OPEN, {"authority": authority}):
        schedule = read_schedule(row.schedule)
        this_year, a_year, line = exposure(schedule, financial_year(at.date()))
        expected = sum(
            amount.pence
            for cell, amount in schedule.items()
            if cell.line == Provision.TRIBUNAL and cell.kind is Kind.COMMITMENT
        )
        yield Condition(
            row.authority, "appeal-lodged", "appeal/" + row.about.removeprefix(COMMITMENT), this_year, "pence",
            morning(row.first_day), provision=line or str(Provision.TRIBUNAL),
            figures=(
                Figure(name="exposure-a-year", value=a_year, unit="pence"),
                Figure(name="expected-cost", value=expected, unit="pence"),
            ),
        )  # fmt: skip
