"""The tariff over a real database: versions, and placements kept at its prices whatever order the news arrives in."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text

from hnb.database import reading
from hnb.events import CASE_EVENTS, Cost, Event, PlacementRepriced, read_event, read_json
from hnb.intake import Intake
from hnb.service import Service
from hnb.telemetry import Telemetry
from hnb.withdrawals import Withdrawal
from hnb.withdrawals import withdrawn as taken_back
from ledger.domain.commitments import fold
from ledger.domain.schedules import Context, schedule
from placements import handlers, pricing
from placements.domain.facts import about
from placements.domain.tariff import SOURCE, PriceKey
from tests.cases import LEICESTER, Json, ended, made, read, repriced, withdrawn, yearly
from tests.journeys.waiting import until
from tests.placements.conftest import Metric
from tests.placements.test_door import post

BIRMINGHAM = "E08000025"
HORIZON = date(2030, 3, 31)
Prices = dict[PriceKey, Cost]


class Register:
    """A register whose loops run when the test says so."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.intake = Intake(
            engine, Telemetry("placements"), about, handlers.accept, lambda: None, CASE_EVENTS, strict=True
        )

    def take(self, *events: Json) -> None:
        self.intake.take(read(*events))

    def adopt(self, prices: Prices, authority: str = LEICESTER, whole: bool = False) -> pricing.Adopted:
        return pricing.adopt(self.engine, authority, prices, author="A. Finance", whole=whole)

    def settle(self) -> None:
        while (
            handlers.apply_withdrawals(self.engine)
            or pricing.price(self.engine)
            or self.rows("SELECT 1 FROM to_price UNION ALL SELECT 1 FROM tariff_sweeps")
            or self.rows("SELECT 1 FROM withdrawals w JOIN inbox i ON (i.source, i.id) = (w.target_source, w.target_id)"
                         " WHERE NOT w.applied AND i.authority = w.authority")
        ):  # fmt: skip
            pass

    def rows(self, sql: str) -> list[Any]:
        with reading(self.engine) as connection:
            return list(connection.execute(text(sql)).all())

    def standing(self, authority: str = LEICESTER) -> list[tuple[str, str, Json]]:
        """The tariff's prices that stand, read off the events themselves: placement, day and cost."""
        said = self.events(authority)
        gone = taken_back(
            Withdrawal((e.source, e.id), e.time, (e.data.withdrawn_source, e.data.withdrawn_id))  # type: ignore[attr-defined]
            for e in said if e.type == "hnb.event-withdrawn.v1"
        )  # fmt: skip
        return sorted(
            (e.data.placement_id, str(e.data.effective_on), e.data.cost.model_dump(exclude_none=True))
            for e in said
            if e.source == SOURCE and isinstance(e.data, PlacementRepriced) and (e.source, e.id) not in gone
            and e.data.cost
        )  # fmt: skip

    def events(self, authority: str) -> list[Event]:
        bodies = self.rows(f"SELECT body FROM inbox WHERE authority = '{authority}'")
        return [read_event(read_json(row.body), known=CASE_EVENTS) for row in bodies]


@pytest.fixture
def register(service: Service) -> Iterator[Register]:
    yield Register(service.engine)
    service.engine.dispose()


def price(pounds: int, year: int = 2025, provision: str = "special", setting: str = "", band: str = "") -> Prices:
    return {PriceKey(year, provision, setting, band): Cost(amount_pence=pounds * 100, per="year")}


def test_a_placement_without_a_cost_gets_the_tariffs_whichever_comes_first(register: Register) -> None:
    register.take(made("PL-1", None, "2025-10-06"))
    register.settle()
    assert register.standing() == []
    register.adopt(price(33_500) | price(34_500, 2026))
    register.take(made("PL-2", None, "2025-11-03", child="b"), made("PL-3", yearly(50_000), child="c"))
    register.settle()
    assert register.standing() == [
        ("PL-1", "2025-10-06", yearly(33_500)), ("PL-1", "2026-09-01", yearly(34_500)),
        ("PL-2", "2025-11-03", yearly(33_500)), ("PL-2", "2026-09-01", yearly(34_500)),
    ]  # fmt: skip


