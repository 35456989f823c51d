"""What finance reads of appeals in Grafana: each with what it cost, by month, their causes, and mediations.

Each counts what the review of tribunals counts (`placements.reports.tribunals`); a test holds them together. Appeals,
costs and mediations go by their own references: a child's is only read to find what belongs together.
"""

from hnb.migrations import finance_reads

revision = "0009"
down_revision = "0008"

_TODAY = "(now() AT TIME ZONE 'UTC')::date"  # as the reports' own day
_RELIABLE_FROM = "date '2024-12-01'"  # `placements.domain.appeals` says why
_SAME_DISPUTE_DAYS = 183  # between a mediation and the appeal it belongs to, as `placements.domain.lessons` has it


def _year(day: str) -> str:
    """The financial year of a day, by the year it starts in."""
    return f"extract(year FROM {day} - interval '3 months')::int"


_COSTS = f"""
    SELECT authority, data ->> 'appeal_id' AS appeal_id, data ->> 'cost_id' AS cost_id, data ->> 'kind' AS kind,
        day AS incurred_on, {_year("day")} AS financial_year, (data ->> 'amount_pence')::bigint AS amount_pence,
        data ->> 'supplier_ref' AS supplier_ref, (data ->> 'criteria_met')::boolean AS criteria_met
    FROM facts CROSS JOIN LATERAL (SELECT (data ->> 'incurred_on')::date) AS incurred (day)
    WHERE type = 'hnb.tribunal-cost-incurred.v1'
"""

# Where nobody said whether it was heard, what was settled between the parties was not. A mediation that names its
# appeal belongs to that one alone, any other to every appeal of the child within half a year.
_APPEALS = f"""
    SELECT l.authority, l.data ->> 'appeal_id' AS appeal_id, l.data ->> 'appeal_type' AS appeal_type,
        (SELECT string_agg(section, ', ' ORDER BY section) FROM jsonb_array_elements_text(
            CASE jsonb_typeof(l.data -> 'sections') WHEN 'array' THEN l.data -> 'sections' END) AS section) AS sections,
        said.lodged_on, {_year("said.lodged_on")} AS lodged_year,
        said.concluded_on, {_year("said.concluded_on")} AS concluded_year,
        CASE WHEN said.concluded_on IS NULL THEN 'open' ELSE 'concluded' END AS stage,
        coalesce(said.concluded_on, {_TODAY}) - said.lodged_on AS days, c.data ->> 'outcome' AS outcome,
        CASE WHEN c.about IS NULL THEN NULL
            WHEN c.data ->> 'hearing' IS NOT NULL
                THEN CASE WHEN (c.data ->> 'hearing')::boolean THEN 'with' ELSE 'without' END
            WHEN c.data ->> 'outcome' IN ('conceded', 'withdrawn', 'mediated') THEN 'without'
            ELSE 'not-said' END AS hearing,
        c.data ->> 'outcome' IN ('upheld', 'part-upheld', 'conceded') AS against_the_authority,
        CASE WHEN EXISTS (
            SELECT FROM facts m WHERE m.authority = l.authority AND m.type = 'hnb.mediation-held.v1'
            AND m.data ->> 'child_ref' = l.data ->> 'child_ref' AND (m.data ->> 'held_on')::date <= said.lodged_on
            AND (m.data ->> 'appeal_id' = l.data ->> 'appeal_id' OR (
                m.data ->> 'appeal_id' IS NULL
                AND (m.data ->> 'held_on')::date >= said.lodged_on - {_SAME_DISPUTE_DAYS}))
        ) THEN 'before' ELSE 'none' END AS mediation,
        cost.pence AS cost_pence, (l.data ->> 'expected_cost_pence')::bigint AS expected_cost_pence,
        l.data #>> '{{sought,provision}}' AS provision_sought
    FROM facts l
    LEFT JOIN facts c ON c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1'
    CROSS JOIN LATERAL (
        SELECT (l.data ->> 'lodged_on')::date AS lodged_on, (c.data ->> 'concluded_on')::date AS concluded_on
    ) AS said
    CROSS JOIN LATERAL (
        SELECT sum((k.data ->> 'amount_pence')::bigint)::bigint AS pence FROM facts k
        WHERE k.authority = l.authority AND k.type = 'hnb.tribunal-cost-incurred.v1'
        AND k.data ->> 'appeal_id' = l.data ->> 'appeal_id') AS cost
    WHERE l.type = 'hnb.tribunal-lodged.v1'
"""

