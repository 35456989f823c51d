"""What only the register can see, said as conditions: how each kind is found. `due` finds what is due by law."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from hnb.conditions.looking import Find
from hnb.conditions.rules import Condition, morning
from placements import due
from placements.domain.conditions import (
    FEED_EVENTS,
    SILENT_DAYS_AT_MOST,
    hours_silent,
)
from placements.domain.places import fullness
from placements.reports import mismatches, places
from placements.reports.paging import Asked

# Each source is stepped to in the index, so that a look costs the number of feeds and not of events.
_FEEDS = text("""
    WITH RECURSIVE feeds AS (
        (SELECT source FROM inbox WHERE authority = :authority ORDER BY source LIMIT 1)
        UNION ALL
        SELECT following.* FROM feeds f CROSS JOIN LATERAL (
            SELECT i.source FROM inbox i WHERE i.authority = :authority AND i.source > f.source
            ORDER BY i.source LIMIT 1
        ) AS following
    )
    SELECT f.source, l.received_at AS last FROM feeds f
    CROSS JOIN LATERAL (
        SELECT received_at FROM inbox i WHERE i.authority = :authority AND i.source = f.source
        ORDER BY received_at DESC LIMIT 1
    ) AS l
    WHERE NOT starts_with(f.source, '/hnb/') AND l.received_at >= :oldest
    AND (SELECT count(*) FROM (
        SELECT FROM inbox i WHERE i.authority = :authority AND i.source = f.source LIMIT :enough
    ) AS sent) = :enough
""")


def mismatched(connection: Connection, authority: str, at: datetime) -> Iterable[Condition]:
    """A placement live after its plan ceased, since the day after; two placements of one child that share days."""
    kinds = ("placement-after-plan-ceased", "overlap")
    for row in mismatches.listed(connection, Asked(authority, "", None, at.date()), kinds):
        named = [row["placement_id"], row["other_placement_id"]]
        scope = " ".join(f"placement/{id}" for id in named if id is not None)
        yield Condition(row["authority"], row["kind"], scope, since=morning(row["since"]))


def occupied(connection: Connection, authority: str, at: datetime) -> Iterable[Condition]:
    """A setting in the area that is fuller or emptier than officers want; since when, only looking tells."""
    for row in places.settings(connection, Asked(authority, "", None, at.date())):
        full = fullness(row["capacity"], row["filled"])
        if full is not None and row["in_area"]:
            scope = f"setting/{row['setting_id']}"
            yield Condition(row["authority"], f"occupancy-{full}", scope, row["occupancy_percent"], "percent")


def silent(connection: Connection, authority: str, at: datetime) -> Iterable[Condition]:
    """A source that used to send and has sent nothing for a day or more, since the last it sent; hours."""
    binds = {"authority": authority, "oldest": at - timedelta(days=SILENT_DAYS_AT_MOST), "enough": FEED_EVENTS}
    for row in connection.execute(_FEEDS, binds):
        hours = hours_silent(row.last, at)
        if hours is not None:
            yield Condition(authority, "feed-silent", f"source/{row.source}", hours, "hours", row.last)


FOUND: tuple[Find, ...] = (mismatched, occupied, due.clocks_running_out, due.orders_overdue, silent)