def test_prices_go_the_same_road_as_every_event(register: Register) -> None:
    register.adopt(price(33_500))
    register.take(made("PL-1", None, "2025-10-06"))
    register.settle()
    ((stream, body),) = register.rows("SELECT stream, body FROM outbox WHERE body LIKE '%placement-repriced%'")
    event = read_event(read_json(body), known=CASE_EVENTS)
    assert (stream, event.source, event.type) == ("placement", SOURCE, "hnb.placement-repriced.v1")
    assert body == register.rows(f"SELECT body FROM inbox WHERE source = '{SOURCE}'")[0].body
    assert not pricing.price(register.engine)
    assert len(register.rows("SELECT 1 FROM outbox WHERE body LIKE '%placement-repriced%'")) == 1


def test_nobody_else_may_speak_as_the_tariff(door: TestClient) -> None:
    (result,) = post(door, [repriced("PL-1", "2025-09-01", yearly(1), source=SOURCE)]).json()
    assert (result["status"], result["errors"][0]["field"]) == ("refused", "source")


def test_a_new_version_reprices_what_it_governs_from_its_date_and_says_nothing_twice(register: Register) -> None:
    register.adopt(price(33_500) | price(34_000, 2026))
    register.take(made("PL-1", None, "2025-10-06"), made("PL-2", None, provision="mainstream", child="b"))
    register.settle()
    assert not register.adopt(price(33_500)).is_new
    assert register.adopt(price(35_000, 2026)).version == 2
    register.settle()
    assert register.standing() == [("PL-1", "2025-10-06", yearly(33_500)), ("PL-1", "2026-09-01", yearly(35_000))]
    said = [e for e in register.events(LEICESTER) if e.source == SOURCE]
    assert sorted(e.type for e in said) == ["hnb.event-withdrawn.v1", *["hnb.placement-repriced.v1"] * 3]


def test_what_the_case_system_says_of_a_day_outranks_the_tariff(register: Register) -> None:
    register.adopt(price(33_500) | price(34_500, 2026))
    explicit = repriced("PL-1", "2026-09-01", yearly(40_000), time="1990-01-02T00:00:00Z")
    placement = made("PL-1", None, "2025-10-06")
    register.take(placement, explicit)
    # Even before the tariff has looked: of two prices for the day the case system's is the later by time.
    tariffs = {"time": "1990-01-01T00:00:01Z", "source": SOURCE}
    ours = read_event(repriced("PL-1", "2026-09-01", yearly(34_500), **tariffs), known=CASE_EVENTS)
    both = [*read(placement, explicit), ours]
    (agreed,) = fold(both).agreed
    assert agreed.segments(HORIZON)[-1].cost == Cost(amount_pence=4_000_000, per="year")
    register.settle()
    assert register.standing() == [("PL-1", "2025-10-06", yearly(33_500))]
    register.take(withdrawn(explicit))
    register.settle()
    assert [day for _, day, _ in register.standing()] == ["2025-10-06", "2026-09-01"]
    register.take(made("PL-1", yearly(20_000), "2025-10-06", time="2026-01-01T00:00:00Z"))
    register.settle()
    assert register.standing() == []


def test_ends_and_replacements_move_the_prices_with_them(register: Register) -> None:
    register.adopt(price(33_500) | price(34_500, 2026) | price(9_200, provision="mainstream"))
    register.take(made("PL-1", None, "2025-10-06"), ended("PL-1", "2026-08-31"))
    register.settle()
    assert [day for _, day, _ in register.standing()] == ["2025-10-06"]
    register.take(ended("PL-1", "2027-07-20", time="2026-01-01T00:00:00Z"))
    register.take(made("PL-1", None, "2025-09-15", provision="special", time="2026-01-01T00:00:00Z"))
    register.settle()
    assert [day for _, day, _ in register.standing()] == ["2025-09-15", "2026-09-01"]
    register.take(made("PL-1", None, "2025-09-15", provision="mainstream", time="2026-02-01T00:00:00Z"))
    register.settle()
    assert register.standing() == [("PL-1", "2025-09-15", yearly(9_200))]


