"""The shape of the whole: the same rooms in every service, tables as declared, metrics and routes as promised."""

import ast
import importlib
import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import inspect

from hnb import database
from hnb.events import CASE_EVENTS, ENVELOPES, OWN_EVENTS
from hnb.service import Service
from tests.conftest import FreshDatabase

ROOT = Path(__file__).parents[2]
SERVICES = ("placements", "ledger", "alerts")
ROOMS = {"__main__", "settings", "app", "handlers", "domain", "tables", "store", "api", "metrics", "migrations"}
COMMON_ROUTES = {"/health/live", "/health/ready", "/metrics", "/asyncapi"}
ROUTES = {
    "placements": {
        "/events",
        "/events/{source}/{id}",
        "/settings",
        "/waiting",
        "/waiting/summary",
        "/out-of-area",
        "/mismatches",
        "/early-support",
        "/statutory-clocks",
        "/timeliness",
        "/phase-transfers",
        "/tribunal-deadlines",
        "/appeal-windows",
        "/tribunals",
        "/register",
        "/tariff",
        "/tariff/versions",
    },
    "ledger": {
        "/positions",
        "/positions/changes",
        "/positions/preview",
        "/commitments/{commitment_id}",
        "/commitments",
        "/profile",
        "/waiting-events",
        "/exceptions",
        "/payments",
        "/statutory/s251",
        "/statutory/dsg-plan",
    },
    "alerts": {
        "/alerts",
        "/alerts/{alert_id}",
        "/alerts/{alert_id}/acknowledge",
        "/inbox",
        "/deliveries",
    },
}
METRICS = {
    "placements": {"hnb_plans", "hnb_plans_waiting", "hnb_places", "hnb_appeals_open", "hnb_statutory_weeks",
                   "hnb_statutory_clocks", "hnb_plans_issued", "hnb_phase_transfers", "hnb_tribunal_deadlines",
                   "hnb_tribunal_lodged", "hnb_tribunal_concluded", "hnb_tribunal_cost_pounds",
                   "hnb_tribunal_mediations", "hnb_placements_out_of_area", "hnb_register_mismatches",
                   "hnb_tariff_unsettled", "hnb_door_refusals"},
    "ledger": {
        "hnb_budget_pounds", "hnb_committed_pounds", "hnb_spent_pounds", "hnb_headroom_pounds",
        "hnb_contingent_pounds", "hnb_provisional_pounds", "hnb_grant_pounds", "hnb_reserve_closing_pounds",
        "hnb_position_timestamp_seconds", "hnb_events_waiting", "hnb_events_waiting_oldest_seconds", "hnb_exceptions",
    },
    "alerts": {"hnb_alerts_open", "hnb_alert_delivery_seconds"},
}  # fmt: skip
COMMON_METRICS = {
    "hnb_events", "hnb_event_latency_seconds", "hnb_outbox_pending", "hnb_outbox_oldest_seconds", "hnb_stream_lag",
    "hnb_stream_pending", "hnb_dead_letters", "hnb_http_requests", "hnb_http_request_seconds",
    "hnb_database_connections_in_use", "hnb_database_bytes",
}  # fmt: skip


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest, database_url: FreshDatabase, broker_url: str) -> Service:
    name = request.param
    module = importlib.import_module(f"{name}.settings")
    settings = getattr(module, f"{name.capitalize()}Settings")
    built: Service = importlib.import_module(f"{name}.app").build(
        settings(database_url=database_url(name), broker_url=broker_url)
    )
    built.prepare()
    return built


def test_every_service_has_the_same_rooms() -> None:
    for name in SERVICES:
        there = {path.stem for path in (ROOT / "services" / name / "src" / name).iterdir()}
        assert there >= ROOMS, name


def test_every_module_says_in_a_sentence_what_it_is() -> None:
    for path in [*ROOT.glob("shared/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("deploy/**/*.py")]:
        said = ast.get_docstring(ast.parse(path.read_text()))
        assert said, path
        assert re.search(r"[.:]$", said.split("\n\n")[0].strip()), path


def test_the_tables_are_what_the_migrations_make(service: Service) -> None:
    metadata = importlib.import_module(f"{service.name}.tables").metadata
    there = inspect(service.engine)
    for table in metadata.sorted_tables:
        columns = {column["name"]: column for column in there.get_columns(table.name)}
        assert set(columns) == {column.name for column in table.columns}, table.name
        for column in table.columns:
            found = columns[column.name]
            kinds = [kind.compile(dialect=service.engine.dialect) for kind in (found["type"], column.type)]
            assert kinds[0] == kinds[1], f"{table.name}.{column.name}"
            assert found["nullable"] == column.nullable, f"{table.name}.{column.name}"
    database.migrate(service.engine, service.name)  # a second start finds nothing to do


def test_every_promised_route_is_there(service: Service) -> None:
    app: FastAPI = service.asgi()
    assert set(app.openapi()["paths"]) >= ROUTES[service.name] | COMMON_ROUTES
    assert "/docs" in {getattr(route, "path", "") for route in app.routes}
    for path, methods in app.openapi()["paths"].items():
        for method, described in methods.items():
            assert described.get("summary"), f"{method} {path}"


def test_every_promised_metric_is_there_and_names_no_child(service: Service) -> None:
    families = {family.name: family for family in service.telemetry.registry.collect()}
    assert set(families) >= METRICS[service.name] | COMMON_METRICS
    for family in families.values():
        assert family.documentation, family.name
        assert not {"child_ref", "plan_id", "placement_id"} & {key for s in family.samples for key in s.labels}


def test_what_is_heard_and_said_is_described(service: Service) -> None:
    document = service.asyncapi()
    described = {channel["address"] for channel in document["channels"].values()}
    assert described == {*service.heard, *service.said}


def test_every_event_type_is_described_to_strangers() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    for kind, (stream, data) in CASE_EVENTS.items():
        row = next(line for line in text.splitlines() if f"| `{kind[4:-3]}` |" in line)
        assert row.split("|")[2].strip() == stream
        for field in data.model_fields:
            assert re.search(rf"\b{field}\b", row), f"{kind}.{field}"
    assert set(ENVELOPES) == set(CASE_EVENTS) | set(OWN_EVENTS)


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"
