"""What does not fit together in the register, and the conditions said of it."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from hnb.conditions.looking import Conditions
from hnb.conditions.rules import morning
from hnb.service import Service
from placements.conditions import FOUND
from tests.cases import LEICESTER, Json, ceased, ended, issued, made, registered, withdrawn
from tests.journeys.waiting import until
from tests.placements.conftest import Metric
from tests.placements.test_door import post, said
from tests.placements.test_register import TODAY

ON = "2026-01-31"


def mismatches(door: TestClient, kind: str, on: str = ON) -> list[Json]:
    answer = door.get("/mismatches", params={"authority": LEICESTER, "kind": kind, "on": on})
    assert answer.status_code == 200, answer.text
    found: list[Json] = answer.json()["mismatches"]
    return found


def test_a_plan_without_a_placement_and_a_placement_without_a_plan_are_told_apart(door: TestClient) -> None:
    post(door, [issued("P-1", "a"), issued("P-2", "b"), made("PL-2", child="b"), made("PL-3", child="c")])
    assert [row["plan_id"] for row in mismatches(door, "plan-without-placement")] == ["P-1"]
    (row,) = mismatches(door, "placement-without-plan")
    assert (row["placement_id"], row["provision"], row["since"], row["until"]) == (
        "PL-3",
        "special",
        "2025-04-01",
        None,
    )
    assert [r["placement_id"] for r in mismatches(door, "placement-without-plan", on="2025-04-30")] == ["PL-2", "PL-3"]


def test_a_placement_live_after_its_plan_ceased_is_one_from_the_day_after(door: TestClient) -> None:
    post(door, [issued("P-1", "a"), made("PL-1", child="a"), ceased("P-1", "2026-01-30"),
                issued("P-2", "b"), made("PL-2", child="b"), ceased("P-2", "2026-01-01"),
                issued("P-3", "b", "2026-01-15")])  # fmt: skip
    kind = "placement-after-plan-ceased"
    (row,) = mismatches(door, kind)
    assert (row["placement_id"], row["plan_id"], row["since"]) == ("PL-1", "P-1", "2026-01-31")
    assert not mismatches(door, kind, on="2026-01-30") or mismatches(door, kind, on="2026-01-30")[0]["plan_id"] != "P-1"
    assert [r["placement_id"] for r in mismatches(door, kind, on="2026-01-10")] == ["PL-2"]
    assert not mismatches(door, "placement-without-plan"), "there was a plan once"
    post(door, ended("PL-1", "2026-01-30"))
    assert not mismatches(door, kind)


def test_overlapping_placements_name_each_other_and_the_days_they_share(door: TestClient) -> None:
    post(door, [made("PL-1", end="2026-02-13"), made("PL-2", start="2026-01-05"), made("PL-3", child="another"),
                made("PL-4", start="2026-02-14", end="2026-02-14")])  # fmt: skip
    rows = [(r["placement_id"], r["other_placement_id"], r["since"], r["until"]) for r in mismatches(door, "overlap")]
    assert rows == [("PL-1", "PL-2", "2026-01-05", "2026-02-13"), ("PL-2", "PL-4", "2026-02-14", "2026-02-14")]
    assert len(mismatches(door, "overlap", on="2026-02-14")) == 1, "what is over is no mismatch of that day"
    assert not mismatches(door, "overlap", on="2026-02-15")


def test_every_kind_is_counted_and_listed_page_by_page(door: TestClient, metric: Metric) -> None:
    post(door, [issued(f"P-{i}", f"waits-{i}") for i in range(3)])
    post(door, [made("PL-1", child="a"), made("PL-2", child="a")])
    found, after = [], ""
    while after is not None:
        page = door.get("/mismatches", params={"limit": 2, "after": after}).json()
        found += [(row["kind"], row["plan_id"] or row["placement_id"]) for row in page["mismatches"]]
        after = page["next"]
    assert found == [
        *(("plan-without-placement", f"P-{i}") for i in range(3)),
        *(("placement-without-plan", f"PL-{i}") for i in (1, 2)), ("overlap", "PL-1"),
    ]  # fmt: skip
    labels = [
        {"authority": LEICESTER, "kind": k} for k in ("plan-without-placement", "placement-without-plan", "overlap")
    ]
    assert [metric("hnb_register_mismatches", label) for label in labels] == [3, 2, 1]


@pytest.mark.parametrize("asked", [{"kind": "odd"}, {"on": "today"}, {"after": "overlap-ish E06000016 x"},
                                   {"kind": "overlap", "after": "plan-without-placement E06000016 P-1"}])  # fmt: skip
def test_a_kind_or_a_page_there_is_not_is_refused_by_field(door: TestClient, asked: dict[str, str]) -> None:
    answer = door.get("/mismatches", params=asked)
    assert answer.status_code == 422
    assert next(reversed(asked)) in answer.json()["detail"]


def test_no_report_tells_a_childs_pseudonym(door: TestClient) -> None:
    child = "3c0ffee5ec2e7"
    post(door, [issued("P-1", child), made("PL-1", child=child, start="2030-09-01"), made("PL-2", child=child),
                ceased("P-1", "2025-06-01"), issued("P-2", child, "2025-07-01"),
                registered(in_area=False)])  # fmt: skip
    for route in (
        "/settings",
        "/waiting?only=all",
        "/waiting/summary",
        "/out-of-area",
        "/mismatches",
        "/early-support",
    ):
        for form in ("json", "csv"):
            joined = "&" if "?" in route else "?"
            answer = door.get(f"{route}{joined}authority={LEICESTER}&format={form}")
            assert answer.status_code == 200, route
            assert child not in answer.text, route


Told = list[tuple[str, str, bool, int | None]]  # condition, scope, whether it holds, its value
Look = Callable[[Told], list[Json]]


@pytest.fixture
def look(service: Service, broker_url: str) -> Look:
    """`look([...])`: look until so much was said, in order of condition and scope; and that it is not said again."""

    def conditions() -> list[Json]:
        # The service's own loop may be looking: then not we.
        Conditions("placements", service.engine, "inbox", FOUND, lambda: morning(TODAY)).look()
        service.relay.send()
        events = said(broker_url, "condition")
        return sorted(events, key=lambda one: (one["data"]["condition"], one["data"]["scope"], one["id"]))

    def told() -> Told:
        rows = [one["data"] for one in conditions()]
        return [(row["condition"], row["scope"], row["active"], row.get("value")) for row in rows]

    def looked(expected: Told) -> list[Json]:
        until(lambda: told() == expected, patience=10)
        for _ in range(3):
            assert told() == expected, "nothing changed: nothing is said"
        return conditions()

    return looked


def test_an_overlap_is_said_once_and_ends_when_it_is_withdrawn(door: TestClient, look: Look) -> None:
    second, both = made("PL-2", start="2025-11-03"), ("overlap", "placement/PL-1 placement/PL-2")
    post(door, [made("PL-1"), second])
    (begun,) = look([(*both, True, None)])
    assert begun["data"]["since"] == "2025-11-03T00:00:00Z"
    post(door, withdrawn(second))
    until(lambda: not mismatches(door, "overlap", on=str(TODAY)))
    look([(*both, True, None), (*both, False, None)])
    post(door, made("PL-2", start="2025-12-01", time="2026-02-01T09:00:00Z"))
    events = look([(*both, True, None), (*both, False, None), (*both, True, None)])
    assert len({one["id"] for one in events}) == 3


def test_a_plan_ceased_under_a_live_placement_is_said(door: TestClient, look: Look) -> None:
    post(door, [issued("P-1", "a"), made("PL-1", child="a"), ceased("P-1", "2026-01-30")])
    (one,) = look([("placement-after-plan-ceased", "placement/PL-1", True, None)])
    assert one["data"]["since"] == "2026-01-31T00:00:00Z"


def test_an_occupancy_is_said_as_it_moves_and_in_the_area_alone(door: TestClient, look: Look) -> None:
    high, low, empty = (("occupancy-high", "setting/FULL"), ("occupancy-low", "setting/FULL"),
                        ("occupancy-low", "setting/EMPTY"))  # fmt: skip
    post(door, [registered("FULL", 2), registered("EMPTY", 5), registered("RIGHT", 5),
                registered("AWAY", 5, in_area=False), *(made(f"F-{i}", child=f"f{i}", setting="FULL") for i in (1, 2)),
                *(made(f"R-{i}", child=f"r{i}", setting="RIGHT") for i in range(4))])  # fmt: skip
    look([(*high, True, 100), (*empty, True, 0)])
    post(door, [made("E-1", child="e1", setting="EMPTY"), ended("F-1", "2025-12-31")])
    look([(*high, True, 100), (*high, False, None), (*empty, True, 0), (*empty, True, 20), (*low, True, 50)])


def test_conditions_travel_as_events_that_name_no_child(door: TestClient, look: Look) -> None:
    post(door, [made("PL-1", child="5ec2e7"), made("PL-2", child="5ec2e7")])
    (event,) = look([("overlap", "placement/PL-1 placement/PL-2", True, None)])
    assert "5ec2e7" not in str(event)
    assert (event["type"], event["authority"]) == ("hnb.condition-changed.v1", LEICESTER)
