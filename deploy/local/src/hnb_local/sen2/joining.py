"""Rows of linked tables, joined in bounded memory: a database in a private file that is gone with the process."""

import contextlib
import json
import os
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hnb_local.sen2.raw import FAULTS_NAMED, Raw
from hnb_local.sen2.records import Where
from hnb_local.sen2.schema import PERSON, RECORDS, TABLES, Table

ROWS_AT_ONCE = 1_000
PERSONS_AT_ONCE = 500
CACHE_KIB = 32_768

_CHILDREN: dict[str, list[Table]] = defaultdict(list)
for _table in RECORDS.values():
    if _table.name != PERSON and _table.parent:
        _CHILDREN[_table.parent].append(_table)


@dataclass(frozen=True, slots=True)
class Found:
    """Some of the rows something is wrong with, by line and what it is, and how many more there are."""

    shown: list[tuple[int, str]]
    more: int


@contextlib.contextmanager
def joined_on_disk() -> Iterator["Joined"]:
    """A database for one return. It holds identities: a file of this user's alone, which no directory names by the
    time it holds a row, so that even a process that is killed leaves nothing behind."""
    with TemporaryDirectory(prefix="hnb-sen2-") as folder:
        path = Path(folder) / "return.sqlite"
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute("CREATE TABLE opened (at)")
            with contextlib.suppress(OSError):  # where an open file cannot be unlinked, the folder's end removes it
                path.unlink()
            yield Joined(connection)


class Joined:
    """The tables of one return. Table and column names are the schema's own, never a file's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def fill(self, table: Table, rows: Iterable[tuple[int, list[str | None]]]) -> None:
        """Puts a file's rows in, by line."""
        names = _columns(table)
        self._connection.execute(f"CREATE TABLE {table.name} (line INTEGER PRIMARY KEY, {', '.join(names)})")
        insert = f"INSERT INTO {table.name} VALUES ({', '.join('?' * (len(names) + 1))})"  # noqa: S608
        self._connection.execute("BEGIN")
        self._connection.executemany(insert, ((line, *cells) for line, cells in rows))
        for column in (table.id_column, table.parent_column):
            if column:
                self._connection.execute(f"CREATE INDEX {table.name}_{column} ON {table.name} ({column})")
        self._connection.execute("COMMIT")

    def count(self, table: str) -> int:
        """How many rows a table has."""
        (count,) = self._connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        return int(count)

    def header_rows(self) -> list[tuple[int, dict[str, str]]]:
        """The rows of the return's own table, by line."""
        return [(line, fields) for line, _, _, fields in self._read(TABLES["sen2"], "ORDER BY line LIMIT 10")]

    def wrong_links(self, table: Table) -> Iterator[tuple[str, Found]]:
        """Rows without an id, rows that share one, and rows whose parent is not there, with the field it is in."""
        id, parent = table.id_column, table.parent_column
        yield id, self._found(f"SELECT line, 'is empty' FROM {table.name} WHERE {id} IS NULL")  # noqa: S608
        same = " AND ".join(f"a.{name} IS b.{name}" for name in _columns(table))
        yield (
            id,
            self._found(
                f"SELECT b.line, CASE WHEN {same} THEN 'the row of line ' || a.line || ' again' "  # noqa: S608
                f"ELSE 'the id of line ' || a.line || ' again, for another row' END "
                f"FROM (SELECT {id}, min(line) AS line FROM {table.name} GROUP BY {id} HAVING count(*) > 1) twice "
                f"JOIN {table.name} a ON a.line = twice.line JOIN {table.name} b ON b.{id} = a.{id} AND b.line > a.line"
            ),
        )
        if parent:
            yield (
                parent,
                self._found(
                    f"SELECT line, 'names no row of the {table.parent} file' FROM {table.name} c "  # noqa: S608
                    f"WHERE NOT EXISTS (SELECT 1 FROM {table.parent} p WHERE p.{parent} = c.{parent})"
                ),
            )

    def persons(self, files: dict[str, str]) -> Iterator[Raw]:
        """Every person with all that hangs on it, some at a time; `files` names each table's file."""
        line = 0
        while True:
            rows = list(self._read(TABLES[PERSON], "WHERE line > ? ORDER BY line LIMIT ?", (line, PERSONS_AT_ONCE)))
            if not rows:
                return
            persons = {id: Raw(PERSON, Where(files[PERSON], at), fields) for at, id, _, fields in rows}
            self._hang(PERSON, persons, files)
            yield from persons.values()
            line = rows[-1][0]

    def _hang(self, parent: str, nodes: dict[str, Raw], files: dict[str, str]) -> None:
        """Hangs every row of the tables below on its parent, in the order of the files."""
        for table in _CHILDREN[parent]:
            hung: dict[str, Raw] = {}
            of = f"WHERE {table.parent_column} IN (SELECT value FROM json_each(?)) ORDER BY line"  # noqa: S608
            for line, id, above, fields in self._read(table, of, (json.dumps(list(nodes)),)):
                hung[id] = Raw(table.name, Where(files[table.name], line), fields)
                nodes[above].children.append(hung[id])
            if hung:
                self._hang(table.name, hung, files)

    def _read(
        self, table: Table, which: str, values: tuple[Any, ...] = ()
    ) -> Iterator[tuple[int, str, str, dict[str, str]]]:
        """Rows as their line, their id, their parent's and their fields, leaving out the empty ones."""
        parent = table.parent_column or "NULL"
        columns = ", ".join(("line", table.id_column, parent, *table.columns))
        for line, id, above, *cells in self._connection.execute(f"SELECT {columns} FROM {table.name} {which}", values):  # noqa: S608
            named = zip(table.columns, cells, strict=True)
            yield line, id, above, {name: cell for name, cell in named if cell is not None}

    def _found(self, query: str) -> Found:
        shown = self._connection.execute(f"{query} ORDER BY 1 LIMIT {FAULTS_NAMED}").fetchall()
        if not shown:
            return Found([], 0)
        (count,) = self._connection.execute(f"SELECT count(*) FROM ({query})").fetchone()  # noqa: S608
        return Found(shown, count - len(shown))


def _columns(table: Table) -> list[str]:
    return [name for name in (table.id_column, table.parent_column, *table.columns) if name]