def test_authorities_tariffs_are_their_own(register: Register) -> None:
    register.adopt(price(33_500))
    register.adopt(price(30_000), BIRMINGHAM)
    register.take(made("PL-1", None), made("PL-1", None, authority=BIRMINGHAM))
    register.settle()
    assert register.standing() == [("PL-1", "2025-09-01", yearly(33_500))]
    assert register.standing(BIRMINGHAM) == [("PL-1", "2025-09-01", yearly(30_000))]


def test_a_version_that_is_kept_is_never_changed(register: Register) -> None:
    register.adopt(price(33_500))
    for statement in ("UPDATE tariff_prices SET amount_pence = 1", "DELETE FROM tariff_versions"):
        with pytest.raises(Exception, match="append-only"), register.engine.begin() as connection:
            connection.execute(text(statement))


# -- any order -------------------------------------------------------------------------------------------------------


def world(seed: int, authority: str) -> tuple[list[Json], list[Prices]]:
    """Up to a dozen events about two placements, some withdrawn, and the versions of a tariff in their order."""
    rng = random.Random(seed)
    envelope = {"authority": authority, "source": f"/case/{authority}"}

    def day() -> str:
        return f"{rng.randint(2024, 2027)}-{rng.choice(('01-07', '04-01', '09-01', '09-02', '11-30'))}"

    def fact() -> Json:
        placement = rng.choice(("PL-1", "PL-2"))
        common: Json = {**envelope, "time": f"2025-{rng.randint(1, 12):02d}-01T09:00:00Z"}
        match rng.randint(0, 5):
            case 0 | 1 | 2:
                cost = None if rng.random() < 0.7 else yearly(rng.randint(1, 9))
                start = day()
                end = None if rng.random() < 0.6 else max(start, day())
                return made(placement, cost, start, end, rng.choice(("special", "mainstream")), placement, **common)
            case 3:
                return repriced(placement, day(), None if rng.random() < 0.3 else yearly(rng.randint(1, 9)), **common)
            case _:
                return ended(placement, day(), **common)

    events = [fact() for _ in range(rng.randint(2, 10))]
    undone = [withdrawn(event, **envelope) for event in rng.sample(events, k=rng.randint(0, 3) % len(events))]
    again = [withdrawn(one, **envelope | {"time": "2026-05-01T09:00:00Z"}) for one in undone[:1]]
    versions = [
        {
            key: cost for _ in range(rng.randint(1, 6))
            for key, cost in price(rng.randint(10, 14) * 100, rng.randint(2024, 2027),
                                   rng.choice(("special", "mainstream")), rng.choice(("", "SET-1"))).items()
        } for _ in range(rng.randint(1, 3))
    ]  # fmt: skip
    return [*events, *undone, *again], versions


_authorities = iter(range(10**6))


@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_of_arrival_ends_in_the_same_prices_and_the_same_pence(
    register: Register, seed: int, rng: random.Random
) -> None:
    found = []
    for shuffled in (False, True, True):
        authority = f"E06{next(_authorities):06d}"
        events, versions = world(seed, authority)
        steps: list[Any] = [[event] for event in events] if shuffled else [events]
        if shuffled:
            steps += [[rng.choice(events)] for _ in range(3)]  # heard twice
            rng.shuffle(steps)
        places = sorted(rng.randint(0, len(steps)) for _ in versions)
        for place, version in reversed(list(zip(places, versions, strict=True))):
            steps.insert(place, version)  # versions keep their order among themselves
        for step in steps:
            if isinstance(step, list):
                register.take(*step)
            else:
                register.adopt(step, authority)
            if shuffled and rng.random() < 0.5:
                rng.choice((pricing.price, handlers.apply_withdrawals))(register.engine)
        register.settle()
        found.append((register.standing(authority), _pence(register.events(authority))))
    assert found[0] == found[1] == found[2]


