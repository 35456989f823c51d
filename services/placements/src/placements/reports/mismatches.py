"""What does not fit together in the register: plans without placements, placements without plans, and overlaps.

A plan and a placement belong together by their child, within an authority. Rows name plans and placements alone.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, TextClause, text

from placements.reports.paging import Asked

COLUMNS = (
    "authority", "kind", "plan_id", "placement_id", "other_placement_id", "setting_id", "provision", "since", "until",
)  # fmt: skip

# Each kind gives the columns above, and `ref` and `other_ref`, by which it is ordered. An open end is no day.
_KINDS = {
    # The plan is in force, and its child has no placement, live or to come.
    "plan-without-placement": """
        SELECT p.authority, p.plan_id, NULL AS placement_id, NULL AS other_placement_id, NULL AS setting_id,
            NULL AS provision, p.issued_on AS since, NULL::date AS until, p.plan_id AS ref, '' AS other_ref
        FROM plans p
        WHERE p.issued_on <= :today AND (p.ceased_on IS NULL OR p.ceased_on > :today)
        AND NOT EXISTS (
            SELECT FROM placements m WHERE m.authority = p.authority AND m.child_ref = p.child_ref
            AND m.last_day >= m.first_day AND m.last_day >= :today)
    """,
    # The placement is live, and its child never had a plan.
    "placement-without-plan": """
        SELECT m.authority, NULL AS plan_id, m.placement_id, NULL AS other_placement_id, m.setting_id, m.provision,
            m.first_day AS since, nullif(m.last_day, '9999-12-31') AS until, m.placement_id AS ref, '' AS other_ref
        FROM placements m
        WHERE :today BETWEEN m.first_day AND m.last_day
        AND NOT EXISTS (
            SELECT FROM plans p
            WHERE p.authority = m.authority AND p.child_ref = m.child_ref AND p.issued_on <= :today)
    """,
    # The placement is live on a day after its child's last plan ceased; the day a plan ceases is still the plan's.
    "placement-after-plan-ceased": """
        SELECT m.authority, max(p.plan_id) AS plan_id, m.placement_id, NULL AS other_placement_id, m.setting_id,
            m.provision, greatest(m.first_day, p.ceased_on + 1) AS since, nullif(m.last_day, '9999-12-31') AS until,
            m.placement_id AS ref, '' AS other_ref
        FROM plans p JOIN placements m ON m.authority = p.authority AND m.child_ref = p.child_ref
        WHERE p.ceased_on < :today AND p.issued_on <= :today AND :today BETWEEN m.first_day AND m.last_day
        AND NOT EXISTS (
            SELECT FROM plans o WHERE o.authority = p.authority AND o.child_ref = p.child_ref
            AND o.issued_on <= :today AND (o.ceased_on IS NULL OR o.ceased_on > p.ceased_on))
        GROUP BY m.authority, m.placement_id, m.setting_id, m.provision, m.first_day, m.last_day, p.ceased_on
    """,
    # Two placements of one child share days that are not over yet.
    "overlap": """
        SELECT a.authority, NULL AS plan_id, a.placement_id, b.placement_id AS other_placement_id, a.setting_id,
            a.provision, greatest(a.first_day, b.first_day) AS since,
            nullif(least(a.last_day, b.last_day), '9999-12-31') AS until, a.placement_id AS ref,
            b.placement_id AS other_ref
        FROM placements a JOIN placements b ON b.authority = a.authority AND b.child_ref = a.child_ref
        AND b.placement_id > a.placement_id
        WHERE greatest(a.first_day, b.first_day) <= least(a.last_day, b.last_day)
        AND least(a.last_day, b.last_day) >= :today
    """,
}
KINDS = tuple(_KINDS)
_LISTED = {
    kind: text(
        "SELECT * FROM (" + found + ") AS found WHERE (:authority = '' OR authority = :authority)"  # noqa: S608 - ours
        " AND (authority, ref, other_ref) > (:after_authority, :after_ref, :after_other)"
        " ORDER BY authority, ref, other_ref LIMIT CAST(:most AS bigint)"
    )
    for kind, found in _KINDS.items()
}
_COUNTED: dict[str, TextClause] = {
    kind: text("SELECT authority, count(*)::int AS found FROM (" + found + ") AS found GROUP BY 1")  # noqa: S608 - ours
    for kind, found in _KINDS.items()
}


def listed(connection: Connection, asked: Asked, kinds: tuple[str, ...] = KINDS) -> Iterator[dict[str, Any]]:
    """Mismatches on `asked.today`, kind by kind; `since` is the first day it is so, `until` the last (None: open)."""
    kind, authority, ref, other = ([*asked.after.split(" "), "", "", "", ""])[:4]
    left = asked.most
    for one in kinds[kinds.index(kind) if kind in kinds else 0 :]:
        after = (authority, ref, other) if one == kind else ("", "", "")
        binds = asked.binds() | {"most": left}
        binds |= zip(("after_authority", "after_ref", "after_other"), after, strict=True)
        for row in connection.execute(_LISTED[one], binds).mappings():
            yield {**row, "kind": one}
            left = None if left is None else left - 1
        if left == 0:
            return


def cursor(row: Mapping[str, Any]) -> str:
    """What to ask for `after` this row."""
    return f"{row['kind']} {row['authority']} {row['ref']} {row['other_ref']}".strip()


def counts(connection: Connection, kind: str, today: date) -> dict[str, int]:
    """How many mismatches of a kind there are on the day, by authority."""
    return {row.authority: row.found for row in connection.execute(_COUNTED[kind], {"today": today})}
