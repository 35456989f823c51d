"""Placements at settings out of the area on a day, and what the same children would cost in local places."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, text

from hnb.events import Cost
from placements import tariff
from placements.domain.alternatives import MEANING, Away, Prices, Room, alternative, moves, phase_of
from placements.domain.area import ASSUMPTION, Compared, compare, local_means, totals
from placements.domain.phases import NOT_KNOWN, phase
from placements.reports import places
from placements.reports.paging import Asked
from placements.tariff import Governing

Row = dict[str, Any]
COLUMNS = (
    "authority", "placement_id", "setting_id", "setting_name", "provision", "start_date", "end_date",
    "cost_a_year_pence", "local_mean_pence", "local_placements", "difference_pence", "phase", "alternative_basis",
    "alternative_setting_id", "alternative_setting_name", "alternative_a_year_pence", "alternative_difference_pence",
)  # fmt: skip

# The price in force on a day is the last one from that day or before; the placement's own, where there is none.
_LIVE = """
    FROM placements p
    LEFT JOIN facts s ON s.authority = p.authority AND s.about = 'setting/' || p.setting_id
        AND s.type = 'hnb.setting-registered.v1'
    LEFT JOIN (
        SELECT DISTINCT ON (1) f.data ->> 'placement_id' AS placement_id, f.data -> 'cost' AS cost, true AS found
        FROM facts f
        WHERE f.authority = :authority AND f.type = 'hnb.placement-repriced.v1'
        AND (f.data ->> 'effective_on')::date <= :today
        ORDER BY 1, (f.data ->> 'effective_on')::date DESC) r ON r.placement_id = p.placement_id
"""
_ON_THE_DAY = " WHERE p.authority = :authority AND :today BETWEEN p.first_day AND p.last_day"
_PRICE = "CASE WHEN r.found THEN r.cost ELSE p.cost END"
_OF_CHILD = """
    JOIN facts m ON m.authority = p.authority AND m.about = p.about AND m.type = 'hnb.placement-made.v1'
    LEFT JOIN LATERAL (
        SELECT l.year_group, l.issued_on FROM plans l
        WHERE l.authority = p.authority AND l.child_ref = p.child_ref AND l.issued_on <= :today
        ORDER BY l.issued_on DESC, l.plan_id LIMIT 1) q ON true
    """
_OUT = text(
    "SELECT p.authority, p.placement_id, p.setting_id, s.data ->> 'name' AS setting_name, p.provision,"
    " p.first_day AS start_date, nullif(p.last_day, '9999-12-31') AS end_date, " + _PRICE + " AS cost,"
    " coalesce(s.data ->> 'phase', '') AS setting_phase, coalesce(m.data ->> 'band', '') AS band,"
    " q.year_group, q.issued_on"
    + _LIVE + _OF_CHILD + _ON_THE_DAY + " AND NOT (s.data ->> 'in_area')::boolean"
)  # fmt: skip
# Added up by how they are paid: a year's worth of a sum is the sum of the years' worths.
_LOCAL = text(f"""
    SELECT provision, cost ->> 'per' AS per, (cost ->> 'weeks')::int AS weeks, count(*)::int AS placements,
        sum((cost ->> 'amount_pence')::bigint)::bigint AS pence
    FROM (SELECT p.provision, {_PRICE} AS cost {_LIVE} {_ON_THE_DAY} AND (s.data ->> 'in_area')::boolean) AS l
    GROUP BY 1, 2, 3
""")  # noqa: S608 - only text of this module is put in
_UNREGISTERED = text("SELECT count(*)::int" + _LIVE + _ON_THE_DAY + " AND s.about IS NULL")
_COUNTED = text("""
    SELECT p.authority, p.provision, count(*)::int AS placements FROM facts s
    JOIN placements p ON p.authority = s.authority AND p.setting_id = s.data ->> 'setting_id'
    WHERE s.type = 'hnb.setting-registered.v1' AND NOT (s.data ->> 'in_area')::boolean
    AND :today BETWEEN p.first_day AND p.last_day GROUP BY 1, 2 ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class OutOfArea:
    """Placements out of area on a day, each beside what is local, and the totals over all of them."""

    rows: list[Row]
    total: dict[str, int]


def out_of_area(connection: Connection, asked: Asked) -> Iterator[Row]:
    """Placements of one authority live on `asked.today` at settings out of its area, each beside what is local."""
    after = asked.binds()["after_id"]
    rows = (row for row in compared(connection, asked).rows if row["placement_id"] > after)
    return islice(rows, asked.most)