def _pence(events: list[Event]) -> list[object]:
    """What the ledger's own rules make of each placement: its cost by year and line."""
    gone = taken_back(
        Withdrawal((e.source, e.id), e.time, (e.data.withdrawn_source, e.data.withdrawn_id))  # type: ignore[attr-defined]
        for e in events if e.type == "hnb.event-withdrawn.v1"
    )  # fmt: skip
    costs: list[object] = []
    for placement in ("PL-1", "PL-2"):
        about_it = [
            e for e in events if getattr(e.data, "placement_id", "") == placement and (e.source, e.id) not in gone
        ]
        costs.append(schedule(fold(about_it), Context(HORIZON, _Mean(), {})))
    return costs


class _Mean(dict[Any, int]):
    """The same mean on every line and day."""

    def __missing__(self, _: object) -> int:
        return 1_000_000


def test_replicas_that_hear_and_price_at_once_agree_with_one_alone(register: Register) -> None:
    rng = random.Random(5)
    versions = [price(30_000 + n, 2025) | price(40_000 + n, 2026) for n in range(6)]

    def facts(authority: str) -> list[Json]:
        common: Json = {"authority": authority, "source": f"/case/{authority}"}
        events = [made(f"PL-{n}", None, f"2025-{1 + n % 12:02d}-10", child=f"c{n}", **common) for n in range(60)]
        events += [repriced(f"PL-{n}", "2026-09-01", yearly(n), **common) for n in range(0, 60, 3)]
        events += [ended(f"PL-{n}", "2026-07-31", **common) for n in range(0, 60, 4)]
        return events + [withdrawn(events[n], **common) for n in range(0, len(events), 7)]

    alone, together = "E09000001", "E09000002"
    for version in versions:
        register.adopt(version, alone)
    register.take(*facts(alone))
    register.settle()
    events = facts(together)
    rng.shuffle(events)

    def replica(number: int) -> None:
        for start in range(0, len(events), 10):
            register.take(*events[start : start + 10])
            pricing.price(register.engine)
            if number == 0 and versions:
                register.adopt(versions.pop(0), together)
            handlers.apply_withdrawals(register.engine)

    with ThreadPoolExecutor(3) as replicas:
        for done in [replicas.submit(replica, number) for number in range(3)]:
            done.result()
    while versions:
        register.adopt(versions.pop(0), together)
    register.settle()
    assert register.standing(together) == register.standing(alone)
    assert len(register.standing(together)) > 60


# -- over HTTP -------------------------------------------------------------------------------------------------------


def row(pounds: int = 33_500, year: int = 2025, **given: Any) -> Json:
    return {"academic_year": year, "provision": "special", "amount_pence": pounds * 100, "per": "year", **given}


def send(door: TestClient, prices: object, **query: Any) -> Any:
    return door.post("/tariff", params={"authority": LEICESTER, "author": "A. Finance", **query}, json=prices)


def test_versions_are_numbered_dated_and_stay_readable(door: TestClient) -> None:
    assert door.get("/tariff", params={"authority": LEICESTER}).status_code == 404
    first = send(door, [row(), row(9_200, provision="mainstream", band="B3", setting_id="SET-1", per="week", weeks=40)])
    assert (first.status_code, first.json()["version"]) == (201, 1)
    assert first.json()["prices"] == {"new": 2, "changed": 0, "gone": 0, "unchanged": 0}
    again = send(door, [row()], whole=False)
    assert (again.status_code, again.json()["version"], again.json()["is_new"]) == (201, 2, True)  # the year is whole
    assert send(door, [row()]).status_code == 200
    versions = door.get("/tariff/versions", params={"authority": LEICESTER}).json()["versions"]
    assert [(one["version"], one["author"], one["price_count"]) for one in versions] == [
        (2, "A. Finance", 1), (1, "A. Finance", 2),
    ]  # fmt: skip
    assert len({one["sha256"] for one in versions}) == 2
    old = door.get("/tariff", params={"authority": LEICESTER, "version": 1}).json()
    assert {
        "academic_year": 2025, "provision": "mainstream", "setting_id": "SET-1", "band": "B3", "amount_pence": 920_000,
        "per": "week", "weeks": 40,
    } in old["prices"]  # fmt: skip
    assert door.get("/tariff", params={"authority": LEICESTER}).json()["version"] == 2
    assert door.get("/tariff", params={"authority": LEICESTER, "version": 9}).status_code == 404


