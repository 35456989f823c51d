"""Forecast runs: made on demand and by night, kept with all they were made of, and the same again to the penny."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hnb import database
from ledger import metrics
from ledger.api import forecasts
from ledger.app import build
from ledger.conditions.forecast import expected
from ledger.forecast.faults import BadInput
from ledger.outlook.__main__ import Asked
from ledger.outlook.inputs import read_inputs
from ledger.outlook.scenarios import shipped_pack
from ledger.runs import drawing
from ledger.runs.making import inputs_for
from ledger.runs.nightly import Nightly, night_of
from tests.cases import LEICESTER, budget, reserve
from tests.ledger.conftest import Books
from tests.ledger.five_children import looking, small

GRANT, OPENING = 100_000, -20_000
SCENARIOS = """
scenarios:
  - {name: plain, title: Plain, inflation: {percent: 2}, grant: {growth_percent: 1}}
"""
NIGHT = datetime(2026, 1, 6, 3, 0, tzinfo=UTC)


@pytest.fixture
def known(books: Books) -> Books:
    """The books of five children, a grant and a deficit."""
    books.take(*small(), budget("grant", GRANT, 2025), reserve(OPENING, 2025))
    books.settle()
    return books


@pytest.fixture
def client(known: Books) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(forecasts.make_router(known.engine, looking(known), shipped_pack(), lambda: None))
    with TestClient(app) as opened:
        yield opened


def asked(client: TestClient, **more: Any) -> Any:
    answer = client.post("/forecasts", json={"authority": LEICESTER, "simulations": 40, "scenarios": SCENARIOS, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_run_is_kept_with_all_it_was_made_of_and_is_the_same_again(client: TestClient, known: Books) -> None:
    run = asked(client, seed=5, level_pence=-5_000_000)
    assert (run["why"], run["seed"], run["simulations"], run["reference_day"]) == ("asked", 5, 40, "2026-01-06")
    kept = client.get(f"/forecasts/{run['number']}").json()
    assert kept == run
    inputs = read_inputs("kept", client.get(f"/forecasts/{run['number']}/inputs").content)
    assert inputs.digest == run["inputs_sha256"] == run["outlook"]["inputs_sha256"]
    # More is learned meanwhile: the run stays what it was.
    known.take(budget("grant", 999_999, 2025))
    again = client.post(f"/forecasts/{run['number']}/repeat").json()
    assert again["same"] is True
    assert again["model"]["then"] == again["model"]["now"]
    assert asked(client, seed=5)["inputs_sha256"] != run["inputs_sha256"]
    listed = client.get("/forecasts", params={"authority": LEICESTER}).json()["runs"]
    assert [one["number"] for one in listed] == [run["number"] + 1, run["number"]]


def test_the_first_year_is_what_is_known_and_what_is_not_known_yet(client: TestClient, known: Books) -> None:
    year = asked(client)["outlook"]["scenarios"][0]["years"][0]
    assert year["financial_year"] == 2025
    assert year["known_pence"] == known.position(2025).total.cost_pence
    assert year["grant_pence"]["p50"] == GRANT * 100
    assert year["reserve_pence"]["p50"] == (OPENING + GRANT) * 100 - year["outturn_pence"]["p50"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"authority": "Leicester"}, "authority"),
        ({"authority": LEICESTER, "simulations": 5_001}, "simulations"),
        ({"authority": LEICESTER, "simulations": 0}, "simulations"),
        ({"authority": LEICESTER, "seed": -1}, "seed"),
        ({"authority": LEICESTER, "horizon": 3}, "horizon"),
        ({"authority": "E08000025"}, "No plan with a placement is known yet"),
        ({"authority": LEICESTER, "scenarios": "scenarios: ["}, "scenarios, line 1: this is not YAML"),
        ({"authority": LEICESTER, "scenarios": "scenarios: []"}, "scenarios: scenarios: Tuple should have at least 1"),
        ({"authority": LEICESTER, "known_at": "2026-01-05T00:00:00"}, "known_at"),
    ],
)
def test_what_cannot_be_forecast_is_refused_by_name(client: TestClient, body: dict[str, Any], told: str) -> None:
    answer = client.post("/forecasts", json=body)
    assert answer.status_code == 422
    assert told in answer.text


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for path in ("/forecasts/7", "/forecasts/7/inputs"):
        assert client.get(path).status_code == 404
    assert client.post("/forecasts/7/repeat").status_code == 404
    assert client.get("/forecasts", params={"authority": LEICESTER}).json()["runs"] == []


def test_one_forecast_is_made_at_a_time(client: TestClient) -> None:
    with drawing._ONE_AT_A_TIME:
        answer = client.post("/forecasts", json={"authority": LEICESTER})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_inputs_may_be_had_without_a_run_and_the_scenarios_shipped_too(client: TestClient) -> None:
    found = client.get("/forecasts/inputs", params={"authority": LEICESTER})
    assert read_inputs("now", found.content).authority == LEICESTER
    assert client.get("/forecasts/scenarios").content == shipped_pack().written


def nightly(books: Books, wake: Callable[[], None] = lambda: None, now: datetime = NIGHT) -> Nightly:
    """One replica's."""
    return Nightly(books.engine, looking(books), shipped_pack(), lambda: now, wake)