def head(connection: Connection, asked: Asked) -> dict[str, Any]:
    """The totals over all of them, how many live placements are at settings nobody registered, and the assumption."""
    return {
        "authority": asked.authority,
        "on": asked.today,
        "total": compared(connection, asked).total,
        "setting_not_registered": not_registered(connection, asked),
        "assumption": ASSUMPTION,
        "alternative": MEANING,
    }


def cost(connection: Connection, asked: Asked) -> dict[str, int]:
    """How many there are and what those with a price cost in a year: without what is local, so quickly."""
    found = connection.execute(_OUT, asked.binds())
    return totals(compare(row.provision, _cost(row.cost), {}) for row in found)


def not_registered(connection: Connection, asked: Asked) -> int:
    """How many live placements are at settings nobody registered: whether they are in the area is not known."""
    return connection.execute(_UNREGISTERED, asked.binds()).scalar_one()  # type: ignore[no-any-return]


def compared(connection: Connection, asked: Asked) -> OutOfArea:
    """All of them: beside the mean of local placements, and beside the cheapest suitable place that is free."""
    binds = asked.binds()
    local = [
        (row.provision, Cost(amount_pence=row.pence, per=row.per, weeks=row.weeks), row.placements)
        for row in connection.execute(_LOCAL, binds)
        if row.per is not None  # not priced yet
    ]
    means = local_means(local)
    rooms = _rooms(connection, asked)
    governing = tariff.governing(connection, [asked.authority], [room.setting_id for room in rooms])
    prices = Prices(governing.get(asked.authority, Governing()).tariff, means, asked.today)
    found = sorted(connection.execute(_OUT, binds).mappings(), key=lambda row: str(row["placement_id"]))
    beside = [compare(row["provision"], _cost(row["cost"]), means) for row in found]
    away = [_away(row, one, asked.today) for row, one in zip(found, beside, strict=True)]
    rows = [
        {**row, **_beside_mean(one), **_beside_room(out, rooms, prices)}
        for row, one, out in zip(found, beside, away, strict=True)
    ]
    possible = moves(away, rooms, prices)
    return OutOfArea(rows, totals(beside) | {
        "with_alternative": sum(row["alternative_setting_id"] is not None for row in rows),
        "could_move": possible.placements, "could_move_difference_pence": possible.difference_pence,
    })  # fmt: skip


def _rooms(connection: Connection, asked: Asked) -> list[Room]:
    """Settings in the area with places free on the day."""
    vacant = places.settings(connection, Asked(asked.authority, "", None, asked.today), "vacant")
    return [
        Room(row["setting_id"], row["name"], row["provision"], row["phase"] or "", row["vacancies"])
        for row in vacant
        if row["in_area"]
    ]


def _away(row: Any, one: Compared, today: date) -> Away:
    child_phase = NOT_KNOWN if row["issued_on"] is None else phase(row["year_group"], row["issued_on"], today)
    sought = phase_of(child_phase, row["setting_phase"])
    return Away(row["placement_id"], row["provision"], sought, row["band"], one.cost_a_year_pence)


def _beside_mean(one: Compared) -> Row:
    return {
        "cost_a_year_pence": one.cost_a_year_pence, "difference_pence": one.difference_pence,
        "local_mean_pence": one.local.pence if one.local else None,
        "local_placements": one.local.placements if one.local else 0,
    }  # fmt: skip


def _beside_room(away: Away, rooms: list[Room], prices: Prices) -> Row:
    found = alternative(away, rooms, prices)
    known = found.cost_a_year_pence is not None and away.cost_a_year_pence is not None
    return {
        "phase": away.phase, "alternative_basis": found.basis, "alternative_setting_id": found.setting_id,
        "alternative_setting_name": found.name, "alternative_a_year_pence": found.cost_a_year_pence,
        "alternative_difference_pence":
            (away.cost_a_year_pence or 0) - (found.cost_a_year_pence or 0) if known else None,
    }  # fmt: skip


def counts(connection: Connection, today: date) -> Iterator[tuple[str, str, int]]:
    """Authority, provision and how many placements are live out of area on the day."""
    for row in connection.execute(_COUNTED, {"today": today}):
        yield row.authority, row.provision, row.placements


def _cost(value: dict[str, Any] | None) -> Cost | None:
    return None if value is None else Cost.model_validate(value)
