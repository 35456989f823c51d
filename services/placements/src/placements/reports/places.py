"""Settings and their places on a day: capacity, children, vacancies, rooms over-full, and places commissioned."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from placements.domain.places import fullness, occupancy
from placements.reports.paging import Asked

COLUMNS = (
    "authority", "setting_id", "name", "provision", "phase", "in_area", "urn", "capacity", "filled", "vacancies",
    "over", "occupancy_percent", "commissioned", "commissioned_empty",
)  # fmt: skip
# Which settings: all, those with more children than places, those with places free.
FILTERS = ("all", "over-full", "vacant")

_SETTINGS = text("""
    SELECT s.authority, s.data ->> 'setting_id' AS setting_id, s.data ->> 'name' AS name,
        s.data ->> 'provision' AS provision, s.data ->> 'phase' AS phase, (s.data ->> 'in_area')::boolean AS in_area,
        s.data ->> 'urn' AS urn, c.capacity, f.filled, coalesce(m.places, 0) AS commissioned
    FROM facts s
    LEFT JOIN LATERAL (
        SELECT capacity FROM capacities c
        WHERE c.authority = s.authority AND c.setting_id = s.data ->> 'setting_id' AND c.from_day <= :today
        ORDER BY c.from_day DESC LIMIT 1) c ON true
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT p.child_ref)::int AS filled FROM placements p
        WHERE p.authority = s.authority AND p.setting_id = s.data ->> 'setting_id'
        AND :today BETWEEN p.first_day AND p.last_day) f
    CROSS JOIN LATERAL (
        SELECT sum((k.data ->> 'places')::int)::int AS places FROM facts k
        WHERE k.authority = s.authority AND k.type = 'hnb.places-commissioned.v1'
        AND k.data ->> 'setting_id' = s.data ->> 'setting_id'
        AND :today BETWEEN (k.data ->> 'start_date')::date AND (k.data ->> 'end_date')::date) m
    WHERE s.type = 'hnb.setting-registered.v1' AND (:authority = '' OR s.authority = :authority)
    AND (s.authority, s.about) > (:after_authority, 'setting/' || :after_id)
    AND (:only = 'all' OR (:only = 'over-full' AND f.filled > c.capacity)
        OR (:only = 'vacant' AND f.filled < c.capacity))
    ORDER BY s.authority, s.about LIMIT CAST(:most AS bigint)
""")
# The same over all settings at once: for a figure a provision, one pass over the placements is the quicker way.
_TOTALS = text("""
    WITH filled AS (
        SELECT authority, setting_id, count(DISTINCT child_ref) AS filled FROM placements
        WHERE :today BETWEEN first_day AND last_day GROUP BY 1, 2
    ), room AS (
        SELECT s.authority, s.data ->> 'provision' AS provision, c.capacity, coalesce(f.filled, 0) AS filled
        FROM facts s
        CROSS JOIN LATERAL (
            SELECT capacity FROM capacities c
            WHERE c.authority = s.authority AND c.setting_id = s.data ->> 'setting_id' AND c.from_day <= :today
            ORDER BY c.from_day DESC LIMIT 1) c
        LEFT JOIN filled f ON f.authority = s.authority AND f.setting_id = s.data ->> 'setting_id'
        WHERE s.type = 'hnb.setting-registered.v1'
    )
    SELECT authority, provision, sum(capacity)::int AS capacity, sum(filled)::int AS filled,
        sum(greatest(capacity - filled, 0))::int AS vacant, sum(greatest(filled - capacity, 0))::int AS over
    FROM room GROUP BY 1, 2 ORDER BY 1, 2
""")
STATES = ("capacity", "filled", "vacant", "over")


def settings(connection: Connection, asked: Asked, only: str = "all") -> Iterator[dict[str, Any]]:
    """Each setting on `asked.today`: a child takes one place there, however many of its placements are live."""
    for row in connection.execute(_SETTINGS, asked.binds() | {"only": only}).mappings():
        room = occupancy(row["capacity"], row["filled"])
        yield {
            **row, "vacancies": room.vacancies, "over": room.over, "occupancy_percent": room.percent,
            "commissioned_empty": max(row["commissioned"] - row["filled"], 0),
        }  # fmt: skip


def totals(connection: Connection, today: date) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Authority, provision and places by state, over the settings whose capacity is known on the day.

    Places free at one setting are no room in another: so `vacant` less `over` is capacity less filled, and says more.
    """
    for row in connection.execute(_TOTALS, {"today": today}).mappings():
        yield row["authority"], row["provision"], {state: row[state] for state in STATES}


def summary(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """What settings come to: places and children at those whose capacity is known, and those too full or too empty."""
    found = list(rows)
    known = [row for row in found if row["capacity"] is not None]
    full = [fullness(row["capacity"], row["filled"]) for row in known]
    return {
        "settings": len(found), "capacity": sum(row["capacity"] for row in known),
        "filled": sum(row["filled"] for row in known), "vacant": sum(row["vacancies"] for row in known),
        "over": sum(row["over"] for row in known), "high": full.count("high"), "low": full.count("low"),
        "not_counted": len(found) - len(known), "filled_not_counted": sum(
            row["filled"] for row in found if row["capacity"] is None),
    }  # fmt: skip


def by_provision(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """The same for each provision, by its name."""
    of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        of[row["provision"]].append(row)
    return {provision: summary(found) for provision, found in sorted(of.items())}
