"""Thresholds at their very edges, and what an episode does as figures move."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.domain.episodes import OVER, AlreadyResolved, Change, Episode, State, Step, acknowledge, decide
from alerts.domain.positions import Position, latest
from alerts.domain.severity import Severity
from tests.alerts.given import LEICESTER, NOON, SHIPPED, costing, line_of, position, reserve, said

PLAN = -4_480_000_000
MARGIN = 10_000_000


def after(position: Position, held: Episode | None = None) -> Step | None:
    steps = decide(SHIPPED.rules, position, {held.key: held} if held else {}, NOON)
    assert len(steps) <= 1
    return steps[0] if steps else None


def opened(pence: int) -> Episode:
    step = after(costing(pence))
    assert step is not None
    assert step.change is Change.OPENED
    return step.episode


@pytest.mark.parametrize(
    ("pence", "severity"),
    [(0, None), (89_999, None), (90_000, "warning"), (99_999, "warning"), (100_000, "critical"), (150_000, "critical")],
)
def test_reaching_a_percentage_exactly_has_crossed_it_and_a_penny_less_has_not(
    pence: int, severity: str | None
) -> None:
    step = after(costing(pence))
    assert (step.episode.severity if step else None) == severity


def test_spent_counts_as_much_as_committed() -> None:
    step = after(position(said(committed_pence=40_000, spent_pence=50_000)))
    assert step is not None
    assert line_of(step).value_pence == 90_000


def test_a_percentage_never_shows_as_one_it_has_not_reached() -> None:
    step = after(costing(99_999))
    assert step is not None
    assert (line_of(step).percent_tenths, line_of(step).threshold_pence) == (999, 90_000)


def test_the_threshold_in_pence_is_the_first_penny_that_crosses() -> None:
    step = after(position(said(budget_pence=99_999, committed_pence=90_000)))
    assert step is not None
    assert line_of(step).threshold_pence == 90_000  # 89,999.1 upwards
    assert after(position(said(budget_pence=99_999, committed_pence=89_999))) is None


def test_a_line_without_a_budget_is_not_judged() -> None:
    assert after(position(said(budget_pence=0, committed_pence=5_000))) is None


def test_a_general_fund_line_with_a_budget_is_judged_like_any_other() -> None:
    step = after(position(said(provision="tribunal", fund="general", committed_pence=95_000)))
    assert step is not None
    assert step.episode.scope == "tribunal"


def test_an_alert_is_held_until_it_is_past_the_recovery_margin() -> None:
    warning = opened(90_000)
    assert after(costing(89_999), warning) is None
    assert after(costing(88_000), warning) is None
    ended = after(costing(87_999), warning)
    assert ended is not None
    assert (ended.change, ended.episode.state) == (Change.RESOLVED, State.RESOLVED)


def test_an_alert_rises_and_is_lowered_past_the_margin_only() -> None:
    raised = after(costing(100_000), opened(95_000))
    assert raised is not None
    assert raised.change is Change.RAISED
    assert after(costing(98_000), raised.episode) is None
    lowered = after(costing(97_999), raised.episode)
    assert lowered is not None
    assert (lowered.change, lowered.episode.severity) == (Change.LOWERED, Severity.WARNING)


def test_figures_that_swing_a_thousand_times_open_once_and_close_once() -> None:
    episode: Episode | None = None
    changes = []
    for pence in [90_000, 89_500] * 1_000 + [87_000]:
        step = after(costing(pence), episode)
        if step:
            episode = step.episode
            changes.append(step.change)
    assert changes == [Change.OPENED, Change.RESOLVED]


def test_an_alert_that_opens_again_is_a_new_one_with_a_name_of_its_own() -> None:
    ended = after(costing(0), opened(90_000))
    assert ended is not None
    again = after(costing(100_000), ended.episode)
    assert again is not None
    assert (ended.episode.id, again.episode.id) == (
        "E06000016-2025-line-budget-special-1", "E06000016-2025-line-budget-special-2",
    )  # fmt: skip


def test_losing_the_budget_is_no_recovery() -> None:
    assert after(position(said(budget_pence=0, committed_pence=100_000)), opened(100_000)) is None


def test_who_acknowledged_an_alert_still_has_it_when_it_rises() -> None:
    raised = after(costing(100_000), acknowledge(opened(90_000)))
    assert raised is not None
    assert (raised.change, raised.episode.state) == (Change.RAISED, State.ACKNOWLEDGED)


def test_an_alert_that_has_ended_cannot_be_acknowledged() -> None:
    ended = after(costing(0), opened(90_000))
    assert ended is not None
    with pytest.raises(AlreadyResolved, match="line-budget-special-1"):
        acknowledge(ended.episode)


def test_a_reserve_exactly_at_plan_is_not_past_it_and_a_penny_worse_is() -> None:
    assert after(position(reserve(PLAN))) is None
    step = after(position(reserve(PLAN - 1)))
    assert step is not None
    assert (step.episode.rule, step.episode.scope, step.episode.severity) == ("reserve-plan", "total", "critical")


def test_a_reserve_recovers_only_past_its_margin() -> None:
    step = after(position(reserve(PLAN - 1)))
    assert step is not None
    assert after(position(reserve(PLAN)), step.episode) is None
    assert after(position(reserve(PLAN + MARGIN - 1)), step.episode) is None
    ended = after(position(reserve(PLAN + MARGIN)), step.episode)
    assert ended is not None
    assert ended.change is Change.RESOLVED


def test_a_year_without_a_grant_or_a_plan_has_no_reserve_to_judge() -> None:
    assert after(position(reserve(PLAN * 2, grant_pence=0))) is None
    assert after(position(reserve(PLAN * 2, year=2026))) is None


def test_the_plan_of_2027_is_judged_too() -> None:
    assert after(position(reserve(-7_800_000_000, year=2027))) is None
    assert after(position(reserve(-7_800_000_001, year=2027))) is not None


@given(
    st.lists(st.tuples(st.integers(1, 12), st.lists(st.tuples(st.sampled_from("ABCDEFGHIJKLM"), st.integers(-9, 9))),
                       st.integers(-9, 9)), min_size=1, unique_by=lambda step: step[0]),
    st.integers(0, 12),
)  # fmt: skip
def test_the_commitments_behind_several_versions_sum_to_their_change(
    steps: list[tuple[int, list[tuple[str, int]], int]], known: int
) -> None:
    changes = [
        said(version, drivers=moved, change_pence=sum(p for _, p in moved) + rest, remainder_pence=rest)
        for version, moved, rest in steps
    ]
    found = latest([(LEICESTER, c) for c in changes * 2], {(LEICESTER, 2025, "special"): known})
    newer = [change for change in changes if change.version > known]
    assert [p.version for p in found] == ([max(c.version for c in newer)] if newer else [])
    for one in found:
        assert one.change_pence == sum(change.change_pence for change in newer)
        assert sum(driver.amount_pence for driver in one.drivers) + one.remainder_pence == one.change_pence
        sizes = [abs(driver.amount_pence) for driver in one.drivers]
        assert sizes == sorted(sizes, reverse=True)


def test_since_is_when_the_ledger_learned_it() -> None:
    assert opened(90_000).since == datetime.fromisoformat("2025-11-03T12:00:01Z")


MOVES = st.lists(st.tuples(st.integers(-40, 5), st.integers(-30_000, 30_000)), min_size=1, max_size=12)


@given(MOVES)
def test_an_alert_is_taken_back_just_when_what_held_before_it_opened_never_crossed(
    moves: list[tuple[int, int]],
) -> None:
    """Beside a naive ledger that keeps every movement with its day, and looks back when an alert ends."""
    opened_on, heard, held, cost = NOON.date(), [], None, 0
    for version, (days, pence) in enumerate(moves, start=1):
        cost += pence
        heard.append((opened_on + timedelta(days=days), pence))
        parts = [{"held_from": heard[-1][0], "amount_pence": pence}]
        line = position(said(version, committed_pence=cost, change_pence=pence, held=parts, recorded_at=NOON))
        step = after(line, held)
        if step is None:
            continue
        if step.change is Change.OPENED:
            opened_at, opening = cost, len(heard)
        if step.change in (Change.RESOLVED, Change.RETRACTED):
            since = sum(amount for day, amount in heard[opening:] if day <= opened_on)
            assert (step.change is Change.RETRACTED) == (since < 0 and opened_at + since < 90_000)
        held = None if step.episode.state in OVER else step.episode
