"""The ledger's database, for what reads the books themselves: the one of a running `hnb up`, or the one given."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hnb_local.errors import WRONG_USE, CommandFailed

if TYPE_CHECKING:
    from sqlalchemy import Engine

DATABASE_URL_HELP = (
    "The ledger's own database, where it is not the one of --data-dir: postgresql://role:password@host/ledger."
)
_PORT_LINE = 3  # of postmaster.pid: process, folder, start, port


def find_books(data_dir: Path, given_url: str | None) -> str:
    """The ledger's database: the address given, or that of a running `hnb up`."""
    return find_database("ledger", data_dir, given_url)


def find_database(service: str, data_dir: Path, given_url: str | None) -> str:
    """The address given, or that of the PostgreSQL that a running `hnb up` keeps in its data folder."""
    from hnb_local.postgres import postgres_url

    if given_url is not None:
        if not given_url.startswith(("postgresql://", "postgres://")):
            raise CommandFailed(
                f"--database-url is not of the form postgresql://role:password@host/{service}.", WRONG_USE
            )
        return given_url
    try:
        port = int((data_dir / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[_PORT_LINE])
        password = json.loads((data_dir / "secrets.json").read_text())[service]
    except FileNotFoundError:
        message = f"No database is running in {data_dir}: start `hnb up` there, or give --database-url."
        raise CommandFailed(message) from None
    except (OSError, ValueError, KeyError, IndexError):
        raise CommandFailed(f"The database of {data_dir} cannot be reached: give --database-url instead.") from None
    return postgres_url(service, password, port)


@contextmanager
def open_books(url: str) -> "Iterator[Engine]":
    """An engine on the ledger's database; one sentence where it cannot be read."""
    from sqlalchemy.exc import SQLAlchemyError

    from hnb.database import connect

    engine = connect(url, "reader")
    try:
        yield engine
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise CommandFailed(f"The ledger's database cannot be read: {reason.rstrip('.')}.") from None
    finally:
        engine.dispose()
