"""Every example of docs/emitting-events.md, run against a real door and broker, or read as far as there is a way to."""

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import redis
from fastapi.testclient import TestClient
from sqlalchemy import text

from hnb.database import reading
from hnb.events import CASE_EVENTS, read_event, read_json
from hnb.service import Service
from placements.app import build
from placements.settings import PlacementsSettings
from tests.cases import issued
from tests.conftest import FreshDatabase
from tests.journeys.waiting import until
from tests.placements.test_limits import served
from tests.placements.test_tokens import make

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "emitting-events.md").read_text()
RUN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code, the section it stands in, and what runs it."""

    section: str
    language: str
    code: str

    @property
    def tool(self) -> str:
        return {"python": "python", "js": "node", "csharp": "dotnet"}.get(self.language) or self.code.split()[0]

    @property
    def ids(self) -> set[str]:
        """The ids of the events in it, written out."""
        return set(re.findall(r"""["']?\bid["']?: ["'](\w+-[\w-]+-v\d)["']""", self.code))


def examples() -> list[Example]:
    found, section = [], ""
    for match in re.finditer(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL):
        section = match[1] or section
        if match[2]:
            found.append(Example(section, match[2], match[3]))
    return found


EXAMPLES = examples()
NAMED = [pytest.param(one, id=f"{one.section}, {one.language}") for one in EXAMPLES]


@pytest.fixture
def service(database_url: FreshDatabase, broker_url: str) -> Service:
    settings = PlacementsSettings(
        database_url=database_url("placements"), broker_url=broker_url, require_tokens=True, events_per_second=1
    )
    service = build(settings)
    service.prepare()
    return service


@pytest.fixture
def producer_url(broker_url: str) -> Iterator[str]:
    """The broker, as the example of deploy/valkey/users.conf lets a producer in."""
    line = next(
        one for one in (ROOT / "deploy/valkey/users.conf").read_text().splitlines() if one.startswith("# user ")
    )
    _, _, name, *rules = line.split()
    password = secrets.token_hex(16)
    with redis.Redis.from_url(broker_url) as admin:
        mine = [f">{password}" if rule.startswith("#") else rule for rule in rules]
        admin.execute_command("ACL", "SETUSER", name, "reset", *mine)
        there = urlsplit(broker_url).netloc.rpartition("@")[2]
        yield f"redis://{name}:{password}@{there}"
        admin.execute_command("ACL", "DELUSER", name)


def accepted(service: Service) -> set[str]:
    with reading(service.engine) as connection:
        return set(connection.scalars(text("SELECT id FROM inbox")))


