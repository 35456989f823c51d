"""The register against a naive model: any history in any order and batches, counted event by event for each day."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import combinations, count
from random import Random

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hnb.events import EhcpCeased, EhcpIssued, Event, PlacementEnded, PlacementMade, SettingRegistered
from hnb.service import Service
from placements.handlers import apply_withdrawals
from tests.cases import Json, ceased, ended, issued, made, read, registered, withdrawn
from tests.placements.test_door import post

FIRST, FAR = date(2025, 9, 1), date(9999, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range(8)]
PLACEMENTS, PLANS, ROOMS = [f"PL-{n}" for n in range(4)], ["P-a", "P-b"], ["SET-1", "SET-2"]
_authorities = count(1)

days = st.sampled_from(DAYS)
moments = st.integers(0, 7).map(lambda n: f"2025-09-{1 + n:02d}T09:00:00Z")


@st.composite
def stays(draw: st.DrawFn) -> Json:
    """A placement of some child in some room, for some days or until further notice."""
    start = draw(days)
    end = draw(st.none() | st.integers(0, 4).map(lambda n: str(start + timedelta(days=n))))
    child, room = draw(st.sampled_from("ab")), draw(st.sampled_from(ROOMS))
    return made(draw(st.sampled_from(PLACEMENTS)), None, str(start), end, child=child, setting=room, time=draw(moments))


facts = st.one_of(
    stays(),
    stays(),
    st.builds(lambda p, d, t: ended(p, str(d), time=t), st.sampled_from(PLACEMENTS), days, moments),
    st.builds(lambda p, d, t: issued(p, p[-1], str(d)) | {"time": t}, st.sampled_from(PLANS), days, moments),
    st.builds(lambda p, d, t: ceased(p, str(d), time=t), st.sampled_from(PLANS), days, moments),
    st.builds(
        lambda s, c, d, t: registered(s, c, str(d) if d and c is not None else None, time=t),
        st.sampled_from(ROOMS), st.none() | st.integers(0, 3), st.none() | days, moments,
    ),
)  # fmt: skip


class Naive:
    """What stands of some events on a day: every question looks at all of them again."""

    def __init__(self, events: Sequence[Event], on: date) -> None:
        self.on, said = on, sorted(events, key=lambda event: (event.time, event.id, event.source))
        ends = {e.data.placement_id: e.data.end_date for e in said if isinstance(e.data, PlacementEnded)}
        self.stays = {e.data.placement_id: e.data for e in said if isinstance(e.data, PlacementMade)}
        self.days = {
            id: (s.start_date, ends.get(id, s.end_date or FAR)) for id, s in self.stays.items()
        }  # fmt: skip
        self.plans = {e.data.plan_id: e.data for e in said if isinstance(e.data, EhcpIssued)}
        self.ceased = {e.data.plan_id: e.data.ceased_on for e in said if isinstance(e.data, EhcpCeased)}
        self.steps: dict[str, dict[date, int]] = {}
        for e in said:
            if isinstance(e.data, SettingRegistered):
                steps = self.steps.setdefault(e.data.setting_id, {})
                if e.data.capacity is not None:
                    steps[e.data.capacity_from or e.time.date()] = e.data.capacity

    def rooms(self) -> dict[str, tuple[int | None, int]]:
        """Capacity and children, by room."""
        return {room: (self._capacity(steps), self._filled(room)) for room, steps in self.steps.items()}

    def _capacity(self, steps: dict[date, int]) -> int | None:
        begun = [day for day in steps if day <= self.on]
        return steps[max(begun)] if begun else None

    def _filled(self, room: str) -> int:
        return len({s.child_ref for id, s in self.stays.items() if s.setting_id == room and self._live(id)})

    def _live(self, id: str) -> bool:
        return self.days[id][0] <= self.on <= self.days[id][1]

    def waits(self) -> dict[str, date | None]:
        """Each waiting plan, with the day its child's next placement starts."""
        found: dict[str, date | None] = {}
        for id, plan in self.plans.items():
            own = [key for key, stay in self.stays.items() if stay.child_ref == plan.child_ref]
            if plan.issued_on <= self.on < self.ceased.get(id, FAR) and not any(map(self._live, own)):
                coming = [self.days[key][0] for key in own if self.on < self.days[key][0] <= self.days[key][1]]
                found[id] = min(coming, default=None)
        return found

    def overlaps(self) -> set[tuple[str, str]]:
        """Pairs of placements of one child that share a day which is not over."""
        shared = {}
        for a, b in combinations(sorted(self.stays), 2):
            if self.stays[a].child_ref == self.stays[b].child_ref:
                shared[a, b] = (max(self.days[a][0], self.days[b][0]), min(self.days[a][1], self.days[b][1]))
        return {pair for pair, (first, last) in shared.items() if first <= last and last >= self.on}

    def after_ceasing(self) -> set[str]:
        """Live placements whose child had a plan, and none since a day before this one."""
        found = set()
        for id, stay in self.stays.items():
            plans = [key for key, p in self.plans.items() if p.child_ref == stay.child_ref and p.issued_on <= self.on]
            if self._live(id) and plans and all(self.ceased.get(key, FAR) < self.on for key in plans):
                found.add(id)
        return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(facts, min_size=4, max_size=14), taken_back=st.sets(st.integers(0, 13), max_size=3),
    shuffle=st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_register_is_what_looking_at_every_event_again_finds(
    service: Service, history: list[Json], taken_back: set[int], shuffle: Random
) -> None:
    authority = f"E{next(_authorities):08d}"
    sent = [{**one, "authority": authority, "id": f"e{n}", "source": f"/{authority}"} for n, one in enumerate(history)]
    gone = [sent[n] for n in sorted(taken_back) if n < len(sent)]
    standing = read(*(one for one in sent if one not in gone))
    sent += [withdrawn(one, authority=authority, source=f"/{authority}", id=f"w{n}") for n, one in enumerate(gone)]
    shuffle.shuffle(sent)
    door = TestClient(service.asgi())  # not entered: none of the service's own loops runs
    while sent:
        size = shuffle.randint(1, len(sent))
        assert all(r["status"] == "accepted" for r in post(door, sent[:size]).json())
        sent = sent[size:]
        while apply_withdrawals(service.engine):
            pass
    for on in DAYS:
        _compare(door, {"authority": authority, "on": str(on)}, Naive(standing, on))


def _compare(door: TestClient, asked: Json, naive: Naive) -> None:
    rooms = door.get("/settings", params=asked).json()["settings"]
    assert {r["setting_id"]: (r["capacity"], r["filled"]) for r in rooms} == naive.rooms()
    waits = door.get("/waiting", params=asked | {"only": "all"}).json()["waiting"]
    starts = {key: None if day is None else str(day) for key, day in naive.waits().items()}
    assert {w["plan_id"]: w["place_from"] for w in waits} == starts
    found = door.get("/mismatches", params=asked).json()["mismatches"]
    kinds: dict[str, list[Json]] = {}
    for row in found:
        kinds.setdefault(row["kind"], []).append(row)
    assert {(r["placement_id"], r["other_placement_id"]) for r in kinds.get("overlap", [])} == naive.overlaps()
    assert {r["placement_id"] for r in kinds.get("placement-after-plan-ceased", [])} == naive.after_ceasing()
    assert {r["plan_id"] for r in kinds.get("plan-without-placement", [])} == {
        key for key, day in starts.items() if day is None
    }
