"""The two servers the services stand on: embedded by default, or the ones given by their addresses."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg import sql

from hnb_local.broker_users import ADMIN as BROKER_ADMIN
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.folder import SERVICES, DataFolder
from hnb_local.postgres import postgres_url, start_postgres
from hnb_local.processes import Child
from hnb_local.roles import FINANCE, create_service_databases, migrate_service_databases
from hnb_local.valkey import start_valkey

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the streams are (the administrator's address, and each service's), and the process where it is ours."""

    url: str
    urls: Mapping[str, str]
    child: Child | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """Where each service's database is, and the process that holds them where it is ours."""

    admin_url: str
    urls: Mapping[str, str] = field(default_factory=dict)
    child: Child | None = None
    finance_urls: Mapping[str, str] = field(default_factory=dict)  # of the same databases, for who reads their views

    def migrate(self) -> None:
        """Brings every service's tables up to date as their owner, which the services are not.

        On a server that was given, the services have one role, and do it themselves as they start.
        """
        if self.child is not None:
            migrate_service_databases(self.admin_url)


def check_addresses(broker_url: str | None, database_url: str | None) -> None:
    """Refuses an address of another form than the services take, before anything is started."""
    if broker_url is not None and not broker_url.startswith(("redis://", "rediss://", "unix://")):
        raise CommandFailed("--broker-url is not of the form redis://:password@host:port/0.", WRONG_USE)
    if database_url is not None and not database_url.startswith(("postgresql://", "postgres://")):
        raise CommandFailed("--database-url is not of the form postgresql://role:password@host:port/.", WRONG_USE)


def start_broker(folder: DataFolder, exits: ExitStack, given_url: str | None, *, durable: bool = True) -> Broker:
    """The embedded Valkey, stopped by `exits`; or the given server, once it has answered."""
    if given_url is None:
        child, urls = start_valkey(folder, folder.broker_passwords(), durable=durable)
        exits.callback(child.stop)
        return Broker(urls[BROKER_ADMIN], {service: urls[service] for service in SERVICES}, child)
    try:
        with redis.Redis.from_url(given_url, socket_connect_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise CommandFailed(f"The broker of --broker-url cannot be used: {error}.") from None
    return Broker(given_url, dict.fromkeys(SERVICES, given_url))


def start_database(folder: DataFolder, exits: ExitStack, given_url: str | None, *, durable: bool = True) -> Database:
    """The embedded PostgreSQL, stopped by `exits`; or the given server, with its databases made where missing."""
    if given_url is None:
        secrets = folder.secrets()
        child, admin_url = start_postgres(folder, secrets, durable=durable)
        exits.callback(child.stop)
        create_service_databases(admin_url, secrets)
        port = urlsplit(admin_url).port or 0
        urls = {service: postgres_url(service, secrets[service], port) for service in SERVICES}
        finance_urls = {service: postgres_url(FINANCE, secrets[FINANCE], port, service) for service in SERVICES}
        return Database(admin_url, urls, child, finance_urls)
    try:
        return Database(given_url, _databases_on(given_url))
    except psycopg.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise CommandFailed(f"The server of --database-url cannot be used: {reason}.") from None


def _databases_on(server_url: str) -> dict[str, str]:
    """A database for each service on a server that is not ours, all owned by the one role given."""
    names = {service: f"hnb_{service}" for service in SERVICES}
    entry = server_url if urlsplit(server_url).path.strip("/") else _with_database(server_url, "postgres")
    with psycopg.connect(entry, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        existing = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in names.values():
            if name not in existing:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
                connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
    return {service: _with_database(server_url, name) for service, name in names.items()}


def _with_database(url: str, database: str) -> str:
    return urlsplit(url)._replace(path=f"/{database}").geturl()
