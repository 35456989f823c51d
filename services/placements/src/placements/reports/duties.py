"""What is due by a day beside requests: phase transfers, tribunal orders, appeal windows."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from placements.domain.clocks import state
from placements.domain.orders import AGAINST_THE_AUTHORITY, Order, duties
from placements.domain.transfers import PHASES_OF_THEIR_OWN, USUAL_YEAR_GROUPS, YEAR_GROUPS, school_year, transfer
from placements.domain.windows import certificate_due_on, window_ends_on
from placements.reports.paging import Asked

Row = dict[str, Any]

# A plan amended again hides the day it was amended before, so what counts is every amendment ever said of it; one that
# was never amended, as most, is not looked up. So it is with the day a place was first named.
_STANDS = "NOT taken_back(i.authority, i.source, i.id)"


def _amended_since(since: str) -> str:
    return f"""
        CASE WHEN p.data ->> 'amended_on' IS NOT NULL THEN (
            SELECT min((i.body::jsonb -> 'data' ->> 'amended_on')::date) FROM inbox i
            WHERE i.authority = p.authority AND i.about = p.about AND i.type = 'hnb.ehcp-issued.v1'
            AND (i.body::jsonb -> 'data' ->> 'amended_on')::date >= {since} AND {_STANDS}) END
    """  # noqa: S608 - only text of this module is put in


# Plans in force in a year group that ends a phase, where the child is now, and what says where it goes: the plan sent
# or amended in the school year of the transfer, or a place named that starts from the summer on.
_TRANSFERS = text(f"""
    SELECT p.authority, p.data ->> 'plan_id' AS plan_id, g.year_group, (
            SELECT s.data ->> 'phase' FROM placements m
            JOIN facts s ON s.authority = m.authority AND s.about = 'setting/' || m.setting_id
                AND s.type = 'hnb.setting-registered.v1'
            WHERE m.authority = p.authority AND m.child_ref = p.data ->> 'child_ref'
            AND m.first_day <= :today AND m.last_day >= :first_day
            ORDER BY m.first_day DESC, m.placement_id LIMIT 1) AS phase,
        CASE WHEN (p.data ->> 'issued_on')::date >= :first_day THEN (p.data ->> 'issued_on')::date END AS issued_on,
        {_amended_since(":first_day")} AS amended_on,
        (SELECT min((i.time AT TIME ZONE 'Europe/London')::date) FROM facts m
            JOIN inbox i ON i.authority = m.authority AND i.about = m.about AND i.type = m.type
            WHERE m.authority = p.authority AND m.type = 'hnb.placement-made.v1'
            AND m.data ->> 'child_ref' = p.data ->> 'child_ref'
            AND (m.data ->> 'start_date')::date BETWEEN :summer AND :winter
            AND (i.body::jsonb -> 'data' ->> 'start_date')::date BETWEEN :summer AND :winter
            AND i.time >= :first_day AND {_STANDS}) AS named_on
    FROM facts p
    LEFT JOIN facts c ON c.authority = p.authority AND c.about = p.about AND c.type = 'hnb.ehcp-ceased.v1',
    LATERAL (SELECT (p.data ->> 'year_group')::int + CAST(:year AS int) - 1
        - (extract(year FROM (p.data ->> 'issued_on')::date)::int
            - CASE WHEN extract(month FROM (p.data ->> 'issued_on')::date) < 9 THEN 1 ELSE 0 END)) AS g (year_group)
    WHERE p.type = 'hnb.ehcp-issued.v1' AND (:authority = '' OR p.authority = :authority)
    AND (p.authority, p.about) > (:after_authority, 'plan/' || CAST(:after_id AS text))
    AND g.year_group = ANY(CAST(:groups AS int[]))
    AND (p.data ->> 'issued_on')::date <= least(:last_due, CAST(:today AS date))
    AND coalesce((c.data ->> 'ceased_on')::date, 'infinity') > least(CAST(:today AS date), CAST(:last_due AS date))
    ORDER BY p.authority, p.about
""")  # noqa: S608 - only column names of this module are put in
# Where no school ends a phase in a year group of its own, nobody else's school need be looked up.
_OF_THEIR_OWN = text(r"""
    SELECT EXISTS (SELECT FROM facts s
        WHERE s.type = 'hnb.setting-registered.v1' AND (:authority = '' OR s.authority = :authority)
        AND regexp_split_to_array(lower(s.data ->> 'phase'), '\s+') && CAST(:phases AS text[]))
