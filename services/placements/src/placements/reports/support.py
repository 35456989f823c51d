"""Early support asked of the register: the grants of a financial year, and the plans of the children they name."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from hnb.calendar import Span, year_end, year_start
from hnb.database import arrays
from hnb.events import Cost
from hnb.money import divide_half_up
from placements.domain import support
from placements.domain.area import a_year_pence
from placements.domain.support import PROGRAMMES, Grant

COLUMNS = (
    "financial_year", "programme", "setting_id", "setting_name", "grants", "without_a_price", "cost_pence", "children",
    "grants_without_children", "cost_per_child_pence", "children_known", "with_a_plan_before", "with_a_later_plan",
    "without_a_plan",
)  # fmt: skip

_GRANTS = text("""
    SELECT g.data, s.data ->> 'name' AS setting_name FROM facts g
    LEFT JOIN facts s ON s.authority = g.authority AND s.type = 'hnb.setting-registered.v1'
        AND s.about = 'setting/' || (g.data ->> 'setting_id')
    WHERE g.type = 'hnb.support-granted.v1' AND g.authority = :authority
    AND g.data ->> 'provision' = ANY(CAST(:programmes AS text[]))
    AND (g.data ->> 'start_date')::date <= :last AND (g.data ->> 'end_date')::date >= :first
    ORDER BY g.about
""")
_PLANS = text("""
    SELECT p.child_ref, p.issued_on FROM unnest(CAST(:children AS text[])) AS c (child_ref)
    JOIN plans p ON p.authority = :authority AND p.child_ref = c.child_ref WHERE p.issued_on <= :today
""")
_PLAN_PRICES = text("""
    SELECT CASE WHEN r.found THEN r.cost ELSE p.cost END AS cost, count(*)::int AS times FROM placements p
    LEFT JOIN LATERAL (
        SELECT r.data -> 'cost' AS cost, true AS found FROM facts r
        WHERE r.authority = p.authority AND r.type = 'hnb.placement-repriced.v1'
        AND r.data ->> 'placement_id' = p.placement_id AND (r.data ->> 'effective_on')::date <= :on
        ORDER BY (r.data ->> 'effective_on')::date DESC LIMIT 1) r ON true
    WHERE p.authority = :authority AND :on BETWEEN p.first_day AND p.last_day
    AND EXISTS (
        SELECT FROM plans o WHERE o.authority = p.authority AND o.child_ref = p.child_ref AND o.issued_on <= :on
        AND (o.ceased_on IS NULL OR o.ceased_on > :on))
    GROUP BY 1
""")


@dataclass(frozen=True, slots=True)
class Year:
    """Which authority and financial year is asked of, and the day up to which later plans are counted."""

    authority: str
    financial_year: int
    today: date


def rows(connection: Connection, asked: Year) -> list[dict[str, Any]]:
    """A row a programme and setting."""
    grants = _grants(connection, asked)
    return support.by_setting(grants, asked.financial_year, _issued(connection, asked, grants))


def head(connection: Connection, asked: Year) -> dict[str, Any]:
    """The year's totals, by programme and of all; pooled group provision; and the comparison with its assumption."""
    grants = _grants(connection, asked)
    issued = _issued(connection, asked, grants)
    total = support.measures(grants, asked.financial_year, issued)
    on = min(year_end(asked.financial_year), asked.today)
    mean = _mean_plan(connection, asked.authority, on)
    return {
        "authority": asked.authority,
        "financial_year": asked.financial_year,
        "total": total,
        "programmes": {
            one: support.measures([g for g in grants if g.provision == one], asked.financial_year, issued)
            for one in PROGRAMMES
        },
        "pooled": support.pooled(grants, asked.financial_year),
        "comparison": {
            "mean_plan_pence": mean, "mean_plan_on": on,
            "break_even_plans": support.break_even(total["cost_pence"], mean), "assumption": support.ASSUMPTION,
        },
    }  # fmt: skip


def _grants(connection: Connection, asked: Year) -> list[Grant]:
    binds = {"authority": asked.authority, "programmes": list(PROGRAMMES),
             "first": year_start(asked.financial_year), "last": year_end(asked.financial_year)}  # fmt: skip
    return [_grant(row.data, row.setting_name) for row in connection.execute(_GRANTS, binds)]


def _grant(data: dict[str, Any], setting_name: str | None) -> Grant:
    span = Span(date.fromisoformat(data["start_date"]), date.fromisoformat(data["end_date"]))
    cost = None if data["cost"] is None else Cost.model_validate(data["cost"])
    return Grant(
        data["grant_id"], data["provision"], data.get("setting_id"), setting_name, data.get("children"),
        tuple(data.get("child_refs") or ()), span, cost,
    )  # fmt: skip


def _issued(connection: Connection, asked: Year, grants: Iterable[Grant]) -> dict[str, list[date]]:
    children = sorted({child for grant in grants for child in grant.child_refs})
    binds = arrays("children", ((child,) for child in children)) | {"authority": asked.authority}
    issued: dict[str, list[date]] = defaultdict(list)
    for row in connection.execute(_PLANS, binds | {"today": asked.today}):
        issued[row.child_ref].append(row.issued_on)
    return issued


def _mean_plan(connection: Connection, authority: str, on: date) -> int | None:
    pence = placements = 0
    for row in connection.execute(_PLAN_PRICES, {"authority": authority, "on": on}):
        a_year = a_year_pence(None if row.cost is None else Cost.model_validate(row.cost))
        if a_year is not None:
            pence, placements = pence + a_year * row.times, placements + row.times
    return divide_half_up(pence, placements) if placements else None
