"""What finance reads of placements in Grafana: demand by month, waits, clocks, settings, placements out of area.

Each counts what the report of the same subject counts (`placements.reports`), as of today; a test holds them together.
They give sums, and what plans, requests, placements and settings are called: never a child, whose reference is only
read to find what belongs together.
"""

from hnb.migrations import finance_reads

revision = "0008"
down_revision = "0007"

_TODAY = "(now() AT TIME ZONE 'UTC')::date"  # as the reports' own day


def _day(of: str, field: str) -> str:
    return f"({of}.data ->> '{field}')::date"


def _year(day: str) -> str:
    """The financial year of a day, by the year it starts in."""
    return f"extract(year FROM {day} - interval '3 months')::int"


def _month(day: str) -> str:
    """Its first day. Without a detour by time zones, as it would be of a day as it is."""
    return f"date_trunc('month', {day}::timestamp)::date"


def _happened(what: str, type: str, field: str, where: str = "true") -> str:
    day = _day("f", field)
    return f"SELECT authority, '{what}' AS what, {day} AS day FROM facts f WHERE type = '{type}' AND {where}"


_HAPPENED = " UNION ALL ".join([
    _happened("requested", "hnb.assessment-requested.v1", "received_on"),
    _happened("assess", "hnb.assessment-decided.v1", "decided_on", "data ->> 'outcome' = 'assess'"),
    _happened("refuse", "hnb.assessment-decided.v1", "decided_on", "data ->> 'outcome' = 'refuse'"),
    _happened("no-plan", "hnb.request-closed.v1", "closed_on", "data ->> 'outcome' = 'no-plan'"),
    _happened("otherwise", "hnb.request-closed.v1", "closed_on", "data ->> 'outcome' <> 'no-plan'"),
    "SELECT authority, 'issued', issued_on FROM plans",
    "SELECT authority, 'ceased', ceased_on FROM plans WHERE ceased_on IS NOT NULL",
    # A plan that ceased before it was issued was never in force, and still ceased on the day that is said.
    "SELECT authority, 'no more', greatest(issued_on, ceased_on) FROM plans WHERE ceased_on IS NOT NULL",
    # Months in which nothing happened are months too.
    f"""SELECT known.authority, NULL, m.day::date FROM (
        SELECT authority, min(issued_on) AS first FROM plans GROUP BY authority
    ) AS known, generate_series({_month("known.first")}, {_TODAY}, interval '1 month') AS m (day)""",
])  # fmt: skip


def _count(what: str) -> str:
    return f"count(*) FILTER (WHERE what = '{what}')::int"


_MONTHS = f"""
    SELECT authority, month, {_year("month")} AS financial_year, {_count("requested")} AS requests,
        {_count("assess")} AS assessed, {_count("refuse")} AS refused, {_count("no-plan")} AS no_plan,
        {_count("otherwise")} AS closed_otherwise, {_count("issued")} AS issued, {_count("ceased")} AS ceased,
        (sum({_count("issued")} - {_count("no more")}) OVER (PARTITION BY authority ORDER BY month))::int
            AS plans_in_force
    FROM (SELECT authority, what, {_month("day")} AS month FROM ({_HAPPENED}) AS happened) AS of_month
    GROUP BY authority, month
"""


def _done(what: str, type: str, field: str, where: str) -> str:
    return f"""
        SELECT authority, '{what}' AS what, data ->> 'request_id' AS request_id, {_day("f", field)} AS day,
            data ->> 'exception' IS NOT NULL AS exception
        FROM facts f WHERE type = '{type}' AND {where}
    """


def _took(what: str, most_days: str, also: str = "true") -> str:
    return f"count(*) FILTER (WHERE what = '{what}' AND days <= {most_days} AND {also})::int"


_DONE = " UNION ALL ".join([
    _done("plan", "hnb.ehcp-issued.v1", "issued_on", "data ->> 'request_id' IS NOT NULL"),
    _done("decision", "hnb.assessment-decided.v1", "decided_on", "true"),
    _done("notice", "hnb.request-closed.v1", "closed_on", "data ->> 'outcome' = 'no-plan'"),
])  # fmt: skip
# The limits of `placements.domain.clocks`: 20, 6 and 16 weeks. What was not asked for on record is in no rate.
_TIMELINESS = f"""
    SELECT authority, {_month("day")} AS month, {_year("day")} AS financial_year,
        extract(year FROM day)::int AS calendar_year,
        {_took("plan", "days")} AS plans_issued, {_took("plan", "140")} AS within_20_weeks,
        {_took("plan", "days", "NOT exception")} AS plans_issued_excluding_exceptions,
        {_took("plan", "140", "NOT exception")} AS within_20_weeks_excluding_exceptions,
        coalesce(sum(days) FILTER (WHERE what = 'plan'), 0)::int AS days_to_plan,
        {_took("decision", "days")} AS decisions, {_took("decision", "42")} AS decisions_within_6_weeks,
        {_took("notice", "days")} AS no_plan_notices, {_took("notice", "112")} AS notices_within_16_weeks
    FROM (
        SELECT d.*, d.day - {_day("r", "received_on")} AS days FROM ({_DONE}) AS d
        LEFT JOIN facts r ON r.authority = d.authority AND r.type = 'hnb.assessment-requested.v1'
            AND r.about = 'request/' || d.request_id
    ) AS done GROUP BY 1, 2, 3, 4
"""

