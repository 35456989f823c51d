"""Every operation of the three HTTP doors, asked as its own OpenAPI document says and as it says not to."""

import random
from collections.abc import Mapping
from typing import Any, LiteralString

import httpx
import psutil
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from psycopg import sql
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from hnb.events import MAX_EVENT_BYTES
from hnb_local.folder import SERVICES
from hnb_local.stack import Stack
from tests.cases import budget, concluded, incurred, issued, lodged, made, paid, registered, yearly
from tests.faults.run import SEED, Figures, times
from tests.journeys.waiting import until

EXAMPLES = times(8, 100)  # of each operation, in either mode
REFUSED = times(300, 20_000)
ENOUGH_GROWTH = 96 * 1024 * 1024  # of a service, once warm: a leak of a kilobyte a request is beyond it
SINGLE = {"content-type": "application/cloudevents+json"}
BATCH = {"content-type": "application/cloudevents-batch+json"}
# What fits the document may still be refused: rules over two fields, days too far away, another page's cursor.
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
# Asked wrongly, these answer all the same: every result of a batch is its event's own.
ONE_BY_ONE = {"POST /events"}
LISTS_OF_ONE = {"GET /alerts"}  # `rule=false` names a rule called false, which is no violation on the wire
NOTHING_TO_GET_WRONG = {
    "GET /forecasts/scenarios", "GET /places", "GET /comparisons/files", "GET /public", "GET /board",
    "GET /benchmarks",
    "GET /health/live", "GET /health/ready", "GET /metrics", "GET /asyncapi", "GET /events/{source}/{id}",
    "POST /conditions/replay", "POST /positions/replay",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def filled(stack: Stack) -> None:
    """A little of everything, so that answers have rows in them."""
    events = [
        budget("special", 10_000), budget("grant", 900_000), registered(), issued("P-1"),
        made("PL-1", yearly(66_500)), paid("PL-1", 1_000), lodged(), incurred("AP-1", 500), concluded("AP-1"),
    ]  # fmt: skip
    answer = httpx.post(f"{stack.urls['placements']}/events", json=events, headers=BATCH, timeout=30)
    assert answer.status_code == 200, answer.text
    until(lambda: httpx.get(f"{stack.urls['alerts']}/alerts", timeout=20).json()["alerts"], patience=90)


def operations(url: str) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    return [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


def ask(operation: Any, mode: GenerationMode) -> int:
    """Asks an operation with data of its document, or with data against it; how often."""
    checks = list(CHECKS)
    if mode is GenerationMode.NEGATIVE and operation.label not in ONE_BY_ONE | LISTS_OF_ONE:
        checks.append(negative_data_rejection)
    asked = 0

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def once(case: Case[Any]) -> None:
        nonlocal asked
        asked += 1
        response = case.call(timeout=30)
        case.validate_response(response, checks=checks)
        assert response.headers["x-correlation-id"]

    once()
    return asked


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_answers_as_its_document_says(stack: Stack, service: str, figures: Figures) -> None:
    asked = 0
    listed = operations(stack.urls[service])
    assert len(listed) > 10
    for operation in listed:
        asked += ask(operation, GenerationMode.POSITIVE)
        try:
            asked += ask(operation, GenerationMode.NEGATIVE)
        except Unsatisfiable:
            assert operation.label in NOTHING_TO_GET_WRONG
    figures.add(f"{service}: requests made from its OpenAPI", asked, "no 5xx, no answer it does not describe")


@pytest.mark.parametrize("service", SERVICES)
def test_a_zero_byte_in_an_address_is_refused(stack: Stack, service: str) -> None:
    for path in ("/%00", "/events/%2Fcase/%00", "/alerts/a%00b", "/payments?authority=E06000016&payment_id=%00"):
        answer = httpx.get(stack.urls[service] + path, timeout=20)
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_moment_is_never_taken_for_a_number(stack: Stack) -> None:
    ledger, alerts = stack.urls["ledger"], stack.urls["alerts"]
    for url in (
        f"{ledger}/positions?authority=E06000016&known_at=20250930",
        f"{ledger}/positions/changes?authority=E06000016&from=1&to=2",
        f"{ledger}/exceptions?authority=E06000016&on=20250930",
        f"{alerts}/deliveries?from=20250930",
        *(f"{stack.urls[service]}/dead-letters?since=20250930" for service in SERVICES),
    ):
        assert httpx.get(url, timeout=20).status_code == 422, url
    fine = f"{ledger}/positions?authority=E06000016&known_at=2125-09-30T17:00:00Z"
    assert httpx.get(fine, timeout=20).status_code == 200


def test_what_is_refused_leaves_nothing_behind(stack: Stack, rng: random.Random, figures: Figures) -> None:
    """No row in any database, no entry on any stream, and in the end no memory."""
    with httpx.Client(base_url=stack.urls["placements"], timeout=30) as door:
        refuse(door, rng, 100)  # warm
        before, rows = memory(stack), row_counts(stack)
        refuse(door, rng, REFUSED)
    grown = {name: size - before[name] for name, size in memory(stack).items()}
    after = row_counts(stack)
    assert after == rows
    for name, size in grown.items():
        figures.add(f"{name}: memory grown over {REFUSED:,} refusals, MiB", round(size / 2**20, 1), "under 96")
        assert size < ENOUGH_GROWTH


def refuse(door: httpx.Client, rng: random.Random, count: int) -> None:
    """Requests of every kind that is refused, each with something new in it."""
    for number in range(count):
        salt = rng.randbytes(8).hex()
        body, headers, status = rng.choice(
            [
                (b"{" + rng.randbytes(200), SINGLE, 400),
                (b"[" * rng.randrange(1, 20_000), SINGLE, 400),
                (f'{{"type": "{salt}"}}'.encode(), SINGLE, 422),
                (f'{{"type": "hnb.placement-made.v1", "{salt}": 1}}'.encode(), SINGLE, 422),
                (b'"' + b"x" * (MAX_EVENT_BYTES + 1) + b'"', SINGLE, 413),
                (b"{}", {"content-type": f"text/{salt}"}, 415),
                (f'[{{"id": "{salt}"}}]'.encode(), BATCH, 207),
            ]
        )
        answer = door.post("/events", content=body, headers={**headers, "x-correlation-id": salt})
        assert answer.status_code in (status, 200 if status == 207 else status), (number, answer.text)
        if status == 207:
            assert answer.json()[0]["status"] == "refused"


# Apart from what services say of their own accord, now and then.
FROM_THE_DOOR: Mapping[str, LiteralString] = {
    "inbox": "NOT starts_with(source, '/hnb/')",
    "outbox": "stream NOT IN ('position', 'condition', 'alert')",
    "dead_letters": "true",
    "withdrawals": "true",
}


def memory(stack: Stack) -> Mapping[str, int]:
    return {name: psutil.Process(stack.processes[name]).memory_info().rss for name in SERVICES}


def row_counts(stack: Stack) -> dict[str, int]:
    """Of each table that what is asked at the door could reach, in every database."""
    counts = {}
    for service, url in stack.database_urls.items():
        with psycopg.connect(url) as connection:
            for table, which in FROM_THE_DOOR.items():
                query = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), sql.SQL(which))
                found = connection.execute(query).fetchone()
                assert found is not None
                counts[f"{service}.{table}"] = found[0]
    return counts
