"""Plans as files, and what is measured beside them, held to a count that walks month by month."""

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hnb.calendar import year_end, year_start
from hnb_local.demo.recovery import written
from ledger.domain.recovery.measuring import Baseline, LineYear, Status, against_plan, judge, together
from ledger.domain.recovery.plan import Kpi, Plan, Target, months_of
from ledger.forecast.faults import BadInput
from ledger.recovery.reading import read_plan, read_review
from tests.cases import LEICESTER
from tests.ledger.recovering import PLAN

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "recovery"
LINES = ("independent", "special", "alternative")


def fault(old: str, new: str) -> str:
    with pytest.raises(BadInput) as caught:
        read_plan("plan.yaml", PLAN.replace(old, new).encode())
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("lines: [independent]\n", "lines: [independant]\n", "line 9: measures.1.lines.1: Input should be"),
        ("2500.50", "2500.505", "line 10: measures.1.planned_saving_pounds.2025-06: has a part of a penny"),
        ("2500.50", "lots", "line 10: measures.1.planned_saving_pounds.2025-06: is no amount"),
        ("2025-06: 2500", "2025-13: 2500", "line 10: measures.1.planned_saving_pounds"),
        ("2500.50", ".inf", "is no amount"),
        ("owner: Head of commissioning", "owner: jo@leicester.gov.uk", "line 14: measures.2.owner: names a role"),
        ("owner: Head of commissioning", "owner: Jo 0116 454 1000", "line 14: measures.2.owner: names a role"),
        ("id: prices", "id: places", "measures: places stands there more than once"),
        ("what: mean-price", "what: happiness", "line 17: measures.2.kpi.what"),
        ("by: 2025-07-31", "by: 2025-01-31", "measures.2.kpi: by is not after baseline_on"),
        ("target: 6", "target: 8", "target is the baseline itself"),
        ("target: 6", "target: 6.5", "are whole numbers"),
        ("    title: Framework prices\n", "", "measures.2.title: is missing"),
        ("title: Framework prices", "tilte: Framework prices", "measures.2.tilte: is not a field here"),
        ("2026-03: 40000", "", "baseline_pounds.independent: 11 months of the financial year 2025 are given"),
        ("\n  independent: {", "\n  mainstream: {", "baseline_pounds.mainstream: no measure is about this line"),
        ("authority: E06000016", "authority: Leicester", "line 2: authority"),
        ("risks:", "risks: [", "this is not YAML"),
        ("council:", "title: twice\ncouncil:", "title stands there twice"),
    ],
)  # fmt: skip
def test_a_fault_in_a_plan_is_told_with_its_line_and_field(old: str, new: str, told: str) -> None:
    assert old in PLAN
    said = fault(old, new)
    assert said.startswith("plan.yaml")
    assert told in said


@pytest.mark.parametrize("raw", [b"", b"[]", b"- 1", b"just words", b"\xff\xfe", b"a: &a [*a]", b"? [1]\n: 2"])
def test_what_is_no_plan_at_all_is_told_so(raw: bytes) -> None:
    with pytest.raises(BadInput, match="the file"):
        read_plan("the file", raw)


def test_the_demos_plan_and_review_are_the_examples_and_say_that_they_are_invented() -> None:
    for what in ("plan", "review"):
        assert (EXAMPLES / f"{what}.yaml").read_text(encoding="utf-8") == written(what)
    plan, review = read_plan("plan", written("plan").encode()), read_review("review", written("review").encode())
    assert plan.authority == review.authority == LEICESTER
    assert plan.note is not None
    assert "Invented" in plan.note


AMOUNTS = st.lists(st.integers(-(10**9), 10**10), min_size=12, max_size=12)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    measures = [
        {
            "id": f"m{n}", "title": "A measure", "owner": "A post",
            "lines": draw(st.lists(st.sampled_from(LINES), min_size=1, unique=True)),
            "planned_saving_pounds": draw(
                st.dictionaries(st.sampled_from(months_of(2025)), st.integers(-(10**6), 10**6), min_size=1)
            ),
            "kpi": {"what": "placements", "baseline": 5, "baseline_on": "2025-04-01", "target": 1, "by": "2026-01-01"},
        }
        for n in range(draw(st.integers(1, 4)))
    ]  # fmt: skip
    whole: dict[str, Any] = {"authority": LEICESTER, "council": "A council", "title": "A plan", "measures": measures}
    return Plan.model_validate(whole)


