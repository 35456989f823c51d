"""What every test may lean on: a real Valkey and a real PostgreSQL, started once a run, and the whole system."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis
from psycopg import sql
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from hnb_local.folder import DataFolder
from hnb_local.servers import Broker, Database, start_broker, start_database
from hnb_local.stack import Stack

FreshDatabase = Callable[[str], str]


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """A file's tests go to one worker; so do all that share the demo's year in a browser, which takes long to play."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "tests/pages" if file.startswith("tests/pages/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """How tests are shared out among workers."""
    return ByFile(config, log)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of this run."""

    broker: Broker
    database: Database


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """One embedded broker and database server for the whole run; they sync nothing, since nothing outlives it."""
    with scratch_folder() as path, DataFolder(path, print) as folder, ExitStack() as exits:
        database = start_database(folder, exits, None, durable=False)
        yield Servers(start_broker(folder, exits, None, durable=False), database)


@pytest.fixture
def broker_url(servers: Servers) -> str:
    """A broker with nothing in it."""
    return emptied(servers)


def emptied(servers: Servers) -> str:
    """The address of the broker, without what other tests have left on its streams."""
    with redis.Redis.from_url(servers.broker.url) as client:
        client.flushall()
    return servers.broker.url


@pytest.fixture
def database_url(servers: Servers) -> Iterator[FreshDatabase]:
    """`database_url("ledger")`: a fresh, empty database owned by that service's role, dropped after the test."""
    with fresh_databases(servers) as fresh:
        yield fresh


@contextmanager
def fresh_databases(servers: Servers) -> Iterator[FreshDatabase]:
    """The same for as long as it is wanted, such as by all tests of a module."""
    made: list[str] = []

    def fresh(service: str) -> str:
        name = f"test_{service}_{secrets.token_hex(6)}"
        _administer(servers, sql.SQL("CREATE DATABASE {} OWNER {}"), name, service)
        made.append(name)
        return urlsplit(servers.database.urls[service])._replace(path=f"/{name}").geturl()

    yield fresh
    for name in made:
        _administer(servers, sql.SQL("DROP DATABASE {} WITH (FORCE)"), name)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The whole system as `hnb up` starts it, empty, shared by the tests of one module."""
    with scratch_folder() as path, Stack(path, say=print, durable=False) as running:
        yield running


@contextmanager
def scratch_folder() -> Iterator[Path]:
    # Not pytest's own: it takes back the right to pass through that PostgreSQL, under root, needs.
    path = Path(tempfile.mkdtemp(prefix="hnb-test-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _administer(servers: Servers, statement: sql.SQL, *names: str) -> None:
    with psycopg.connect(servers.database.admin_url, autocommit=True) as connection:
        connection.execute(statement.format(*map(sql.Identifier, names)))
