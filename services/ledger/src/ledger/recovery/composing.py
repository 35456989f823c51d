"""The report of a plan, and the pack for a body, read from the books as known at a moment."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import Connection

from hnb.calendar import financial_year, year_end
from hnb.words import moment
from ledger import positions
from ledger.domain.documents import Document
from ledger.domain.exceptions import Asked, Kind
from ledger.domain.recovery.measuring import (
    Baseline,
    KpiStands,
    OnDay,
    against_plan,
    judge,
    kpi_day,
    measured,
    months_ended,
    together,
)
from ledger.domain.recovery.pack import Standing, pack
from ledger.domain.recovery.plan import Body, Measure, Plan, months_of
from ledger.domain.recovery.report import Report
from ledger.domain.recovery.versions import decisions
from ledger.domain.reserve import reserve_path
from ledger.handlers import Ledger
from ledger.outlook.result import Spread
from ledger.recovery import store
from ledger.recovery.lines import Years
from ledger.recovery.store import Version
from ledger.reports import exceptions, waiting
from ledger.reports.statutory import reserves
from ledger.runs.store import last_outlook

MOST_WAITING = 10_000


def report(
    connection: Connection, ledger: Ledger, years: Years, authority: str, asked: int | None,
    known_at: datetime | None, ready: datetime | None = None,
) -> Report | None:  # fmt: skip
    """Of the year asked for, or the one the plan is at; None where no plan was known then.

    Where no moment is given, the plan in force is measured by what is known now or, where that is `ready`, was then.
    """
    versions = store.versions(connection, authority, known_at)
    if not versions:
        return None
    then = known_at or ready or waiting.clock(connection)
    on = ledger.today() if known_at is None else min(ledger.today(), known_at.astimezone(UTC).date())
    last = versions[-1]
    plan = last.plan
    year = plan.year_shown(financial_year(ledger.today())) if asked is None else asked
    until = min(on, year_end(year))
    wanted: dict[int, set[date]] = defaultdict(set)
    for one in plan.measures:
        day = kpi_day(one.kpi, until)
        wanted[financial_year(day)].add(day)
    begun = months_ended(year, on) > 0  # else there is nothing to measure yet, and no need to fold a year to come
    if begun:
        wanted[year] |= set()
    found = {of: years.of(connection, authority, of, then, days) for of, days in wanted.items()}
    seen = {day: lines for one in found.values() for day, lines in one.days.items()}
    known = found[year].months if begun else {}
    baselines = _baselines(connection, years, versions, year) if begun else {}
    stands = {one.id: _kpi(one, until, seen) for one in plan.measures}
    kept = [one.review for one in store.reviews(connection, authority, known_at)]
    return Report(
        plan, last.number, last.made_at, last.made_by, year, then, on,
        against_plan(plan, year, on, baselines, known, stands),
        together(plan, year, on, baselines, known), baselines, kept[::-1], decisions(kept),
        _forecast(connection, plan, year, known_at),
        frozenset().union(*(one.small for one in found.values())),
    )  # fmt: skip


def compose(connection: Connection, ledger: Ledger, years: Years, found: Report, body: Body) -> Document:
    """The pack of a report for a body."""
    authority, year = found.plan.authority, found.year
    position = positions.read(connection, authority, year, found.known_at)
    path = reserve_path({**reserves(connection, authority, found.known_at), year: position.reserve})
    asked = Asked(year, found.on, ledger.settings.unpaid_days)
    counts = Counter(one.kind for one in exceptions.read(connection, ledger, authority, asked, found.known_at))
    last = last_outlook(connection, authority, found.known_at)
    scenarios = last.scenarios if last else ()
    standing = Standing(
        position.lines, position.total, {of: one for of, one in path.items() if of <= year},
        {one.financial_year: one.reserve_pence for one in scenarios[0].years} if scenarios else {},
        {one.title: one.override_end for one in scenarios if one.override_end},
        {kind: counts[kind] for kind in Kind},
        len(waiting.read(connection, waiting.Asked(authority, found.known_at, None, MOST_WAITING))),
    )  # fmt: skip
    small = years.of(connection, authority, year, found.known_at).small  # of the position, whatever was measured
    return pack(replace(found, small=found.small | small), standing, body)


def unknown_scenarios(connection: Connection, plan: Plan) -> list[str]:
    """Scenarios that measures name and the last forecast has not; none where there is no forecast."""
    last = last_outlook(connection, plan.authority)
    if last is None:
        return []
    there = {one.name for one in last.scenarios}
    return sorted({one.scenario for one in plan.measures if one.scenario} - there)


def _baselines(
    connection: Connection, years: Years, versions: Sequence[Version], year: int
) -> Mapping[str, Baseline]:  # fmt: skip
    """Of each line of the plan, as the plan states it or as it was known when a plan first named the line."""
    plan = versions[-1].plan
    found: dict[str, Baseline] = {}
    for line in plan.lines:
        stated = plan.baseline_pounds.get(line)
        if stated and months_of(year)[0] in stated:
            found[str(line)] = Baseline([stated[month] for month in months_of(year)], "as the plan states it")
            continue
        first = next(one for one in versions if line in one.plan.lines).made_at
        known = years.of(connection, plan.authority, year, first).months.get(str(line))
        if known is not None:
            found[str(line)] = Baseline(known.due, f"as the ledger knew it on {moment(first)}")
    return found


def _kpi(measure: Measure, until: date, seen: Mapping[date, Mapping[str, OnDay]]) -> KpiStands:
    target = measure.kpi
    day = kpi_day(target, until)
    lines = [str(line) for line in target.lines or measure.lines]
    on_day = seen[day]
    begun = day >= target.baseline_on
    figure = measured(target.what, [on_day[line] for line in lines if line in on_day]) if begun else None
    return judge(target, until, figure, financial_year(day))


def _forecast(connection: Connection, plan: Plan, year: int, known_at: datetime | None) -> Mapping[str, Spread]:
    last = last_outlook(connection, plan.authority, known_at)
    if last is None:
        return {}
    worth = {
        (scenario.name, one.financial_year): one.saved_pence
        for scenario in last.scenarios for one in scenario.worth
    }  # fmt: skip
    return {
        one.id: worth[one.scenario, year] for one in plan.measures if one.scenario and (one.scenario, year) in worth
    }
