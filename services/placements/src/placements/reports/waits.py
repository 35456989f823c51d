"""Plans in force whose child has no placement on a day: which, for how long, and of what phase, need and provision."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from statistics import median_low
from typing import Any

from sqlalchemy import Connection, text

from placements.domain.phases import NOT_KNOWN, PHASES, phase
from placements.reports.paging import Asked

COLUMNS = (
    "authority", "plan_id", "issued_on", "primary_need", "year_group", "days", "phase", "provision_sought",
    "waiting_since", "days_waiting", "place_from",
)  # fmt: skip
SUMMARY_COLUMNS = (
    "authority", "phase", "primary_need", "provision_sought", "without_place", "place_to_come", "days_median",
    "days_longest",
)  # fmt: skip
# Which waits: those with no placement at all to come, those with one that starts later, or both.
FILTERS = ("without-place", "to-come", "all")
# How long, in words, and the days it is below; beyond the last it is longer.
_LENGTHS = (("Under 6 weeks", 42), ("6 weeks to 3 months", 91), ("3 to 6 months", 182), ("6 months to a year", 365))
_LONGER = "A year or longer"

# A placement that ends before it starts never is. Those with a live placement are left out first, all at once: then
# few are left whose other placements are looked up one by one.
_WAITS = text("""
    SELECT p.authority, p.plan_id, p.issued_on, p.primary_need, p.year_group, :today - p.issued_on AS days,
        h.place_from, greatest(p.issued_on, h.last_held + 1) AS waiting_since, s.provision_sought
    FROM plans p
    CROSS JOIN LATERAL (
        SELECT min(first_day) FILTER (WHERE first_day > :today) AS place_from,
            max(last_day) FILTER (WHERE last_day < :today) AS last_held
        FROM placements m
        WHERE m.authority = p.authority AND m.child_ref = p.child_ref AND m.last_day >= m.first_day) h
    LEFT JOIN LATERAL (
        SELECT a.data #>> '{sought,provision}' AS provision_sought FROM facts a
        WHERE a.authority = p.authority AND a.type = 'hnb.tribunal-lodged.v1' AND a.data ->> 'child_ref' = p.child_ref
        AND a.data #>> '{sought,provision}' IS NOT NULL AND (a.data ->> 'lodged_on')::date <= :today
        ORDER BY a.data ->> 'lodged_on' DESC, a.about LIMIT 1) s ON true
    WHERE (:authority = '' OR p.authority = :authority)
    AND (p.authority, p.about) > (:after_authority, 'plan/' || :after_id)
    AND p.issued_on <= :today AND (p.ceased_on IS NULL OR p.ceased_on > :today)
    AND NOT EXISTS (
        SELECT FROM placements m WHERE m.authority = p.authority AND m.child_ref = p.child_ref
        AND :today BETWEEN m.first_day AND m.last_day)
    AND (:only = 'all' OR (:only = 'to-come') = (h.place_from IS NOT NULL))
    ORDER BY p.authority, p.about LIMIT CAST(:most AS bigint)
""")
_IN_FORCE = text("""
    SELECT authority, count(*)::int AS plans FROM plans
    WHERE (:authority = '' OR authority = :authority)
    AND issued_on <= :today AND (ceased_on IS NULL OR ceased_on > :today) GROUP BY 1
""")
_WAITING = text("""
    SELECT p.authority, count(*)::int AS plans FROM plans p
    WHERE p.issued_on <= :today AND (p.ceased_on IS NULL OR p.ceased_on > :today)
    AND NOT EXISTS (
        SELECT FROM placements m WHERE m.authority = p.authority AND m.child_ref = p.child_ref
        AND m.last_day >= m.first_day AND m.last_day >= :today)
    GROUP BY 1
""")


def waits(connection: Connection, asked: Asked, only: str = "without-place") -> Iterator[dict[str, Any]]:
    """Plans in force on `asked.today` whose child has no live placement.

    `days` are since the plan was issued; `days_waiting` since then or, where that is later, since the day after the
    child's last placement. A child whose placement only starts later waits until `place_from`.
    """
    for row in connection.execute(_WAITS, asked.binds() | {"only": only}).mappings():
        yield {
            **row, "phase": phase(row["year_group"], row["issued_on"], asked.today),
            "days_waiting": (asked.today - row["waiting_since"]).days,
        }  # fmt: skip


def summary(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Waits counted by authority, phase, need and provision sought, with the median and longest days waiting.

    The median of an even number is the lower of the two in the middle: a number of days somebody did wait.
    """
    days: dict[tuple[str, int, str, str], list[int]] = defaultdict(list)
    to_come: dict[tuple[str, int, str, str], int] = defaultdict(int)
    for row in rows:
        known = (row["primary_need"] or NOT_KNOWN, row["provision_sought"] or NOT_KNOWN)
        key = (row["authority"], PHASES.index(row["phase"]), *known)
        days[key].append(row["days_waiting"])
        to_come[key] += row["place_from"] is not None
    return [
        {
            "authority": key[0], "phase": PHASES[key[1]], "primary_need": key[2], "provision_sought": key[3],
            "without_place": len(waited) - to_come[key], "place_to_come": to_come[key],
            "days_median": median_low(waited), "days_longest": max(waited),
        }
        for key, waited in sorted(days.items())
    ]  # fmt: skip


def lengths(rows: Iterable[dict[str, Any]]) -> list[tuple[str, int]]:
    """How many have waited how long so far."""
    counts = Counter(next((words for words, below in _LENGTHS if row["days_waiting"] < below), _LONGER) for row in rows)
    return [(words, counts[words]) for words in (*dict(_LENGTHS), _LONGER)]


def plans_in_force(connection: Connection, authority: str, today: date) -> dict[str, int]:
    """Plans in force on the day, by authority."""
    binds = {"authority": authority, "today": today}
    return {row.authority: row.plans for row in connection.execute(_IN_FORCE, binds)}


def plans_waiting(connection: Connection, today: date) -> dict[str, int]:
    """Plans in force on the day whose child has no placement, now or to come, by authority."""
    return {row.authority: row.plans for row in connection.execute(_WAITING, {"today": today})}
