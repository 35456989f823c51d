"""The placements service as it runs, over a real database and broker, spoken to through its own HTTP door."""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from hnb.service import Service
from placements.api import clocks
from placements.app import build
from placements.settings import PlacementsSettings
from tests.conftest import FreshDatabase


@pytest.fixture
def service(database_url: FreshDatabase, broker_url: str) -> Service:
    settings = PlacementsSettings(database_url=database_url("placements"), broker_url=broker_url)
    service = build(settings)
    service.prepare()
    return service


@pytest.fixture
def door(service: Service) -> Iterator[TestClient]:
    with TestClient(service.asgi(), raise_server_exceptions=False) as client:
        yield client


On = Callable[[str], TestClient]


@pytest.fixture
def on(service: Service) -> On:
    """`on("2026-03-01").get("/statutory-clocks")`: the register asked on that day."""

    def asked(today: str) -> TestClient:
        app = FastAPI()
        app.include_router(clocks.make_router(service.engine, lambda: date.fromisoformat(today)))
        return TestClient(app)

    return asked


Metric = Callable[[str, dict[str, str]], float]


@pytest.fixture
def metric(service: Service) -> Metric:
    """`metric("hnb_plans", {"authority": ...})`: a figure as Prometheus would scrape it, 0 where there is none."""

    def read(name: str, labels: dict[str, str]) -> float:
        value: Any = service.telemetry.registry.get_sample_value(name, labels)
        return float(value or 0)

    return read