def run(example: Example, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    suffix = {"sh": "sh", "python": "py", "js": "cjs"}[example.language]
    file = folder / f"example.{suffix}"
    file.write_text(example.code)
    command = {"sh": ["sh", "-e"], "python": [sys.executable], "js": ["node"]}[example.language]
    return subprocess.run(
        [*command, str(file)], env=os.environ | environment, capture_output=True, text=True, timeout=RUN_SECONDS
    )


def has_node_redis() -> bool:
    asked = ["node", "-e", "require.resolve('redis')"]
    return shutil.which("node") is not None and subprocess.run(asked, capture_output=True).returncode == 0


def test_the_document_has_an_example_for_each_way_in() -> None:
    assert {one.tool for one in EXAMPLES} == {"curl", "python", "dotnet", "redis-cli", "node"}
    assert DOCUMENT.count("```") == 2 * len(EXAMPLES), "every block says its language"
    ids = [id for one in EXAMPLES for id in one.ids]
    assert len(ids) == len(set(ids)) >= len(EXAMPLES)


@pytest.mark.parametrize("example", [p for p in NAMED if p.values[0].language != "csharp"])  # type: ignore[union-attr]
def test_an_example_does_what_it_says(example: Example, service: Service, producer_url: str, tmp_path: Path) -> None:
    if example.tool == "node" and not has_node_redis():
        pytest.skip("node with its redis package is not here")
    if example.tool != "python" and shutil.which(example.tool) is None:
        pytest.skip(f"{example.tool} is not here")
    token = make(service.engine, sources=("/capita-one/*",), types=("ehcp", "placement"))
    with served(service) as port:
        told = {"HNB_URL": f"http://127.0.0.1:{port}", "HNB_TOKEN": token, "REDIS_URL": producer_url}
        done = run(example, tmp_path, told)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
        if "httpx" in example.section:
            assert re.match(r"httpx-plan-1047-v1 refused .*data\.issued_on", done.stdout)
            until(lambda: accepted(service) == {"httpx-plan-1045-v1", "httpx-plan-1046-v1"})
        else:
            assert example.ids
            until(lambda: accepted(service) == example.ids)
        again = run(example, tmp_path, told)
        assert again.returncode == 0, f"a repeat changes nothing: {again.stderr}"


def test_the_python_example_waits_as_long_as_it_is_told_and_goes_on(service: Service, tmp_path: Path) -> None:
    (example,) = (one for one in EXAMPLES if one.language == "python" and "httpx" not in one.section)
    token = make(service.engine)
    with served(service) as port:
        batch = orjson.dumps([issued(f"P-{number}") for number in range(12)])
        sent = subprocess.run(
            [sys.executable, "-c", SEND_BATCH, f"http://127.0.0.1:{port}/events", token],
            input=batch, capture_output=True, timeout=RUN_SECONDS,
        )  # fmt: skip
        assert sent.stdout.strip() == b"200", sent.stderr
        done = run(example, tmp_path, {"HNB_URL": f"http://127.0.0.1:{port}", "HNB_TOKEN": token})
    assert done.stdout.strip() == "accepted", done.stderr
    refused = service.telemetry.registry.get_sample_value(
        "hnb_door_refusals_total", {"service": "placements", "reason": "too fast"}
    )
    assert refused == 1, "told once when to come back, it came once"


SEND_BATCH = """
import sys, urllib.request
headers = {"Authorization": "Bearer " + sys.argv[2], "Content-Type": "application/cloudevents-batch+json"}
request = urllib.request.Request(sys.argv[1], sys.stdin.buffer.read(), headers)
print(urllib.request.urlopen(request).status)
"""


@pytest.mark.parametrize("example", [p for p in NAMED if p.values[0].language == "csharp"])  # type: ignore[union-attr]
def test_the_event_of_an_example_that_cannot_run_here_is_one_that_is_accepted(
    example: Example, service: Service
) -> None:
    literal = re.search(r'"""\n(.*?)\n *"""', example.code, re.DOTALL)
    assert literal
    event = read_event(read_json(literal[1]), known=CASE_EVENTS, strict=True)
    assert {event.id} == example.ids
    for opening, closing in ("{}", "()", "[]"):
        assert example.code.count(opening) == example.code.count(closing)
    media = re.search(r'"(application/[\w+-]+)"', example.code)
    assert media
    token = make(service.engine)
    with TestClient(service.asgi()) as door:
        headers = {"content-type": f"{media[1]}; charset=utf-8", "authorization": f"Bearer {token}"}
        assert door.post("/events", content=literal[1].encode(), headers=headers).status_code == 202


def resp(*words: str) -> bytes:
    """A command as the Redis protocol has it: how many words, and each with its length in bytes."""
    said = [word.encode() for word in words]
    return b"*%d\r\n" % len(said) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in said)


def test_a_producer_with_nothing_but_a_socket_reaches_the_register(service: Service, producer_url: str) -> None:
    broker, event = urlsplit(producer_url), issued("P-1051-née")
    assert broker.username
    assert broker.password
    with served(service), socket.create_connection((broker.hostname or "", broker.port or 0), timeout=10) as line:
        line.sendall(resp("AUTH", broker.username, broker.password))
        assert line.recv(100) == b"+OK\r\n"
        line.sendall(resp("XADD", "case-intake", "*", "event", orjson.dumps(event).decode()))
        assert re.fullmatch(rb"\$\d+\r\n\d+-\d+\r\n", line.recv(100))
        until(lambda: accepted(service) == {event["id"]})


def test_a_producer_may_append_to_the_intake_and_do_nothing_else(producer_url: str) -> None:
    refused: list[tuple[Any, ...]] = [
        ("XADD", "placement", "*", "event", "{}"), ("XRANGE", "case-intake", "-", "+"), ("XLEN", "case-intake"),
        ("XREADGROUP", "GROUP", "placements", "me", "STREAMS", "case-intake", ">"), ("DEL", "case-intake"),
        ("XTRIM", "case-intake", "MAXLEN", "0"), ("KEYS", "*"), ("CONFIG", "GET", "*"), ("ACL", "WHOAMI"),
        ("FLUSHALL",), ("SET", "x", "1"), ("PUBLISH", "x", "1"), ("EVAL", "return 1", "0"),
    ]  # fmt: skip
    with redis.Redis.from_url(producer_url) as producer:
        assert producer.xadd("case-intake", {"event": "{}"})
        for command in refused:
            with pytest.raises(redis.exceptions.NoPermissionError):
                producer.execute_command(*command)


def test_what_the_document_says_of_answers_is_what_the_contract_says() -> None:
    contract = (ROOT / "docs" / "events.md").read_text()
    rows = re.findall(r"^\| ([\d, ]+)", DOCUMENT, re.MULTILINE)
    said = {int(code) for row in rows for code in re.findall(r"\d{3}", row)}
    for code in (200, 202, 207, 400, 401, 403, 408, 409, 413, 415, 422, 429, 503):
        assert code in said, code
        assert re.search(rf"\b{code}\b", contract), code
