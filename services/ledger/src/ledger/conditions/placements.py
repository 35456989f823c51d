"""Placements nobody knows the price of, placements that cost much, and how many independent ones there are more."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from hnb.calendar import ONE_DAY, financial_year
from hnb.conditions.rules import Condition
from hnb.events import Figure
from hnb.provisions import Provision
from ledger.domain.conditions import COSTLY_OVER_MEAN_PENCE, COSTLY_PENCE, MOVED_DAYS
from ledger.domain.schedules import Kind
from ledger.handlers import COMMITMENT
from ledger.store import read_schedule

_SAID = """(
    SELECT max(i.time) FROM inbox i WHERE i.authority = c.authority AND i.about = c.about AND i.type IN ({kinds})
    AND NOT taken_back(i.authority, i.source, i.id)
) AS since"""
_LIVE = "c.authority = :authority AND c.kind = 'placement' AND (c.last_day IS NULL OR c.last_day >= :today)"
_UNPRICED = text(f"""
    SELECT c.authority, c.about, c.provision, c.schedule, {_SAID.format(kinds="'hnb.placement-made.v1'")}
    FROM commitments c WHERE {_LIVE} AND c.unpriced AND c.annual_pence IS NULL
""")  # noqa: S608 - only text of this module is put in
_COSTLY = text(f"""
    WITH means AS (
        SELECT c.authority, c.provision, round(sum(c.annual_pence) / count(*))::bigint AS pence FROM commitments c
        WHERE {_LIVE} AND c.annual_pence IS NOT NULL AND c.first_day <= :today GROUP BY 1, 2
    )
    SELECT c.authority, c.about, c.provision, c.annual_pence, c.annual_pence - m.pence AS over_mean,
        {_SAID.format(kinds="'hnb.placement-made.v1', 'hnb.placement-repriced.v1'")}
    FROM commitments c LEFT JOIN means m USING (authority, provision)
    WHERE {_LIVE} AND c.annual_pence IS NOT NULL
    AND (c.annual_pence >= :costly OR c.annual_pence - m.pence >= :costly_over_mean)
""")  # noqa: S608
# What ended before it began cost nothing: it neither started nor ended.
_INDEPENDENTS = text("""
    SELECT authority, sum(CASE WHEN first_day BETWEEN :first AND :today THEN 1 ELSE 0 END
        - CASE WHEN last_day BETWEEN :first_left AND :last_left THEN 1 ELSE 0 END) AS net
    FROM commitments WHERE authority = :authority AND kind = 'placement' AND provision = :independent
    AND first_day <= :today AND (last_day IS NULL OR last_day >= first_day) GROUP BY authority
""")


def unpriced(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """A placement not ended whose price is not known, since it was last told of; its provisional pence this year."""
    year = financial_year(at.date())
    for row in connection.execute(_UNPRICED, {"authority": authority, "today": at.date()}):
        provisional = sum(
            amount.pence
            for cell, amount in read_schedule(row.schedule).items()
            if cell.year == year and cell.kind is Kind.PROVISIONAL
        )
        yield Condition(
            row.authority, "placement-unpriced", _scope(row.about), since=row.since, provision=row.provision,
            figures=(Figure(name="provisional", value=provisional, unit="pence"),),
        )  # fmt: skip


def costly(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """A placement not ended that costs much, or much more than its line's mean of the day; its pence a year."""
    binds = {
        "authority": authority,
        "today": at.date(),
        "costly": COSTLY_PENCE,
        "costly_over_mean": COSTLY_OVER_MEAN_PENCE,
    }
    for row in connection.execute(_COSTLY, binds):
        # A line on which nothing is live yet has no mean.
        over_mean = [] if row.over_mean is None else [Figure(name="over-line-mean", value=row.over_mean, unit="pence")]
        yield Condition(
            row.authority, "placement-cost", _scope(row.about), row.annual_pence, "pence", row.since,
            provision=row.provision, figures=tuple(over_mean),
        )  # fmt: skip


def independents(connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """How many more independent placements started than ended within thirty days, this one included."""
    today = at.date()
    first = today - timedelta(days=MOVED_DAYS - 1)
    binds = {
        "authority": authority, "today": today, "first": first,
        "first_left": first - ONE_DAY, "last_left": today - ONE_DAY, "independent": str(Provision.INDEPENDENT),
    }  # fmt: skip
    for row in connection.execute(_INDEPENDENTS, binds):
        if row.net > 0:
            provision = str(Provision.INDEPENDENT)
            scope = f"line/{provision}"
            yield Condition(row.authority, "independents-net", scope, int(row.net), "placements", provision=provision)


def _scope(about: str) -> str:
    return "placement/" + about.removeprefix(COMMITMENT)