""")
TRANSFER_COLUMNS = ("authority", "plan_id", "transfer", "year_group", "due_on", "met_on", "state", "days_left")

_SINCE = "CASE WHEN c.data ->> 'outcome' = 'conceded' THEN l.data ->> 'lodged_on' ELSE c.data ->> 'concluded_on' END"
_ORDERS = text(f"""
    SELECT l.authority, l.data ->> 'appeal_id' AS appeal_id, l.data ->> 'appeal_type' AS appeal_type,
        ARRAY(SELECT jsonb_array_elements_text(coalesce(nullif(l.data -> 'sections', 'null'), '[]'))) AS sections,
        c.data ->> 'outcome' AS outcome, (c.data ->> 'concluded_on')::date AS concluded_on, since.day AS since,
        requests.assessing_on, requests.no_plan_on, issued.issued_on, issued.amended_on, issued.ceased_on, (
            SELECT min((m.time AT TIME ZONE 'Europe/London')::date) FROM facts m
            WHERE m.authority = l.authority AND m.type = 'hnb.placement-made.v1'
            AND m.data ->> 'child_ref' = l.data ->> 'child_ref'
            AND (m.time AT TIME ZONE 'Europe/London')::date >= since.day) AS placed_on
    FROM facts l
    JOIN facts c ON c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1'
    CROSS JOIN LATERAL (SELECT ({_SINCE})::date) AS since (day)
    CROSS JOIN LATERAL (
        SELECT min((d.data ->> 'decided_on')::date) FILTER (
                WHERE d.data ->> 'outcome' = 'assess' AND (d.data ->> 'decided_on')::date >= since.day) AS assessing_on,
            min((d.data ->> 'closed_on')::date) FILTER (
                WHERE d.data ->> 'outcome' = 'no-plan' AND (d.data ->> 'closed_on')::date >= since.day) AS no_plan_on
        FROM facts r JOIN facts d ON d.authority = r.authority AND d.about = r.about
            AND d.type IN ('hnb.assessment-decided.v1', 'hnb.request-closed.v1')
        WHERE r.authority = l.authority AND r.type = 'hnb.assessment-requested.v1'
        AND r.data ->> 'child_ref' = l.data ->> 'child_ref') AS requests
    CROSS JOIN LATERAL (
        SELECT min((p.data ->> 'issued_on')::date) FILTER (
                WHERE (p.data ->> 'issued_on')::date >= since.day) AS issued_on,
            min({_amended_since("since.day")}) AS amended_on,
            max((e.data ->> 'ceased_on')::date) FILTER (
                WHERE p.data ->> 'plan_id' = l.data ->> 'plan_id') AS ceased_on
        FROM facts p
        LEFT JOIN facts e ON e.authority = p.authority AND e.about = p.about AND e.type = 'hnb.ehcp-ceased.v1'
        WHERE p.authority = l.authority AND p.type = 'hnb.ehcp-issued.v1'
        AND p.data ->> 'child_ref' = l.data ->> 'child_ref') AS issued
    WHERE l.type = 'hnb.tribunal-lodged.v1' AND (:authority = '' OR l.authority = :authority)
    AND (l.authority, l.about) > (:after_authority, 'appeal/' || CAST(:after_id AS text))
    AND c.data ->> 'outcome' = ANY(CAST(:against AS text[])) AND (c.data ->> 'concluded_on')::date <= :today
    ORDER BY l.authority, l.about LIMIT :most
""")  # noqa: S608 - only column names of this module are put in
_APPEALABLE_DAYS = 200  # the longest a window can be: two months, a mediation, one month more, and August
ORDER_COLUMNS = (
    "authority", "appeal_id", "appeal_type", "sections", "outcome", "concluded_on", "duty", "rule", "weeks", "due_on",
    "met_on", "state",
)  # fmt: skip

# Decisions a family may appeal, a mediation of the child since then, and an appeal since then.
_WINDOWS = text("""
    SELECT d.authority, d.decision, d.reference, d.decided_on, (
            SELECT max((m.data ->> 'held_on')::date) FROM facts m
            WHERE m.authority = d.authority AND m.type = 'hnb.mediation-held.v1'
            AND m.data ->> 'child_ref' = d.child_ref
            AND (m.data ->> 'held_on')::date >= d.decided_on) AS mediated_on, l.lodged_on, l.certificate_on
    FROM (
        SELECT d.authority, d.about, 'refusal-to-assess' AS decision, d.data ->> 'request_id' AS reference,
            (d.data ->> 'decided_on')::date AS decided_on, r.data ->> 'child_ref' AS child_ref
        FROM facts d LEFT JOIN facts r ON r.authority = d.authority AND r.about = d.about
            AND r.type = 'hnb.assessment-requested.v1'
        WHERE d.type = 'hnb.assessment-decided.v1' AND d.data ->> 'outcome' = 'refuse'
        UNION ALL
        SELECT d.authority, d.about, 'refusal-to-issue', d.data ->> 'request_id', (d.data ->> 'closed_on')::date,
            r.data ->> 'child_ref'
        FROM facts d LEFT JOIN facts r ON r.authority = d.authority AND r.about = d.about
            AND r.type = 'hnb.assessment-requested.v1'
        WHERE d.type = 'hnb.request-closed.v1' AND d.data ->> 'outcome' = 'no-plan'
        UNION ALL
        SELECT authority, about, 'contents', data ->> 'plan_id',
            coalesce(data ->> 'amended_on', data ->> 'issued_on')::date, data ->> 'child_ref'
        FROM facts WHERE type = 'hnb.ehcp-issued.v1'
        UNION ALL
        SELECT e.authority, e.about, 'cease-to-maintain', e.data ->> 'plan_id', (e.data ->> 'ceased_on')::date,
            p.data ->> 'child_ref'
        FROM facts e LEFT JOIN facts p ON p.authority = e.authority AND p.about = e.about
            AND p.type = 'hnb.ehcp-issued.v1'
        WHERE e.type = 'hnb.ehcp-ceased.v1'
    ) AS d
    LEFT JOIN LATERAL (
        SELECT (a.data ->> 'lodged_on')::date AS lodged_on, (a.data ->> 'mediation_certificate_on')::date
            AS certificate_on
        FROM facts a WHERE a.authority = d.authority AND a.type = 'hnb.tribunal-lodged.v1'
        AND a.data ->> 'child_ref' = d.child_ref AND a.data ->> 'appeal_type' = d.decision
        AND (a.data ->> 'lodged_on')::date >= d.decided_on ORDER BY 1 LIMIT 1) AS l ON true
    WHERE (:authority = '' OR d.authority = :authority)
    AND d.decided_on BETWEEN CAST(:today AS date) - CAST(:days AS int) AND CAST(:today AS date)
    ORDER BY d.authority, d.decided_on, d.decision, d.reference
