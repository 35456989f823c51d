"""The formal review of tribunals: what the register knows of an authority's appeals between two days."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from hnb.calendar import Span, year_label
from hnb.database import arrays
from placements.domain import appeals, lessons
from placements.domain.appeals import Appeal, Caseload, Mediation, Row, Spent, described, recorded
from placements.domain.timeliness import percent, tenths

_APPEALS = text("""
    SELECT l.data, c.data AS ended FROM facts l
    LEFT JOIN facts c ON c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1'
    WHERE l.type = 'hnb.tribunal-lodged.v1' AND l.authority = :authority ORDER BY l.about
""")
_OF_TYPE = text("SELECT data FROM facts WHERE type = :type AND authority = :authority ORDER BY about")
# What a rate is a rate of: plans in force on the last day of each span, and the decisions in it that could be appealed.
_DECIDED = text("""
    SELECT s.last,
        (SELECT count(*) FROM plans p WHERE p.authority = :authority AND p.issued_on <= s.last
            AND (p.ceased_on IS NULL OR p.ceased_on > s.last))::int AS plans,
        (SELECT count(*) FROM plans p WHERE p.authority = :authority
            AND p.ceased_on BETWEEN s.first AND s.last)::int AS ceased,
        (SELECT count(*) FROM facts d WHERE d.authority = :authority AND d.type = 'hnb.assessment-decided.v1'
            AND d.data ->> 'outcome' = 'refuse'
            AND (d.data ->> 'decided_on')::date BETWEEN s.first AND s.last)::int AS not_assessed,
        (SELECT count(*) FROM facts d WHERE d.authority = :authority AND d.type = 'hnb.request-closed.v1'
            AND d.data ->> 'outcome' = 'no-plan'
            AND (d.data ->> 'closed_on')::date BETWEEN s.first AND s.last)::int AS not_issued
    FROM unnest(CAST(:firsts AS date[]), CAST(:lasts AS date[])) WITH ORDINALITY AS s (first, last, number)
    ORDER BY s.number