_HAPPENED = f"""
    SELECT l.authority, n.what, n.day, 0::bigint AS pence FROM facts l
    LEFT JOIN facts c ON c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1'
    CROSS JOIN LATERAL (VALUES ('lodged', (l.data ->> 'lodged_on')::date),
        ('concluded', (c.data ->> 'concluded_on')::date),
        ('no more', greatest((l.data ->> 'lodged_on')::date, (c.data ->> 'concluded_on')::date))) AS n (what, day)
    WHERE l.type = 'hnb.tribunal-lodged.v1' AND (n.what = 'lodged' OR c.about IS NOT NULL)
    UNION ALL
    SELECT authority, 'cost', (data ->> 'incurred_on')::date, (data ->> 'amount_pence')::bigint
    FROM facts WHERE type = 'hnb.tribunal-cost-incurred.v1'
    UNION ALL
    SELECT authority, 'mediated', (data ->> 'held_on')::date, 0 FROM facts WHERE type = 'hnb.mediation-held.v1'
    UNION ALL
    SELECT known.authority, NULL, m.day::date, 0 FROM (
        SELECT authority, min((data ->> 'lodged_on')::date) AS first FROM facts
        WHERE type = 'hnb.tribunal-lodged.v1' GROUP BY authority
    ) AS known, generate_series(date_trunc('month', known.first::timestamp), {_TODAY}, interval '1 month') AS m (day)
"""


def _count(what: str) -> str:
    return f"count(*) FILTER (WHERE what = '{what}')::int"


_MONTHS = f"""
    SELECT authority, month, {_year("month")} AS financial_year, {_count("lodged")} AS lodged,
        {_count("concluded")} AS concluded,
        (sum({_count("lodged")} - {_count("no more")}) OVER (PARTITION BY authority ORDER BY month))::int AS open,
        sum(pence)::bigint AS cost_pence, {_count("mediated")} AS mediations, month >= {_RELIABLE_FROM} AS reliable
    FROM (
        SELECT authority, what, pence, date_trunc('month', day::timestamp)::date AS month
        FROM ({_HAPPENED}) AS happened
    ) AS of_month GROUP BY authority, month
"""

# By the year in which its appeals were concluded; a repeat is an appeal lodged after the cause was first recorded,
# whenever that was. Spelling differs, so case and spaces do not count.
_ROOT_CAUSES = """
    SELECT authority, concluded_year AS financial_year, coalesce(min(shown), 'not-said') AS root_cause,
        count(*)::int AS appeals, count(*) FILTER (WHERE cause IS NOT NULL AND lodged_on > first_on)::int AS repeats,
        count(*) FILTER (WHERE against_the_authority)::int AS against_the_authority,
        sum(cost_pence)::bigint AS cost_pence, count(cost_pence)::int AS with_cost
    FROM (
        SELECT a.*, lower(cause) AS cause,
            first_value(a.concluded_on) OVER same AS first_on, first_value(cause) OVER same AS shown
        FROM finance.appeals a
        JOIN facts c ON c.authority = a.authority AND c.about = 'appeal/' || a.appeal_id
            AND c.type = 'hnb.tribunal-concluded.v1'
        CROSS JOIN LATERAL (
            SELECT nullif(trim(regexp_replace(c.data ->> 'root_cause', '\\s+', ' ', 'g')), '') AS cause) AS said
        WINDOW same AS (PARTITION BY a.authority, lower(cause) ORDER BY a.concluded_on, a.appeal_id)
    ) AS ended GROUP BY authority, concluded_year, cause
"""

_MEDIATIONS = f"""
    SELECT m.authority, m.data ->> 'mediation_id' AS mediation_id, held.day AS held_on,
        {_year("held.day")} AS financial_year, m.data ->> 'outcome' AS outcome,
        m.data ->> 'appeal_id' IS NOT NULL OR EXISTS (
            SELECT FROM facts l WHERE l.authority = m.authority AND l.type = 'hnb.tribunal-lodged.v1'
            AND l.data ->> 'child_ref' = m.data ->> 'child_ref'
            AND (l.data ->> 'lodged_on')::date BETWEEN held.day AND held.day + {_SAME_DISPUTE_DAYS}
        ) AS followed_by_appeal
    FROM facts m CROSS JOIN LATERAL (SELECT (m.data ->> 'held_on')::date) AS held (day)
    WHERE m.type = 'hnb.mediation-held.v1'
"""


def upgrade() -> None:
    finance_reads(
        appeals=_APPEALS,
        appeal_months=_MONTHS,
        appeal_costs=_COSTS,
        root_causes=_ROOT_CAUSES,
        mediations=_MEDIATIONS,
    )