@settings(deadline=None, max_examples=150)
@given(plans(), st.lists(AMOUNTS, min_size=3, max_size=3), st.lists(AMOUNTS, min_size=3, max_size=3),
       st.integers(-40, 420))  # fmt: skip
def test_planned_and_measured_are_what_a_walk_through_the_months_counts(
    plan: Plan, before: list[list[int]], costs: list[list[int]], days: int
) -> None:
    on = year_start(2025) + timedelta(days=days)
    baselines = {line: Baseline(months, "stated") for line, months in zip(LINES, before, strict=True)}
    known = {line: LineYear(months, [0] * 12) for line, months in zip(LINES, costs, strict=True)}
    target = plan.measures[0].kpi
    stands = {one.id: judge(target, min(on, year_end(2025)), 5, 2025) for one in plan.measures}
    found = against_plan(plan, 2025, on, baselines, known, stands)
    total = together(plan, 2025, on, baselines, known)
    all_planned = all_moved = 0
    for at, month in enumerate(months_of(2025)):
        following = date(2025 + (at + 5 > 12), (at + 4) % 12 + 1, 1)
        for one in found:
            assert one.months.planned[at] == one.measure.planned_saving_pounds.get(month, 0)
            moved = sum(before[LINES.index(line)][at] - costs[LINES.index(line)][at] for line in one.measure.lines)
            assert one.months.measured[at] == (moved if on >= following - timedelta(days=1) else None)
        all_planned += sum(one.months.planned[at] for one in found)
        assert total.planned_so_far[at] == all_planned
        if on >= following - timedelta(days=1):
            lines = {line for one in plan.measures for line in one.lines}
            all_moved += sum(before[LINES.index(line)][at] - costs[LINES.index(line)][at] for line in lines)
            assert total.measured_so_far[at] == all_moved, "each line once, however many measures share it"


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 600), st.integers(0, 500), st.integers(0, 2**32))
def test_a_kpi_is_met_exactly_where_it_is_at_or_beyond_its_target(
    baseline: int, target: int, figure: int, gone: int, seed: int
) -> None:
    if baseline == target:
        target += 1
    by = date(2025, 4, 1) + timedelta(days=random.Random(seed).randint(1, 364))
    on = min(date(2025, 4, 1) + timedelta(days=gone), year_end(2025))
    aim = Target(what=Kpi.PLACEMENTS, baseline=baseline, baseline_on=date(2025, 4, 1), target=target, by=by)
    stands = judge(aim, on, figure, 2025)
    beyond = figure >= target if target > baseline else figure <= target
    assert (stands.status is Status.MET) == beyond
    if not beyond:
        assert (stands.status is Status.MISSED) == (on >= by)
    if stands.status in (Status.ON_TRACK, Status.BEHIND):
        exact = baseline + (target - baseline) * (min(on, by) - date(2025, 4, 1)).days / (by - date(2025, 4, 1)).days
        assert abs(stands.expected - exact) <= 0.5


def test_what_is_counted_since_april_is_not_met_by_being_low_early() -> None:
    aim = Target.model_validate({"what": "cost-to-date", "baseline": 1200, "baseline_on": "2025-04-01",
                                 "target": 1095, "by": "2026-03-31"})  # fmt: skip
    assert judge(aim, date(2025, 4, 1) + timedelta(days=100), 29_000, 2025).status is Status.ON_TRACK
    assert judge(aim, date(2025, 4, 1) + timedelta(days=100), 31_000, 2025).status is Status.BEHIND
    assert judge(aim, date(2026, 3, 31), 109_500, 2025).status is Status.MET
    assert judge(aim, date(2026, 3, 31), 109_501, 2025).status is Status.MISSED
    assert judge(aim, date(2025, 3, 1), None, 2024).status is Status.NOT_BEGUN
