"""Where a return and the register are set side by side: a private file, so that memory holds one child at a time.

There is nobody's identity in it, only their hashes; it is readable by its owner alone, and gone when the import ends.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import orjson

from hnb_local.sen2.facts import Told
from hnb_local.sen2.pseudonym import Identity, Key
from hnb_local.sen2.records import Fault, Where
from hnb_local.sen2.saying import CEASED, ENDED, ISSUED, MADE, REQUESTED, Fact, Standing

CACHE_KIB = 32 * 1024
_TABLES = """
    CREATE TABLE said (seq INTEGER PRIMARY KEY, name TEXT, upn TEXT, file TEXT, line INT, body BLOB);
    CREATE TABLE child (ref TEXT PRIMARY KEY, name TEXT, upn TEXT) WITHOUT ROWID;
    CREATE TABLE standing (ref TEXT, about TEXT, type TEXT, time TEXT, id TEXT, source TEXT, data BLOB);
    CREATE TABLE resolved (ref TEXT PRIMARY KEY, seq INT) WITHOUT ROWID;
"""
_INDEXES = """
    CREATE INDEX said_upn ON said (upn);
    CREATE INDEX child_name ON child (name);
    CREATE INDEX child_upn ON child (upn);
    CREATE INDEX standing_ref ON standing (ref);
"""
# Whoever has this name and birth date, but for those whose UPN the return has for somebody.
_NAMESAKES = """
    SELECT ref FROM child WHERE name = ? AND NOT EXISTS (SELECT 1 FROM said WHERE said.upn = child.upn)
    LIMIT 2
"""
_ABSENT = """
    SELECT about FROM standing s WHERE type = ? AND NOT EXISTS (SELECT 1 FROM resolved r WHERE r.ref = s.ref)
    AND NOT EXISTS (SELECT 1 FROM standing e WHERE e.ref = s.ref AND e.about = s.about AND e.type = ?)
"""


@dataclass(frozen=True, slots=True)
class Child:
    """One child of the return: where it stands in it, its pseudonym, what the return says, and what stands."""

    where: Where
    ref: str
    told: Told
    standing: Standing


class Staging:
    """A context: the file is made on entering and gone on leaving."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="hnb-sen2-"))  # 0700
        file = self._folder / "compared.sqlite"
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._database = sqlite3.connect(file, isolation_level=None)
        # Nothing in it is worth keeping: a crash leaves a file that is of no use to anybody.
        self._database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB}; {_TABLES} BEGIN;"
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def add_said(self, where: Where, identity: Identity, told: Told) -> None:
        """What the return says of one person."""
        row = (identity.name, identity.upn, where.file, where.line, told.dump())
        self._database.execute("INSERT INTO said (name, upn, file, line, body) VALUES (?, ?, ?, ?, ?)", row)

    def add_child(self, ref: str, identity: Identity) -> None:
        """A child whom the register knows, from whatever import."""
        self._database.execute("INSERT OR IGNORE INTO child VALUES (?, ?, ?)", (ref, identity.name, identity.upn))

    def add_standing(self, ref: str, facts: Iterable[dict[str, Any]]) -> None:
        """What stands of one record of a child, as the register answers it."""
        self._database.executemany(
            "INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (ref, f["about"], f["type"].removeprefix("hnb.").removesuffix(".v1"), f["time"], f["id"], f["source"],
                 orjson.dumps(f["data"]))
                for f in facts
            ],
        )  # fmt: skip

    def recognise(self, key: Key) -> Iterator[Fault]:
        """Gives every person of the return a pseudonym: the one the register knows the child by, or a new one.

        By UPN where the register has met it, else by name and birth date. Two persons of one return that come out as
        the same child cannot be told apart: the second is a fault, and left out.
        """
        self._database.executescript(_INDEXES)
        for seq, name, upn, file, line in self._database.execute("SELECT seq, name, upn, file, line FROM said"):
            ref = self._known(name, upn) or key.child_ref(Identity(name, upn))
            try:
                self._database.execute("INSERT INTO resolved VALUES (?, ?)", (ref, seq))
            except sqlite3.IntegrityError:
                first = "SELECT file, line FROM said WHERE seq = (SELECT seq FROM resolved WHERE ref = ?)"
                before = Where(*self._database.execute(first, (ref,)).fetchone())
                yield Fault(Where(file, line), "upn", f"does not tell this person from the one at {before}: left out")

    def latest_day(self) -> str:
        """The last day that anything which stands was said for; empty where nothing does."""
        return str(self._database.execute("SELECT coalesce(max(substr(time, 1, 10)), '') FROM standing").fetchone()[0])

    def years_imported(self) -> frozenset[int]:
        """The years of the returns that anything standing comes from."""
        # A request and a plan that only ceased are dated by their own days; the rest by a return's.
        query = "SELECT DISTINCT substr(time, 1, 4) FROM standing WHERE type NOT IN (?, ?)"
        return frozenset(int(year) for (year,) in self._database.execute(query, (REQUESTED, ISSUED)))

    def _known(self, name: str | None, upn: str | None) -> str | None:
        if upn is not None:
            row = self._database.execute("SELECT min(ref) FROM child WHERE upn = ?", (upn,)).fetchone()
            if row[0] is not None:
                return str(row[0])
        found = self._database.execute(_NAMESAKES, (name,)).fetchall() if name is not None else []
        return str(found[0][0]) if len(found) == 1 else None

    def children(self) -> Iterator[Child]:
        """Every child of the return beside what stands of it, in the order of the return."""
        query = "SELECT s.file, s.line, s.body, r.ref FROM said s JOIN resolved r USING (seq) ORDER BY s.seq"
        self._database.execute("CREATE INDEX resolved_seq ON resolved (seq)")
        for file, line, body, ref in self._database.execute(query):
            yield Child(Where(file, line), ref, Told.load(body), self._standing(ref))

    def absent(self) -> Iterator[str]:
        """Plans and placements that stand open, of children the return does not have."""
        for main, ending in ((ISSUED, CEASED), (MADE, ENDED)):
            for (about,) in self._database.execute(_ABSENT, (main, ending)):
                yield about

    def _standing(self, ref: str) -> Standing:
        standing: Standing = {}
        query = "SELECT about, type, time, id, source, data FROM standing WHERE ref = ?"
        for about, type, time, id, source, data in self._database.execute(query, (ref,)):
            fact = Fact(type, datetime.fromisoformat(time), id, source, orjson.loads(data))
            standing.setdefault(about, {})[type] = fact
        return standing