_SCHOOL_YEAR = "extract(year FROM {} - interval '8 months')::int"
_YEAR_GROUP = f"p.year_group + {_SCHOOL_YEAR.format(_TODAY)} - {_SCHOOL_YEAR.format('p.issued_on')}"
_WAITING = f"""
    SELECT p.authority, p.plan_id, p.issued_on, greatest(p.issued_on, h.last_held + 1) AS waiting_since,
        {_TODAY} - greatest(p.issued_on, h.last_held + 1) AS days_waiting, h.place_from,
        CASE WHEN p.year_group IS NULL THEN 'not-known' WHEN {_YEAR_GROUP} <= -1 THEN 'early-years'
            WHEN {_YEAR_GROUP} <= 6 THEN 'primary' WHEN {_YEAR_GROUP} <= 11 THEN 'secondary'
            ELSE 'post-16' END AS phase,
        coalesce(p.primary_need, 'not-known') AS primary_need,
        coalesce(s.provision_sought, 'not-known') AS provision_sought
    FROM plans p
    CROSS JOIN LATERAL (
        SELECT min(first_day) FILTER (WHERE first_day > {_TODAY}) AS place_from,
            max(last_day) FILTER (WHERE last_day < {_TODAY}) AS last_held
        FROM placements m
        WHERE m.authority = p.authority AND m.child_ref = p.child_ref AND m.last_day >= m.first_day) h
    LEFT JOIN LATERAL (
        SELECT a.data #>> '{{sought,provision}}' AS provision_sought FROM facts a
        WHERE a.authority = p.authority AND a.type = 'hnb.tribunal-lodged.v1' AND a.data ->> 'child_ref' = p.child_ref
        AND a.data #>> '{{sought,provision}}' IS NOT NULL AND {_day("a", "lodged_on")} <= {_TODAY}
        ORDER BY a.data ->> 'lodged_on' DESC, a.about LIMIT 1) s ON true
    WHERE p.issued_on <= {_TODAY} AND (p.ceased_on IS NULL OR p.ceased_on > {_TODAY})
    AND NOT EXISTS (
        SELECT FROM placements m WHERE m.authority = p.authority AND m.child_ref = p.child_ref
        AND {_TODAY} BETWEEN m.first_day AND m.last_day)
"""
# The median of an even number is the lower of the two in the middle: a number of days somebody did wait.
_WAITS = f"""
    SELECT authority, phase, primary_need, provision_sought, count(*) FILTER (WHERE place_from IS NULL)::int
        AS without_place, count(place_from)::int AS place_to_come,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY days_waiting) AS days_median, max(days_waiting) AS days_longest
    FROM ({_WAITING}) AS waiting GROUP BY 1, 2, 3, 4
"""

# The limit is 6 weeks until it is decided, then 20; 14 from the order where a refusal was overturned.
_CLOCKS = f"""
    SELECT authority, request_id, received_on, decided_on, limit_weeks,
        floor(({_TODAY} - runs_from) / 7.0)::int AS weeks, runs_from + 7 * limit_weeks AS due_on,
        runs_from + 7 * limit_weeks - {_TODAY} AS days_left
    FROM (
        SELECT r.authority, r.data ->> 'request_id' AS request_id, {_day("r", "received_on")} AS received_on,
            {_day("d", "decided_on")} AS decided_on,
            CASE WHEN d.about IS NULL THEN 6 WHEN o.ordered_on IS NULL THEN 20 ELSE 14 END AS limit_weeks,
            CASE WHEN d.about IS NULL OR o.ordered_on IS NULL THEN {_day("r", "received_on")} ELSE o.ordered_on END
                AS runs_from
        FROM facts r
        LEFT JOIN facts d ON d.authority = r.authority AND d.about = r.about AND d.type = 'hnb.assessment-decided.v1'
        CROSS JOIN LATERAL (
            SELECT max({_day("c", "concluded_on")}) AS ordered_on FROM facts l
            JOIN facts c ON c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1'
            WHERE l.authority = r.authority AND l.type = 'hnb.tribunal-lodged.v1'
            AND l.data ->> 'child_ref' = r.data ->> 'child_ref' AND l.data ->> 'appeal_type' = 'refusal-to-assess'
            AND {_day("l", "lodged_on")} >= {_day("r", "received_on")}
            AND c.data ->> 'outcome' IN ('upheld', 'part-upheld', 'conceded')) AS o
        WHERE r.type = 'hnb.assessment-requested.v1' AND coalesce(d.data ->> 'outcome', 'assess') = 'assess'
        AND NOT EXISTS (
            SELECT FROM facts c
            WHERE c.authority = r.authority AND c.about = r.about AND c.type = 'hnb.request-closed.v1')
        AND NOT EXISTS (
            SELECT FROM facts p WHERE p.authority = r.authority AND p.type = 'hnb.ehcp-issued.v1'
            AND p.data ->> 'request_id' = r.data ->> 'request_id')
    ) AS running
"""