def test_nothing_is_taken_where_a_row_is_wrong_and_every_wrong_row_is_named(door: TestClient) -> None:
    answer = send(door, [
        {**row(), "row": 2}, {**row(), "row": 3, "provision": "speciel"}, {**row(), "row": 4, "per": "once"},
        {**row(), "row": 5, "amount_pence": 1.5}, {**row(), "row": 6, "price": 1}, {**row(), "row": 7, "weeks": 60},
        {**row(), "row": 8, "band": "Band A"},
    ])  # fmt: skip
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [
        "row 3.provision", "row 4.per", "row 5.amount_pence", "row 6.price", "row 7.weeks", "row 8.band",
    ]  # fmt: skip
    assert door.get("/tariff/versions", params={"authority": LEICESTER}).json()["versions"] == []


@pytest.mark.parametrize(
    ("prices", "status", "said"),
    [
        ([], 422, "at least 1"),
        ({"prices": []}, 422, "an array"),
        ([{**row(), "row": 2}, {**row(), "row": 9}], 422, "row 9: prices the same as row 2"),
        ([row(), row(1)], 422, "price 2"),
        ([{**row(), "weeks": 39}], 422, "only where per is week"),
        (["special"], 422, "price 1"),
    ],
)
def test_prices_that_mean_nothing_or_two_things_are_refused(
    door: TestClient, prices: object, status: int, said: str
) -> None:
    answer = send(door, prices)
    assert answer.status_code == status
    assert said in f"{[one['field'] + ': ' + one['message'] for one in answer.json()['errors']]}"


def test_what_is_no_json_or_too_much_or_of_nobody_is_refused(door: TestClient) -> None:
    query = {"authority": LEICESTER, "author": "A. Finance"}
    assert door.post("/tariff", params=query, content=b"[{").status_code == 400
    assert door.post("/tariff", params=query, content=b" " * (16 * 1024 * 1024 + 1)).status_code == 413
    assert door.post("/tariff", params={"author": "x"}, json=[row()]).status_code == 422
    assert door.post("/tariff", params={"authority": LEICESTER}, json=[row()]).status_code == 422


def test_the_running_service_prices_what_comes_and_says_when_it_is_done(door: TestClient, metric: Metric) -> None:
    assert send(door, [row(33_500), row(34_500, 2026)]).status_code == 201
    placement = made("PL-1", None, "2025-10-06")
    post(door, [placement])
    until(lambda: metric("hnb_tariff_unsettled", {}) == 0 and _repriced(door))
    assert door.get("/tariff", params={"authority": LEICESTER}).json()["unsettled"] == 0


def _repriced(door: TestClient) -> bool:
    found = door.get("/register", params={"authority": LEICESTER, "kind": "repricing"})
    return found.status_code == 200 and len(found.json()["facts"]) == 2


def test_a_preview_says_the_very_events_that_then_come_and_takes_nothing_in(door: TestClient, service: Service) -> None:
    send(door, [row(33_500)])
    post(door, [made("PL-1", None, "2025-10-06"), made("PL-2", yearly(1), child="b")])
    until(lambda: len(Register(service.engine).standing()) == 1)
    until(lambda: door.get("/tariff", params={"authority": LEICESTER}).json()["unsettled"] == 0)
    preview = send(door, [row(34_000), row(35_000, 2026)], preview=True).json()
    assert (preview["version"], preview["placements_governed"], preview["placements_affected"]) == (1, 1, 1)
    assert preview["prices"] == {"new": 1, "changed": 1, "gone": 0, "unchanged": 0}
    assert door.get("/tariff", params={"authority": LEICESTER}).json()["version"] == 1
    send(door, [row(34_000), row(35_000, 2026)])
    until(lambda: len(Register(service.engine).standing()) == 2)
    for event in preview["events"]:
        came = door.get(f"/events/%2Fhnb%2Fplacements/{event['id']}")
        assert came.json()["event"] == event
    assert len(preview["events"]) == 3
