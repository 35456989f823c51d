"""PostgreSQL: the engine, the one place that commits, and migrations at start."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from importlib import resources
from itertools import islice

import orjson
import psycopg
import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import errors
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

POOL_SIZE = 12
CONNECT_TIMEOUT_SECONDS = 3
POOL_TIMEOUT_SECONDS = 5
STATEMENT_TIMEOUT_MS = 60_000
# A process that stands still in the middle of a transaction holds rows that all its replicas wait for: PostgreSQL ends
# such a transaction, and who wakes up later finds it gone. Longer than a relay waits for a broker that does not answer.
IDLE_TIMEOUT_MS = 30_000
COPIED_AT_ONCE = 2_000
MIGRATION_LOCK = 0x484E42  # "HNB": two replicas that start together must not both migrate

_OLDEST = text("SELECT obj_description('alembic_version'::regclass, 'pg_class')")

# Neither limit above counts while a statement waits for its client, as COPY does: such a transaction is ended by the
# other replicas, which may end what is of their own role.
_END_STUCK = text("""
    SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user AND backend_xid IS NOT NULL
      AND state = 'active' AND wait_event_type = 'Client'
      AND state_change < clock_timestamp() - :milliseconds * interval '1 millisecond'
""")

_ESCAPED = re.compile(r"[\\\n\t\r]")  # what COPY's text form gives another meaning
_PLAIN = {int, date, datetime}
_COPIED_LINE = re.compile(r"^COPY \w+, line (\d+)", re.MULTILINE)

log = structlog.get_logger(__name__)
Copied = str | int | date | None  # times are dates too


class Blamed(Exception):
    """A batch failed for one row of it: `name` is an event's (source, id), or a commitment's (authority, about)."""

    def __init__(self, name: tuple[str, str]) -> None:
        super().__init__(f"PostgreSQL refuses {name[1]} of {name[0]}")
        self.name = name


class Overtaken(Exception):
    """Another transaction made the same rows first. Done again from the start, this one sees them."""


def connect(url: str, service: str) -> Engine:
    """An engine on psycopg 3. Opens no connection yet."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # an error is logged as it stands, and these are what events say of children
        connect_args={
            "application_name": f"hnb-{service}",
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            # Compiling a statement takes longer than any of ours does.
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC -c jit=off "
            f"-c idle_in_transaction_session_timeout={IDLE_TIMEOUT_MS}",
        },
    )


def connections_in_use(engine: Engine) -> int:
    """How many of its connections this process has in hand; at most twice POOL_SIZE."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it lands, or none. The only place in the system that commits."""
    with engine.begin() as connection:
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent, read-only view of the database across several statements.

    It holds nobody up, and may take its time between them.
    """
    with engine.connect().execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection


def end_stuck(engine: Engine) -> bool:
    """End what other replicas left standing in the middle of a statement; whether there was any.

    Only what has written something, and so holds rows. Who is ended has a passing error when it wakes up.
    """
    with transaction(engine) as connection:
        ended = connection.execute(_END_STUCK, {"milliseconds": IDLE_TIMEOUT_MS}).all()
    for pid, _ in ended:
        log.warning("ended a transaction whose process stood still in it", backend=pid)
    return bool(ended)


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Copied]]) -> None:
    """COPY rows into a table: the quickest way in, by a wide margin, when there are more than a few."""
    by_column = list(zip(*rows, strict=True))
    copy_lines(connection, table, columns, map("\t".join, zip(*map(_fields, by_column), strict=True)))


def copy_lines(connection: Connection, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """COPY rows already written as lines: fields with tabs between, each as `copied` writes it."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        waiting = iter(lines)
        while some := "\n".join(islice(waiting, COPIED_AT_ONCE)):
            copy.write(some + "\n")


@contextmanager
def blaming(name_of: Callable[[int], tuple[str, str]]) -> Iterator[None]:
    """Around a COPY: where PostgreSQL refuses a row, Blamed with the name of that row, counted from 0."""
    try:
        yield
    except psycopg.Error as error:
        line = _COPIED_LINE.search(error.diag.context or "")
        if line is None or is_passing(error):
            raise
        raise Blamed(name_of(int(line[1]) - 1)) from error


