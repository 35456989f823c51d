"""The returns of several years, imported in any order and as often as one likes, leave one and the same register."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import permutations
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hnb_local.sen2.facts import Placed, Planned, Told, told
from hnb_local.sen2.population import Population, events_of_truth, settings_of_truth
from hnb_local.sen2.settings_known import KnownSettings
from tests.local.returns import KEY, PlainRegister

YEARS = (2022, 2023, 2024, 2025, 2026)
CHILD = f"sen2-{KEY.mark}-n{'a' * 24}"
ISSUED_ON = date(2020, 9, 1)


def census(year: int) -> date:
    return date(year, 1, 15)


@dataclass(frozen=True)
class Stay:
    """A child at a school from a first day to a last, both in force."""

    school: str
    first: date
    last: date | None


@dataclass(frozen=True)
class History:
    """What really happened to one child; `lists_leavers`: whether the council tells of placements that are over."""

    stays: tuple[Stay, ...]
    ceased: date | None
    needs: tuple[str, ...]  # by year
    lists_leavers: bool

    def told(self, year: int) -> Told | None:
        """What the return of a year says: nothing of who had no plan in the year before its census."""
        on, since = census(year), date(year - 1, 1, 1)
        ceased = self.ceased if self.ceased and self.ceased <= on else None
        if ceased and ceased < since:
            return None
        said = Told()
        need = self.needs[YEARS.index(year)] if ceased is None else None
        ending = (str(ceased), 2) if ceased else None
        said.planned.append(Planned(str(ISSUED_ON), ceased is None, None, need, 3, None, ending))
        for stay in self.stays if ceased is None else ():
            left = stay.last if stay.last and stay.last <= on else None
            listed = stay.first <= on and (left is None or (self.lists_leavers and left >= since))
            if listed:
                school, first = stay.school, str(stay.first)
                said.placed.append(Placed(school, f"SET-{school}", "special", first, str(ISSUED_ON), _day(left)))
        return said


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """One school after the other, with gaps, perhaps a second one beside them, perhaps an end of the plan."""
    moves = sorted(draw(st.sets(st.integers(0, 1900), min_size=1, max_size=4)))
    firsts = [ISSUED_ON + timedelta(days=day) for day in moves]
    ceased = draw(st.none() | st.dates(date(2022, 1, 1), date(2026, 6, 1)))
    stays = []
    for number, first in enumerate(firsts):
        following = firsts[number + 1] if number + 1 < len(firsts) else ceased
        gap = draw(st.integers(1, 3))
        stays.append((f"{number}", first, following - timedelta(days=gap) if following else None))
    if draw(st.booleans()):
        stays.append(("beside", draw(st.dates(date(2021, 1, 1), date(2025, 12, 1))), None))
    kept = [
        Stay(school, first, min((day for day in (last, ceased) if day), default=None))
        for school, first, last in stays
        if (ceased is None or first <= ceased) and (last is None or last >= first)
    ]
    needs = draw(st.tuples(*[st.sampled_from(("ASD", "SEMH"))] * len(YEARS)))
    return History(tuple(kept), ceased, needs, draw(st.booleans()))


def imported(history: History, years: Iterable[int]) -> PlainRegister:
    register = PlainRegister()
    for year in years:
        said = history.told(year)
        if said is not None:
            register.import_child(said, CHILD, census(year))
    return register


ASD = ("ASD",) * len(YEARS)
MOVED_UNSEEN = History((Stay("0", ISSUED_ON, date(2023, 7, 21)), Stay("1", date(2023, 9, 4), None)), None, ASD, False)
MOVED_BESIDE_ANOTHER = History(
    (Stay("0", ISSUED_ON, date(2022, 1, 16)), Stay("1", date(2022, 1, 17), None), Stay("2", date(2021, 1, 1), None)),
    None, ASD, False,
)  # fmt: skip
JOINED_BEFORE_MOVING = History(
    (Stay("0", ISSUED_ON, date(2023, 1, 16)), Stay("1", date(2023, 1, 17), None), Stay("2", date(2022, 2, 1), None)),
    None, ASD, False,
)  # fmt: skip
NEED_BACK_AGAIN = History((Stay("0", ISSUED_ON, None),), None, ("SEMH", "ASD", "ASD", "SEMH", "ASD"), False)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(history=histories(), order=st.permutations(YEARS), most=st.integers(1, len(YEARS)))
@example(history=MOVED_UNSEEN, order=[2025, 2022, 2023, 2024, 2026], most=2)
@example(history=MOVED_BESIDE_ANOTHER, order=[2023, 2024, 2022, 2025, 2026], most=3)
@example(history=JOINED_BEFORE_MOVING, order=[2022, 2024, 2023, 2025, 2026], most=3)
@example(history=NEED_BACK_AGAIN, order=[2022, 2025, 2024, 2023, 2026], most=3)
def test_returns_in_any_order_leave_the_same_register(history: History, order: Sequence[int], most: int) -> None:
    order = order[:most]
    in_order = imported(history, sorted(order))
    assert imported(history, order).content() == in_order.content()


@settings(max_examples=80, deadline=None)
@given(history=histories(), order=st.permutations(YEARS), again=st.sampled_from(YEARS))
def test_a_return_imported_again_after_any_others_says_nothing(
    history: History, order: Sequence[int], again: int
) -> None:
    register = imported(history, order)
    said = history.told(again)
    if said is not None:
        assert not register.import_child(said, CHILD, census(again)).events


def test_what_is_imported_is_what_happened_whatever_the_order() -> None:
    population = Population(people=30, seed=1, years=3)
    truth = _facts(events_of_truth(population, 2026, since=2024))
    known = KnownSettings(event["data"] for event in settings_of_truth(population))
    for order in permutations(population.census_years):
        registers: dict[str, PlainRegister] = defaultdict(PlainRegister)  # one a child: the whole is their sum
        for year in order:
            for person in population.persons(year):
                said, faults = told(person, known)
                assert not faults
                child_ref = KEY.child_ref(KEY.identity(person))
                registers[child_ref].import_child(said, child_ref, population.reference_date(year))
        events = [
            {"type": event.type, "data": event.data.model_dump(mode="json", exclude_none=True)}
            for register in registers.values()
            for event in register.standing()
        ]
        assert _facts(events) == truth, order


def _facts(events: Iterable[dict[str, Any]]) -> tuple[Counter[Any], Counter[Any]]:
    """Plans and placements as they are, without their ids."""
    data: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        data.setdefault(event["type"][4:-3], []).append(event["data"])
    ceased = {one["plan_id"]: (one["ceased_on"], one["reason"]) for one in data.get("ehcp-ceased", [])}
    ended = {one["placement_id"]: one["end_date"] for one in data.get("placement-ended", [])}
    plans = Counter((p["issued_on"], p.get("primary_need"), p.get("year_group"), p.get("residential"),
                     ceased.get(p["plan_id"])) for p in data["ehcp-issued"])  # fmt: skip
    placements = Counter((p["setting_id"], p["provision"], p["start_date"], ended.get(p["placement_id"]))
                         for p in data["placement-made"])  # fmt: skip
    return plans, placements
