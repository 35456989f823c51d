"""Who owns each service's tables and who works with them: two roles a service, so that neither can do the other's part.

`ledger_owner` owns the database `ledger` and all in it, and makes and alters tables; nobody logs in as it here.
`ledger` is what the service logs in as: it reads and writes rows, and enters no other database.
Beside them one role, `finance`, that reads the views made for it in each of the databases, and nothing else.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from hnb_local.folder import SERVICES

FINANCE = "finance"
READING_SECONDS = 30  # what a dashboard asks may take no longer

# Placements tells the planner what it knows of a register that fills (ANALYZE).
_ON_TABLES = dict.fromkeys(SERVICES, "SELECT, INSERT, UPDATE, DELETE") | {
    "placements": "SELECT, INSERT, UPDATE, DELETE, MAINTAIN"
}


def owner_of(service: str) -> str:
    """The role that owns a service's database and tables."""
    return f"{service}_owner"


def create_service_databases(admin_url: str, secrets: Mapping[str, str]) -> None:
    """For each service its two roles and its database, which nobody else may enter; what exists stays."""
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for service in SERVICES:
            _make_roles(connection, service, secrets[service])
            _make_database(connection, service)
        _make_reader(connection, secrets[FINANCE])
    for service in SERVICES:
        with psycopg.connect(_in_database(admin_url, service)) as connection:
            _divide_rights(connection, service)
            _let_read(connection, service)


def migrate_service_databases(admin_url: str) -> None:
    """Brings the tables of every service up to date, as their owner."""
    from hnb.database import connect, migrate

    for service in SERVICES:
        engine = connect(_in_database(admin_url, service), service)
        try:
            migrate(engine, service, owner_of(service))
        finally:
            engine.dispose()


def _make_roles(connection: psycopg.Connection, service: str, password: str) -> None:
    if not _is_role(connection, service):
        _make_login(connection, service, password)
    if not _is_role(connection, owner_of(service)):
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(owner_of(service))))


def _make_reader(connection: psycopg.Connection, password: str) -> None:
    if not _is_role(connection, FINANCE):
        _make_login(connection, FINANCE, password)
    for setting in ("default_transaction_read_only = on", f"statement_timeout = '{READING_SECONDS}s'"):
        connection.execute(sql.SQL("ALTER ROLE {} SET " + setting).format(sql.Identifier(FINANCE)))


def _is_role(connection: psycopg.Connection, name: str) -> bool:
    return connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).rowcount > 0


def _make_login(connection: psycopg.Connection, name: str, password: str) -> None:
    # Hashed here, so that the password itself cannot turn up in the server's log.
    verifier = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    role = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
    connection.execute(role.format(sql.Identifier(name), sql.Literal(verifier.decode())))


def _make_database(connection: psycopg.Connection, service: str) -> None:
    name, owner = sql.Identifier(service), sql.Identifier(owner_of(service))
    if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [service]).rowcount:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def _divide_rights(connection: psycopg.Connection, service: str) -> None:
    """What the owner makes, now and later, the service may read and write. What it owned itself, it owns no longer."""
    name, owner = sql.Identifier(service), sql.Identifier(owner_of(service))
    rights = sql.SQL(_ON_TABLES[service])
    connection.execute(sql.SQL("REASSIGN OWNED BY {} TO {}").format(name, owner))
    # Only now: where the database changes hands, what its old owner was granted goes to the new one.
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, name))
    connection.execute(sql.SQL("GRANT {} ON ALL TABLES IN SCHEMA public TO {}").format(rights, name))
    connection.execute(sql.SQL("GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(name))
    for_all = sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT {} TO {}")
    for what in (sql.SQL("{} ON TABLES").format(rights), sql.SQL("SELECT ON SEQUENCES")):
        connection.execute(for_all.format(owner, what, name))


def _let_read(connection: psycopg.Connection, service: str) -> None:
    """The views that are there already; a migration that makes more opens them itself."""
    database, finance = sql.Identifier(service), sql.Identifier(FINANCE)
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, finance))
    if connection.execute("SELECT FROM pg_namespace WHERE nspname = 'finance'").rowcount:
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA finance TO {}").format(finance))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA finance TO {}").format(finance))


def _in_database(admin_url: str, database: str) -> str:
    return urlsplit(admin_url)._replace(path=f"/{database}").geturl()
