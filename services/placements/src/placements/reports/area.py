"""Placements at settings out of the area on a day, and what the same children would cost in local places."""

from collections.abc import Iterator
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from hnb.events import Cost
from placements.domain.area import ASSUMPTION, Compared, compare, local_means, totals
from placements.reports.paging import Asked

COLUMNS = (
    "authority", "placement_id", "setting_id", "setting_name", "provision", "start_date", "end_date",
    "cost_a_year_pence", "local_mean_pence", "local_placements", "difference_pence",
)  # fmt: skip

# The price in force on a day is the last one from that day or before; the placement's own, where there is none.
_LIVE = """
    FROM placements p
    LEFT JOIN facts s ON s.authority = p.authority AND s.about = 'setting/' || p.setting_id
        AND s.type = 'hnb.setting-registered.v1'
    LEFT JOIN LATERAL (
        SELECT r.data -> 'cost' AS cost, true AS found FROM facts r
        WHERE r.authority = p.authority AND r.type = 'hnb.placement-repriced.v1'
        AND r.data ->> 'placement_id' = p.placement_id AND (r.data ->> 'effective_on')::date <= :today
        ORDER BY (r.data ->> 'effective_on')::date DESC LIMIT 1) r ON true
    WHERE p.authority = :authority AND :today BETWEEN p.first_day AND p.last_day
"""
_PRICE = "CASE WHEN r.found THEN r.cost ELSE p.cost END"
_OUT = text(
    "SELECT p.authority, p.placement_id, p.setting_id, s.data ->> 'name' AS setting_name, p.provision,"
    " p.first_day AS start_date, nullif(p.last_day, '9999-12-31') AS end_date, " + _PRICE + " AS cost"
    + _LIVE + " AND NOT (s.data ->> 'in_area')::boolean"
)  # fmt: skip
_LOCAL = text(
    "SELECT p.provision, " + _PRICE + " AS cost, count(*)::int AS times"
    + _LIVE + " AND (s.data ->> 'in_area')::boolean GROUP BY 1, 2"
)  # fmt: skip
_UNREGISTERED = text("SELECT count(*)::int" + _LIVE + " AND s.about IS NULL")
_COUNTED = text("""
    SELECT p.authority, p.provision, count(*)::int AS placements FROM facts s
    JOIN placements p ON p.authority = s.authority AND p.setting_id = s.data ->> 'setting_id'
    WHERE s.type = 'hnb.setting-registered.v1' AND NOT (s.data ->> 'in_area')::boolean
    AND :today BETWEEN p.first_day AND p.last_day GROUP BY 1, 2 ORDER BY 1, 2
""")


def out_of_area(connection: Connection, asked: Asked) -> Iterator[dict[str, Any]]:
    """Placements of one authority live on `asked.today` at settings out of its area, each beside its local mean."""
    after = asked.binds()["after_id"]
    rows = (row for row, _ in _compared(connection, asked) if row["placement_id"] > after)
    return islice(rows, asked.most)


def head(connection: Connection, asked: Asked) -> dict[str, Any]:
    """The totals over all of them, how many live placements are at settings nobody registered, and the assumption."""
    binds = asked.binds()
    return {
        "authority": asked.authority,
        "on": asked.today,
        "total": totals(compared for _, compared in _compared(connection, asked)),
        "setting_not_registered": connection.scalar(_UNREGISTERED, binds),
        "assumption": ASSUMPTION,
    }


def _compared(connection: Connection, asked: Asked) -> Iterator[tuple[dict[str, Any], Compared]]:
    binds = asked.binds()
    local = [(row.provision, _cost(row.cost), row.times) for row in connection.execute(_LOCAL, binds)]
    means = local_means(local)
    for row in sorted(connection.execute(_OUT, binds).mappings(), key=lambda row: str(row["placement_id"])):
        one = compare(row["provision"], _cost(row["cost"]), means)
        yield {
            **row, "cost_a_year_pence": one.cost_a_year_pence, "difference_pence": one.difference_pence,
            "local_mean_pence": one.local.pence if one.local else None,
            "local_placements": one.local.placements if one.local else 0,
        }, one  # fmt: skip


def counts(connection: Connection, today: date) -> Iterator[tuple[str, str, int]]:
    """Authority, provision and how many placements are live out of area on the day."""
    for row in connection.execute(_COUNTED, {"today": today}):
        yield row.authority, row.provision, row.placements


def _cost(value: dict[str, Any] | None) -> Cost | None:
    return None if value is None else Cost.model_validate(value)