def _fields(column: Sequence[Copied]) -> Iterable[str]:
    """A column as `copied` writes each field of it; all of it at once where nothing in it needs more."""
    kinds = set(map(type, column))
    if kinds <= _PLAIN:
        return map(str, column)
    if kinds == {str} and not _ESCAPED.search("".join(map(str, column))):
        return map(str, column)
    return map(copied, column)


def copied(value: Copied) -> str:
    """One field of a line to COPY. psycopg's own row writer looks each value's type up, and takes twice as long."""
    if value is None:
        return r"\N"
    written = str(value)
    if isinstance(value, str) and ("\\" in written or "\n" in written or "\t" in written or "\r" in written):
        return written.replace("\\", r"\\").replace("\n", r"\n").replace("\t", r"\t").replace("\r", r"\r")
    return written


def arrays(names: str, rows: Iterable[Sequence[object]]) -> dict[str, str]:
    """Rows turned into one array literal a column, named in `names`, for `unnest(CAST(:name AS text[]), ...)`.

    One statement then handles a whole batch. The literals are written here because psycopg runs a regular expression
    over every item of a list, which took a third of the ledger's time.
    """
    columns: Iterable[Sequence[object]] = zip(*rows, strict=True)
    listed = list(columns) or [()] * len(names.split())
    return {name: "{" + _items(column) + "}" for name, column in zip(names.split(), listed, strict=True)}


def _items(column: Sequence[object]) -> str:
    """A column as `_item` writes each value of it; all of it at once where nothing in it needs more."""
    kinds = set(map(type, column))
    if kinds == {int}:
        return ",".join(map(str, column))
    if kinds == {str}:
        joined = '","'.join(map(str, column))
        if "\\" not in joined and joined.count('"') == 2 * (len(column) - 1):
            return f'"{joined}"'
    return ",".join(map(_item, column))


def _item(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else f'"{value}"'


def is_passing(error: BaseException) -> bool:
    """Whether trying again can help: the database was away, busy, full, or picked us to break a deadlock."""
    if isinstance(error, PoolTimeout | InterfaceError | OperationalError | Overtaken):
        return True
    if isinstance(error, psycopg.InterfaceError | psycopg.OperationalError):  # from COPY, past SQLAlchemy
        return True
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or isinstance(
        error.orig, errors.DeadlockDetected | errors.SerializationFailure | errors.AdminShutdown
    )


class Behind(Exception):
    """The tables are not those of this version, and this role may not change them."""


class TooNew(Exception):
    """The database is of a newer release that this one cannot work with."""


def migrate(engine: Engine, package: str, owner: str | None = None) -> None:
    """Bring the service's tables up to date, one replica at a time; where there is nothing to do any role may ask.

    `owner` is who owns them, where the engine's role may act as it. Raises Behind where the role may not.
    A database of a newer release is used as it is: a release only adds to what the one before it needs, so that both
    may run side by side, and the older be started again. Unless a migration said who may not: TooNew.
    """
    config = Config()
    config.set_main_option("script_location", str(resources.files(package).joinpath("migrations")))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    try:
        with engine.begin() as connection:
            if owner is not None:
                connection.execute(text("SELECT set_config('role', :owner, true)"), {"owner": owner})
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            current = MigrationContext.configure(connection).get_current_revision()
            if current is None or current in known:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
                return
            oldest = connection.scalar(_OLDEST)
            if oldest is not None and oldest not in known:
                raise TooNew(f"its database is of a newer release (revision {current}), which wants {oldest} or later")
    except ProgrammingError as error:
        if isinstance(error.orig, errors.InsufficientPrivilege):
            raise Behind(f"its tables are not those of this version, and this role may not change them; "
                         f"their owner brings them up to date: python -m {package} migrate") from None  # fmt: skip
        raise
    log.warning("the database is of a newer release, and is used as it is", revision=current)