""")
WINDOW_COLUMNS = ("authority", "decision", "reference", "decided_on", "certificate_by", "window_ends_on", "lodged_on",
                  "days_left")  # fmt: skip


def transfers(connection: Connection, asked: Asked, year: int) -> Iterator[Row]:
    """Plans whose child changes phase in September of `year`, with the day the plan must say where to by."""
    some = connection.scalar(_OF_THEIR_OWN, {"authority": asked.authority, "phases": PHASES_OF_THEIR_OWN})
    groups = YEAR_GROUPS if some else USUAL_YEAR_GROUPS
    binds = asked.binds() | {
        "year": year, "groups": "{" + ",".join(map(str, groups)) + "}", "first_day": date(year - 1, 9, 1),
        "summer": date(year, 7, 1), "winter": date(year, 12, 31), "last_due": date(year, 3, 31),
    }  # fmt: skip
    found = 0
    for row in connection.execute(_TRANSFERS, binds).mappings():
        due = transfer(row["year_group"], row["phase"], year)
        if due is None:
            continue
        days = [day for day in (row["issued_on"], row["amended_on"], row["named_on"]) if day is not None]
        met_on = min(days, default=None)
        yield {
            "authority": row["authority"], "plan_id": row["plan_id"], "transfer": due.kind,
            "year_group": row["year_group"], "due_on": due.due_on, "met_on": met_on,
            "state": state(due.due_on, met_on, asked.today), "days_left": (due.due_on - asked.today).days,
        }  # fmt: skip
        found += 1
        if found == asked.most:
            return


def transfer_year(today: date) -> int:
    """The calendar year whose transfers are being prepared, or were last: that of the school year's second half."""
    return school_year(today) + 1


def orders(connection: Connection, asked: Asked) -> Iterator[Row]:
    """Each thing to be done after an appeal that went against the authority; `most` counts appeals."""
    binds = asked.binds() | {"against": "{" + ",".join(AGAINST_THE_AUTHORITY) + "}"}
    for row in connection.execute(_ORDERS, binds).mappings():
        order = Order(
            row["appeal_type"], tuple(row["sections"]), row["concluded_on"], row["assessing_on"], row["no_plan_on"],
            row["issued_on"], row["amended_on"], row["placed_on"], row["ceased_on"],
        )  # fmt: skip
        for duty in duties(order, asked.today):
            yield {
                **{key: row[key] for key in ORDER_COLUMNS[:6]}, "duty": duty.duty, "rule": duty.rule,
                "weeks": duty.weeks, "due_on": duty.due_on, "met_on": duty.met_on, "state": duty.state,
            }  # fmt: skip


def windows(connection: Connection, asked: Asked) -> Iterator[Row]:
    """Decisions that may still be appealed on `asked.today`, and whether they were, the oldest first.

    Where the child's case was mediated the certificate is taken as issued on the last day it may be, until an appeal
    says when it was.
    """
    for row in connection.execute(_WINDOWS, asked.binds() | {"days": _APPEALABLE_DAYS}).mappings():
        mediated_on, certified_on = row["mediated_on"], row["certificate_on"]
        certificate_by = certified_on or (certificate_due_on(mediated_on) if mediated_on is not None else None)
        ends_on = window_ends_on(row["decided_on"], certificate_by)
        if ends_on >= asked.today:
            yield {
                **row, "certificate_by": certificate_by, "window_ends_on": ends_on,
                "days_left": (ends_on - asked.today).days,
            }  # fmt: skip
