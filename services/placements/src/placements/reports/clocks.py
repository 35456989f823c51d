"""Statutory clocks asked of the register: the requests that run, and the rates of those that are over."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection, text

from placements.domain import timeliness
from placements.domain.clocks import (
    DECISION_WEEKS,
    NO_PLAN_WEEKS,
    ORDERED_PLAN_WEEKS,
    PLAN_WEEKS,
    clock,
    weeks_after,
)
from placements.domain.orders import AGAINST_THE_AUTHORITY
from placements.domain.timeliness import Took
from placements.reports.paging import Asked

Row = dict[str, Any]

_RUNNING = text("""
    SELECT r.authority, r.data ->> 'request_id' AS request_id, (r.data ->> 'received_on')::date AS received_on,
        (d.data ->> 'decided_on')::date AS decided_on, o.ordered_on, d.data ->> 'exception' AS exception
    FROM facts r
    LEFT JOIN facts d ON d.authority = r.authority AND d.about = r.about AND d.type = 'hnb.assessment-decided.v1'
    CROSS JOIN LATERAL (
        SELECT max((c.data ->> 'concluded_on')::date) AS ordered_on FROM facts l
        JOIN facts c ON c.authority = l.authority AND c.about = l.about AND c.type = 'hnb.tribunal-concluded.v1'
        WHERE l.authority = r.authority AND l.type = 'hnb.tribunal-lodged.v1'
        AND l.data ->> 'child_ref' = r.data ->> 'child_ref' AND l.data ->> 'appeal_type' = 'refusal-to-assess'
        AND (l.data ->> 'lodged_on')::date >= (r.data ->> 'received_on')::date
        AND c.data ->> 'outcome' = ANY(CAST(:against AS text[]))) AS o
    WHERE r.type = 'hnb.assessment-requested.v1' AND (:authority = '' OR r.authority = :authority)
    AND (r.authority, r.about) > (:after_authority, 'request/' || CAST(:after_id AS text))
    AND coalesce(d.data ->> 'outcome', 'assess') = 'assess'
    AND NOT EXISTS (
        SELECT FROM facts c
        WHERE c.authority = r.authority AND c.about = r.about AND c.type = 'hnb.request-closed.v1')
    AND NOT EXISTS (
        SELECT FROM facts p WHERE p.authority = r.authority AND p.type = 'hnb.ehcp-issued.v1'
        AND p.data ->> 'request_id' = r.data ->> 'request_id')
    ORDER BY r.authority, r.about LIMIT :most
""")
# Each case of a calendar year by the days it took from its request: plans issued, decisions made, notices of no plan.
_TOOK = text("""
    SELECT done.authority, done.what, done.day - (r.data ->> 'received_on')::date AS days, done.exception,
        count(*)::int AS cases
    FROM (
        SELECT authority, 'plans' AS what, data ->> 'request_id' AS request_id, (data ->> 'issued_on')::date AS day,
            data ->> 'exception' IS NOT NULL AS exception
        FROM facts WHERE type = 'hnb.ehcp-issued.v1' AND data ->> 'request_id' IS NOT NULL
        UNION ALL
        SELECT authority, 'decisions', data ->> 'request_id', (data ->> 'decided_on')::date,
            data ->> 'exception' IS NOT NULL
        FROM facts WHERE type = 'hnb.assessment-decided.v1'
        UNION ALL
        SELECT authority, 'notices', data ->> 'request_id', (data ->> 'closed_on')::date,
            data ->> 'exception' IS NOT NULL
        FROM facts WHERE type = 'hnb.request-closed.v1' AND data ->> 'outcome' = 'no-plan'
    ) AS done
    LEFT JOIN facts r ON r.authority = done.authority AND r.type = 'hnb.assessment-requested.v1'
        AND r.about = 'request/' || done.request_id
    WHERE (:authority = '' OR done.authority = :authority) AND done.day BETWEEN :first AND :last
    GROUP BY 1, 2, 3, 4 ORDER BY 1