""")
_OPEN = text("""
    SELECT l.authority, count(*) AS appeals FROM facts l WHERE l.type = 'hnb.tribunal-lodged.v1'
    AND NOT EXISTS (SELECT FROM facts c
        WHERE c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1')
    GROUP BY l.authority
""")
# How many of each there were, for Prometheus; a year is the financial year it happened in.
_COUNTS = text("""
    SELECT authority, what, of, extract(year FROM day - interval '3 months')::int AS year, sum(amount)::bigint AS amount
    FROM (
        SELECT authority, 'lodged' AS what, data ->> 'appeal_type' AS of, (data ->> 'lodged_on')::date AS day,
            1 AS amount
        FROM facts WHERE type = 'hnb.tribunal-lodged.v1'
        UNION ALL
        SELECT authority, 'concluded', data ->> 'outcome', (data ->> 'concluded_on')::date, 1
        FROM facts WHERE type = 'hnb.tribunal-concluded.v1'
        UNION ALL
        SELECT authority, 'cost', data ->> 'kind', (data ->> 'incurred_on')::date, (data ->> 'amount_pence')::bigint
        FROM facts WHERE type = 'hnb.tribunal-cost-incurred.v1'
        UNION ALL
        SELECT authority, 'mediation', data ->> 'outcome', (data ->> 'held_on')::date, 1
        FROM facts WHERE type = 'hnb.mediation-held.v1'
    ) AS happened
    WHERE day >= make_date(:first_year, 4, 1) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")
PARTS = {
    "months": appeals.by_month, "years": appeals.by_year, "appeal_types": appeals.by_appeal_type,
    "sections": appeals.by_sections, "outcomes": appeals.by_outcome, "costs_by_kind": appeals.by_cost_kind,
    "costs_by_hearing": appeals.by_hearing, "root_causes": lessons.root_causes, "mediations": lessons.mediations,
    "mediation_effect": lessons.mediation_effect, "caseload_by_month": lessons.caseload_by_month,
    "caseload_by_officer": lessons.caseload_by_officer, "suppliers": lessons.suppliers,
}  # fmt: skip
_VOLUMES = ("lodged", "concluded", "open", "cost_pence", "recorded")
_RATES = ("plans_in_force", "lodged_per_1000_plans", "appealable_decisions", "appeal_rate_percent")
_DESCRIBED = ("appeals", "mean_days", "cost_pence", "mean_cost_pence", "without_cost")
COLUMNS = {
    "months": ("month", *_VOLUMES),
    "years": ("financial_year", "first", "last", *_VOLUMES, *_RATES),
    "appeal_types": ("appeal_type", "lodged", "concluded", "against_the_authority", "percent_against_the_authority"),
    "sections": ("sections", "lodged"),
    "outcomes": ("outcome", "percent", *_DESCRIBED),
    "costs_by_kind": ("kind", "items", "appeals", "amount_pence", "percent"),
    "costs_by_hearing": ("hearing", *_DESCRIBED),
    "root_causes": ("root_cause", "first_recorded_on", "repeats", "against_the_authority", *_DESCRIBED),
    "mediations": ("outcome", "held", "followed_by_appeal", "without_appeal", "percent_without_appeal"),
    "mediation_effect": (
        "mediation", "against_the_authority", "percent_against_the_authority", "heard", *_DESCRIBED,
    ),
    "caseload_by_month": (
        "month", "open", "officers", "open_per_officer", "officer_not_said", "officer_cost_pence",
        "officer_cost_per_open_pence", "recorded",
    ),
    "caseload_by_officer": ("officer_ref", "lodged", "concluded", "open"),
    "suppliers": (
        "supplier_ref", "items", "appeals", "amount_pence", "criteria_met", "criteria_not_met", "criteria_not_said",
        "percent_criteria_met", "concluded", "against_the_authority",
    ),
}  # fmt: skip
NOTES = {
    "reliability": (
        f"What was recorded before {appeals.RELIABLE_FROM} is not reliable: tribunal costs were not recorded "
        "efficiently from 2020 until then (scrutiny review of the High Needs Block, 8.2)."
    ),
    "per_1000_plans": "appeals lodged in the span / plans in force on its last day x 1,000",
    "appeal_rate": (
        "appeals lodged in the span / decisions that could be appealed, in per cent: refusals to assess, refusals to "
        "issue, plans ceased, and plans in force on its last day (their contents)"
    ),
    "costs": "by kind: incurred in the span; by outcome and hearing: from first to last, of appeals concluded in it",
    "repeats": "appeals lodged after their root cause had first been recorded, whenever that was",
    "mediation_effect": (
        "a comparison, not an effect: families who mediate, and disputes that are mediated, differ from the others"
    ),
}


def review(connection: Connection, authority: str, span: Span) -> dict[str, Any]:
    """The whole review: totals, rates with their formulas, and every part as a table."""
    of = load(connection, authority, span)
    parts = {name: part(of) for name, part in PARTS.items()}
    spans = [span, *(Span(row["first"], row["last"]) for row in parts["years"])]
    whole, *years = _rates(connection, authority, spans, [len(of.lodged), *(row["lodged"] for row in parts["years"])])
    parts["years"] = [row | rates for row, rates in zip(parts["years"], years, strict=True)]
    return {
        "authority": authority, "from": span.first, "to": span.last, "recorded": recorded(span),
        "reliable_from": appeals.RELIABLE_FROM, "notes": NOTES,
        "total": {
            "lodged": len(of.lodged), "concluded": len(of.concluded),
            "open": sum(one.open_on(span.last) for one in of.appeals),
            "cost_pence": sum(one.amount_pence for one in of.spent_in_span), **whole,
            "per_concluded_appeal": described(of, of.concluded),
            "mediation_certificate_without_mediation": lessons.certified_alone(of),
        },
        **parts,
    }  # fmt: skip


def tidy(answer: dict[str, Any]) -> Iterable[Row]:
    """The whole review in one table: the part, its row, the measure and its value."""
    for measure, value in answer["total"].items():
        for name, one in value.items() if isinstance(value, dict) else [("", value)]:
            yield {"part": "total", "row": measure if name else "", "measure": name or measure, "value": one}
    for part in PARTS:
        for row in answer[part]:
            (_, first), *measures = row.items()
            for measure, value in measures:
                yield {"part": part, "row": first, "measure": measure, "value": value}


def load(connection: Connection, authority: str, span: Span) -> Caseload:
    """Everything known of the authority's appeals, whenever it was: causes come back, costs come before the end."""
    found = [
        _appeal(authority, row.data, row.ended or {}) for row in connection.execute(_APPEALS, {"authority": authority})
    ]

    def of_type(kind: str) -> Iterable[dict[str, Any]]:
        return connection.scalars(_OF_TYPE, {"authority": authority, "type": kind})

    held = [
        Mediation(
            (authority, data["child_ref"]), date.fromisoformat(data["held_on"]), data["outcome"],
            (authority, data["appeal_id"]) if data.get("appeal_id") else None,
        )
        for data in of_type("hnb.mediation-held.v1")
    ]  # fmt: skip
    spent = [
        Spent(
            (authority, data["appeal_id"]), data["kind"], data["amount_pence"], date.fromisoformat(data["incurred_on"]),
            data.get("supplier_ref"), data.get("criteria_met"),
        )
        for data in of_type("hnb.tribunal-cost-incurred.v1")
    ]  # fmt: skip
    return Caseload(span, found, held, spent)


def counts(connection: Connection, first_year: int) -> Iterable[tuple[str, str, str, str, int]]:
    """What happened since a financial year began: what, authority, year, of which kind, how many or how many pence."""
    for row in connection.execute(_COUNTS, {"first_year": first_year}):
        yield row.what, row.authority, year_label(row.year), row.of, row.amount


def _appeal(authority: str, data: dict[str, Any], ended: dict[str, Any]) -> Appeal:
    return Appeal(
        (authority, data["appeal_id"]), (authority, data["child_ref"]), data["appeal_type"],
        date.fromisoformat(data["lodged_on"]), tuple(sorted(data.get("sections") or ())),
        data["mediation_certificate"], data.get("officer_ref"),
        date.fromisoformat(ended["concluded_on"]) if ended else None, ended.get("outcome"), ended.get("root_cause"),
        ended.get("hearing"),
    )  # fmt: skip


def _rates(connection: Connection, authority: str, spans: Sequence[Span], lodged: Sequence[int]) -> list[Row]:
    binds = {"authority": authority} | arrays("firsts lasts", spans)
    return [
        {
            "plans_in_force": row.plans,
            "lodged_per_1000_plans": tenths(1_000 * number, row.plans),
            "appealable_decisions": (decisions := row.plans + row.ceased + row.not_assessed + row.not_issued),
            "appeal_rate_percent": percent(number, decisions),
        }
        for row, number in zip(connection.execute(_DECIDED, binds), lodged, strict=True)
    ]


def still_open(connection: Connection) -> list[tuple[str, int]]:
    """Appeals lodged and not concluded, per authority."""
    return [(row.authority, row.appeals) for row in connection.execute(_OPEN)]
