"""What there is to say of conditions: each change once, nothing of what stays, and every end."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hnb.conditions.rules import Condition, Key, Said, changes, morning
from hnb.events import Figure
from tests.cases import LEICESTER

NOON = datetime(2026, 2, 9, 12, tzinfo=UTC)


def costly(over: int = 30_000_00, value: int = 96_500_00, year: int | None = None) -> Condition:
    figures = (Figure(name="over-line-mean", value=over, unit="pence"),)
    return Condition(LEICESTER, "placement-cost", "placement/PL-1", value, "pence", None, year, "independent", figures)


def told(*holding: Condition, said: dict[Key, Said] | None = None, at: datetime = NOON) -> dict[Key, Said]:
    """What was last said of everything, once these were looked at."""
    said = said or {}
    return said | {one.key: one for one in changes(said, holding, at)}


def test_what_holds_is_said_once_with_its_line_and_figures() -> None:
    (said,) = changes({}, [costly()], NOON)
    assert (said.active, said.value, said.provision, said.version) == (True, 96_500_00, "independent", 1)
    assert said.figures == costly().figures
    assert changes({said.key: said}, [costly()], NOON + timedelta(hours=1)) == []


@pytest.mark.parametrize(("over", "again"), [(30_300_00, False), (30_300_01, True), (29_699_99, True), (0, True)])
def test_a_figure_that_follows_a_mean_is_said_again_once_it_moved_by_a_hundredth(over: int, again: bool) -> None:
    assert bool(changes(told(costly()), [costly(over=over)], NOON)) is again


def test_a_figure_moves_slowly_away_from_what_was_said_and_not_from_what_was_seen() -> None:
    said = told(costly())
    for over in range(30_000_00, 30_300_00, 1_000):
        said = told(costly(over=over), said=said)
    assert [one.version for one in said.values()] == [1]
    assert [one.version for one in told(costly(over=30_310_00), said=said).values()] == [2]


def test_each_penny_of_a_value_counts() -> None:
    (said,) = changes(told(costly()), [costly(value=96_500_01)], NOON)
    assert (said.value, said.version) == (96_500_01, 2)


def test_a_condition_of_two_years_is_two() -> None:
    said = told(costly(year=2024), costly(year=2025))
    ended = changes(said, [costly(year=2025)], NOON)
    assert [(one.key[3], one.active, one.provision) for one in ended] == [(2024, False, "independent")]


def test_what_only_looking_tells_began_when_it_was_first_seen_and_again_after_an_end() -> None:
    later, last = NOON + timedelta(hours=1), NOON + timedelta(hours=2)
    said = told(costly(value=96_600_00), said=told(costly()), at=later)
    assert [one.since for one in said.values()] == [NOON]
    again = told(costly(), said=told(said=said, at=later), at=last)
    assert [(one.since, one.version) for one in again.values()] == [(last, 4)]


CONDITIONS = st.builds(
    Condition,
    st.just(LEICESTER), st.sampled_from(["uplift", "overlap"]), st.sampled_from(["placement/PL-1", "placement/PL-2"]),
    st.none() | st.integers(0, 3), st.none() | st.just("permille"),
    st.none() | st.sampled_from([morning(NOON.date()), NOON]), st.none() | st.sampled_from([2024, 2025]),
    st.none() | st.just("special"),
    st.lists(st.builds(Figure, name=st.just("a-year"), value=st.integers(-2, 500), unit=st.just("pence")), max_size=1)
    .map(tuple),
)  # fmt: skip


@given(st.lists(st.lists(CONDITIONS, max_size=6, unique_by=lambda one: one.key), max_size=6))
def test_whoever_hears_every_saying_knows_what_holds(looks: list[list[Condition]]) -> None:
    said: dict[Key, Said] = {}
    for hour, holding in enumerate(looks):
        at = NOON + timedelta(hours=hour)
        fresh = changes(said, holding, at)
        for one in fresh:
            assert one.version == (said[one.key].version if one.key in said else 0) + 1
        said |= {one.key: one for one in fresh}
        heard = {key: (one.value, one.unit, one.provision) for key, one in said.items() if one.active}
        assert heard == {one.key: (one.value, one.unit, one.provision) for one in holding}
        assert all(said[one.key].since == one.since for one in holding if one.since is not None)
        assert changes(said, holding, at + timedelta(minutes=1)) == []