def test_the_night_has_one_run_of_an_authority_however_many_replicas_look(known: Books) -> None:
    woken: list[bool] = []
    replicas = [
        Nightly(known.engine, looking(known), shipped_pack(), lambda: NIGHT, lambda: woken.append(True))
        for _ in range(3)
    ]
    for _ in range(2):
        for replica in replicas:
            assert replica.make() is False
    assert known.value("SELECT count(*) FROM forecast_runs WHERE why = 'nightly'") == 1
    assert woken == [True]
    nightly(known, now=NIGHT.replace(day=7)).make()
    assert known.value("SELECT count(*) FROM forecast_runs") == 2


def test_two_replicas_that_make_the_same_nights_run_keep_one(known: Books) -> None:
    """Both looked before either had kept its own."""
    first, second = (
        Nightly(known.engine, looking(known), shipped_pack(), lambda: NIGHT, lambda: None) for _ in range(2)
    )
    night = night_of(NIGHT, 3)
    first._make(LEICESTER, night)
    second._make(LEICESTER, night)
    assert known.value("SELECT count(*) FROM forecast_runs") == 1


def test_an_authority_without_a_year_of_history_keeps_nobody_elses_run(known: Books) -> None:
    young = [{**one, "authority": "E08000025", "id": f"y-{at}"} for at, one in enumerate(small()[:2])]
    known.take(*young)
    replica = nightly(known)
    while replica.make():
        pass
    assert known.value("SELECT array_agg(authority) FROM forecast_runs") == [LEICESTER]


@pytest.mark.parametrize(("hour", "night"), [(2, "2026-01-05"), (3, "2026-01-06"), (23, "2026-01-06")])
def test_a_night_begins_at_its_hour(hour: int, night: str) -> None:
    assert str(night_of(NIGHT.replace(hour=hour), 3)) == night


def test_a_run_that_was_kept_cannot_be_changed(client: TestClient, known: Books) -> None:
    asked(client)
    for change in ("UPDATE forecast_runs SET seed = 1", "DELETE FROM forecast_runs"):
        with pytest.raises(DBAPIError, match="append-only"), database.transaction(known.engine) as connection:
            connection.execute(text(change))


class _One:
    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        yield from self._found


def test_prometheus_and_the_conditions_have_the_last_runs_first_scenario(client: TestClient, known: Books) -> None:
    usual = {"simulations": 1_000, "scenarios": None}
    asked(client, seed=1, **usual)
    run = asked(client, seed=2, **usual)
    assert run["standing"] is True
    # What somebody only tries is kept, and moves no dashboard and no alert.
    tried = [
        asked(client), asked(client, simulations=999, scenarios=None),
        asked(client, known_at=run["known_at"], **usual),
    ]  # fmt: skip
    assert [one["standing"] for one in tried] == [False] * 3
    years = run["outlook"]["scenarios"][0]["years"]
    registry = CollectorRegistry()
    registry.register(_One(list(metrics.forecast(known.engine))))
    page = generate_latest(registry).decode()
    for year in years:
        for quantile, name in (("0.1", "p10"), ("0.5", "p50"), ("0.9", "p90")):
            labels = f'authority="{LEICESTER}",financial_year="{year["financial_year"]}",quantile="{quantile}"'
            (value,) = re.findall(rf"hnb_forecast_outturn_pounds\{{{labels}\}} (\S+)", page)
            assert float(value) == year["outturn_pence"][name] / 100
    assert f'hnb_forecast_timestamp_seconds{{authority="{LEICESTER}"}}' in page
    with database.reading(known.engine) as connection:
        said = list(expected(connection, LEICESTER, NIGHT))
    assert [(one.condition, one.financial_year, one.value) for one in said] == [
        found
        for year in years
        for found in (
            ("forecast-outturn", year["financial_year"], year["outturn_pence"]["p50"]),
            ("forecast-reserve", year["financial_year"], year["reserve_pence"]["p50"]),
        )
    ]
    assert {figure.name for one in said for figure in one.figures} == {"p10", "p90"}


def test_a_drawing_that_cannot_be_says_why_across_its_process(known: Books) -> None:
    poor = inputs_for(known.engine, looking(known), LEICESTER).model_copy(update={"funding": {}})
    wanted = Asked(inputs=poor, pack=shipped_pack(), simulations=5, seed=1, level_pence=None)
    with pytest.raises(BadInput, match=r"funding\.2025: the grant of 2025-26 is not known"):
        drawing.draw(wanted)


def test_a_wrong_scenarios_file_keeps_the_service_from_starting(
    tmp_path: Path, known: Books, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text("scenarios: [{name: a, title: Alone}]")
    for path, told in ((file, "a is the first: it has to say inflation"), (tmp_path / "none.yaml", "cannot be read")):
        with pytest.raises(SystemExit):
            build(known.ledger.settings.model_copy(update={"scenarios": path}))
        assert f"ledger cannot start: HNB_SCENARIOS: {path}" in (said := capsys.readouterr().err)
        assert told in said