# A child takes one place, however many of its placements are live there. Before its first step no capacity is known.
_SETTINGS = f"""
    SELECT s.authority, s.data ->> 'setting_id' AS setting_id, s.data ->> 'name' AS name,
        s.data ->> 'provision' AS provision, s.data ->> 'phase' AS phase, (s.data ->> 'in_area')::boolean AS in_area,
        c.capacity, f.filled, CASE WHEN c.capacity IS NOT NULL THEN greatest(c.capacity - f.filled, 0) END AS vacancies,
        CASE WHEN c.capacity IS NOT NULL THEN greatest(f.filled - c.capacity, 0) END AS over,
        (200 * f.filled + c.capacity) / nullif(2 * c.capacity, 0) AS occupancy_percent,
        coalesce(k.places, 0) AS commissioned, greatest(coalesce(k.places, 0) - f.filled, 0) AS commissioned_empty
    FROM facts s
    LEFT JOIN LATERAL (
        SELECT capacity FROM capacities c
        WHERE c.authority = s.authority AND c.setting_id = s.data ->> 'setting_id' AND c.from_day <= {_TODAY}
        ORDER BY c.from_day DESC LIMIT 1) c ON true
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT p.child_ref)::int AS filled FROM placements p
        WHERE p.authority = s.authority AND p.setting_id = s.data ->> 'setting_id'
        AND {_TODAY} BETWEEN p.first_day AND p.last_day) f
    CROSS JOIN LATERAL (
        SELECT sum((k.data ->> 'places')::int)::int AS places FROM facts k
        WHERE k.authority = s.authority AND k.type = 'hnb.places-commissioned.v1'
        AND k.data ->> 'setting_id' = s.data ->> 'setting_id'
        AND {_TODAY} BETWEEN {_day("k", "start_date")} AND {_day("k", "end_date")}) k
    WHERE s.type = 'hnb.setting-registered.v1'
"""


def _live(in_area: str) -> str:
    """Placements live today by whether their setting is in the area, each with its yearly price of today if it has one.

    As `hnb.prices.annual`: 39 weeks where none are said, three terms; what is paid once is no yearly price.
    """
    return f"""
        SELECT p.authority, p.placement_id, p.setting_id, s.data ->> 'name' AS setting_name, p.provision,
            p.first_day AS start_date, nullif(p.last_day, '9999-12-31') AS end_date,
            (price.cost ->> 'amount_pence')::bigint * CASE price.cost ->> 'per' WHEN 'year' THEN 1
                WHEN 'academic-year' THEN 1 WHEN 'term' THEN 3
                WHEN 'week' THEN coalesce((price.cost ->> 'weeks')::int, 39) END AS cost_a_year_pence
        FROM facts s
        JOIN placements p ON p.authority = s.authority AND p.setting_id = s.data ->> 'setting_id'
        LEFT JOIN LATERAL (
            SELECT r.data -> 'cost' AS cost, true AS found FROM facts r
            WHERE r.authority = p.authority AND r.type = 'hnb.placement-repriced.v1'
            AND r.data ->> 'placement_id' = p.placement_id AND {_day("r", "effective_on")} <= {_TODAY}
            ORDER BY {_day("r", "effective_on")} DESC LIMIT 1) r ON true
        CROSS JOIN LATERAL (SELECT CASE WHEN r.found THEN r.cost ELSE p.cost END AS cost) AS price
        WHERE s.type = 'hnb.setting-registered.v1' AND {in_area}
        AND {_TODAY} BETWEEN p.first_day AND p.last_day
    """


# Each beside the mean yearly price of the authority's live placements in its area of the same provision, halves up.
_OUT_OF_AREA = f"""
    SELECT o.*, l.local_mean_pence, coalesce(l.local_placements, 0) AS local_placements,
        o.cost_a_year_pence - l.local_mean_pence AS difference_pence
    FROM ({_live("NOT (s.data ->> 'in_area')::boolean")}) AS o
    LEFT JOIN (
        SELECT authority, provision, count(cost_a_year_pence)::int AS local_placements,
            (2 * sum(cost_a_year_pence)::bigint + count(cost_a_year_pence))
                / nullif(2 * count(cost_a_year_pence), 0) AS local_mean_pence
        FROM ({_live("(s.data ->> 'in_area')::boolean")}) AS local GROUP BY 1, 2
    ) AS l ON l.authority = o.authority AND l.provision = o.provision
"""


def upgrade() -> None:
    finance_reads(
        demand_months=_MONTHS,
        timeliness_months=_TIMELINESS,
        waits=_WAITS,
        waiting_plans=f"""
            SELECT authority, plan_id, issued_on, waiting_since, days_waiting, place_from FROM ({_WAITING}) AS waiting
        """,
        clocks=_CLOCKS,
        settings=_SETTINGS,
        out_of_area=_OUT_OF_AREA,
    )
