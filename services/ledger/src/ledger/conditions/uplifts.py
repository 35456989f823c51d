"""Prices that were put up, told in time or late."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.calendar import financial_year, year_start
from hnb.conditions.rules import Condition
from hnb.events import Figure
from ledger.conditions import facts
from ledger.domain.conditions import Uplift, latest_uplift
from ledger.handlers import COMMITMENT, Ledger
from ledger.store import Key

# Told since the year before began: an uplift of this year is not told earlier than that.
_TOLD = text("""
    SELECT DISTINCT c.authority, c.about, c.provision FROM inbox i JOIN commitments c USING (authority, about)
    WHERE i.authority = :authority AND i.type = 'hnb.placement-repriced.v1' AND i.time >= :since
    AND c.kind = 'placement' AND c.annual_pence IS NOT NULL AND (c.last_day IS NULL OR c.last_day >= :first_day)
""")


def put_up(ledger: Ledger, connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """An uplift that came in force or was told this financial year, in tenths of a per cent, since it was told."""
    year = financial_year(at.date())
    horizon = ledger.settings.horizon(at.date())
    binds = {"authority": authority, "since": year_start(year - 1), "first_day": year_start(year)}
    lines = {(row.authority, row.about): row.provision for row in connection.execute(_TOLD, binds)}
    for part in facts.in_parts(lines):
        for key, events in facts.standing(connection, part).items():
            uplift = latest_uplift(events, year, horizon)
            if uplift is not None:
                yield _condition(key, lines[key], year, uplift)


def _condition(key: Key, provision: str, year: int, uplift: Uplift) -> Condition:
    return Condition(
        key[0], "uplift", "placement/" + key[1].removeprefix(COMMITMENT), uplift.permille, "permille", uplift.said_at,
        year, provision,
        (
            Figure(name="backdated-days", value=uplift.backdated_days, unit="days"),
            Figure(name="a-year", value=uplift.more_pence, unit="pence"),
        ),
    )  # fmt: skip