""")
TIMELINESS_COLUMNS = (
    "authority", "year", "plans_issued", "within_20_weeks", "percent_within_20_weeks", "over_20_weeks_to_a_year",
    "over_a_year", "mean_weeks", "plans_issued_excluding_exceptions", "within_20_weeks_excluding_exceptions",
    "percent_within_20_weeks_excluding_exceptions", "over_20_weeks_to_a_year_excluding_exceptions",
    "over_a_year_excluding_exceptions", "mean_weeks_excluding_exceptions", "request_unknown", "decisions",
    "decisions_within_6_weeks", "percent_within_6_weeks", "decisions_with_exception", "no_plan_notices",
    "notices_within_16_weeks", "percent_within_16_weeks", "notices_with_exception",
)  # fmt: skip
_WEEKS = text("""
    SELECT p.authority, (p.data ->> 'issued_on')::date - (r.data ->> 'received_on')::date AS days,
        count(*)::int AS plans
    FROM facts p JOIN facts r ON r.authority = p.authority AND r.type = 'hnb.assessment-requested.v1'
    AND r.about = 'request/' || (p.data ->> 'request_id')
    WHERE p.type = 'hnb.ehcp-issued.v1' AND p.data ? 'request_id' GROUP BY 1, 2
""")


def running(connection: Connection, asked: Asked) -> Iterator[Row]:
    """Requests neither refused, closed nor with a plan: where each stands on `asked.today`, and its three limits."""
    binds = asked.binds() | {"against": "{" + ",".join(AGAINST_THE_AUTHORITY) + "}"}
    for row in connection.execute(_RUNNING, binds).mappings():
        received_on = row["received_on"]
        at = clock(received_on, row["decided_on"], asked.today, row["ordered_on"])
        yield {
            **row, "weeks": at.weeks, "limit_weeks": at.limit_weeks, "due_on": at.due_on, "overdue": at.overdue,
            "days_left": (at.due_on - asked.today).days,
            "decision_due_on": weeks_after(received_on, DECISION_WEEKS),
            "no_plan_notice_due_on": weeks_after(received_on, NO_PLAN_WEEKS),
            "plan_due_on": weeks_after(received_on, PLAN_WEEKS) if row["ordered_on"] is None
            else weeks_after(row["ordered_on"], ORDERED_PLAN_WEEKS),
        }  # fmt: skip


def rates(connection: Connection, authority: str, year: int) -> list[Row]:
    """The 20-week rate of a calendar year, and the 6 and 16-week ones, a row an authority that did anything in it.

    A plan whose request the register does not know is counted as such and in no rate, a decision or notice not at all.
    """
    binds = {"authority": authority, "first": date(year, 1, 1), "last": date(year, 12, 31)}
    took: dict[str, dict[str, list[Took]]] = defaultdict(lambda: defaultdict(list))
    unknown: dict[str, int] = defaultdict(int)
    for row in connection.execute(_TOOK, binds):
        if row.days is None:
            unknown[row.authority] += row.cases if row.what == "plans" else 0
        else:
            took[row.authority][row.what].append(Took(row.days, row.exception, row.cases))
    return [
        {"authority": one, "year": year, "request_unknown": unknown[one], **_rates(took[one])}
        for one in sorted({*took, *unknown})
    ]


def _rates(took: dict[str, list[Took]]) -> Row:
    plans: Iterable[Took] = took["plans"]
    every, without = (timeliness.issued(plans, exceptions=wanted) for wanted in (True, False))
    decided, noticed = timeliness.decisions(took["decisions"]), timeliness.notices(took["notices"])
    counted = {"plans_issued": every.plans, **asdict(every)}
    excluding = {"plans_issued": without.plans, **asdict(without)}
    return {
        **{key: value for key, value in counted.items() if key != "plans"},
        **{f"{key}_excluding_exceptions": value for key, value in excluding.items() if key != "plans"},
        "decisions": decided.made, "decisions_within_6_weeks": decided.in_time,
        "percent_within_6_weeks": decided.percent_in_time, "decisions_with_exception": decided.with_exception,
        "no_plan_notices": noticed.made, "notices_within_16_weeks": noticed.in_time,
        "percent_within_16_weeks": noticed.percent_in_time, "notices_with_exception": noticed.with_exception,
    }  # fmt: skip


def weeks_to_plan(connection: Connection) -> list[tuple[str, float, int]]:
    """Weeks from request to plan, and how many plans took so long, where the request is known; per authority."""
    return [(row.authority, row.days / 7, row.plans) for row in connection.execute(_WEEKS)]
