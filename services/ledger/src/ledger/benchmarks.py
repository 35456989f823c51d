"""Published figures in PostgreSQL: what each imported file changed, kept for ever; the newest of each stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from ledger.published.editions import Edition, Figure

# Two who import at once wait for each other, so that each knows what stands before it.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('benchmarks'))")
_FILE = text("""
    INSERT INTO benchmark_files (kind, name, sha256, imported_by) VALUES (:kind, :name, :sha256, :by) RETURNING number
""")
_FIGURES = text("""
    INSERT INTO benchmark_figures (file, authority, measure, year, value, symbol)
    SELECT :file, * FROM unnest(CAST(:authorities AS text[]), CAST(:measures AS text[]), CAST(:years AS integer[]),
        CAST(:amounts AS bigint[]), CAST(:symbols AS text[]))
""")
_NAMES = text("""
    INSERT INTO benchmark_names (file, authority, name)
    SELECT :file, * FROM unnest(CAST(:authorities AS text[]), CAST(:names AS text[]))
""")
_NEIGHBOURS = text("INSERT INTO benchmark_neighbours (file, authority, neighbours) VALUES (:file, :authority, :near)")
_UNTIL = """
    JOIN benchmark_files f ON f.number = t.file
    WHERE (CAST(:known_at AS timestamptz) IS NULL OR f.recorded_at <= :known_at)
    AND (CAST(:authorities AS text[]) IS NULL OR t.authority = ANY (:authorities))
"""
_STANDING = text(f"""
    SELECT DISTINCT ON (t.authority, t.measure, t.year) t.authority, t.measure, t.year, t.value, t.symbol
    FROM benchmark_figures t {_UNTIL} ORDER BY t.authority, t.measure, t.year, t.file DESC
""")  # noqa: S608
_NAMED = text(f"""
    SELECT DISTINCT ON (t.authority) t.authority, t.name FROM benchmark_names t {_UNTIL}
    ORDER BY t.authority, t.file DESC
""")  # noqa: S608
_NEAR = text(f"""
    SELECT DISTINCT ON (t.authority) t.authority, t.neighbours FROM benchmark_neighbours t {_UNTIL}
    ORDER BY t.authority, t.file DESC
""")  # noqa: S608
_COLUMNS = "number, kind, name, sha256, imported_by, recorded_at"
_SAME = text(f"SELECT {_COLUMNS} FROM benchmark_files WHERE sha256 = :sha256 ORDER BY number DESC LIMIT 1")  # noqa: S608
_LISTED = text(f"SELECT {_COLUMNS} FROM benchmark_files ORDER BY number DESC LIMIT :most")  # noqa: S608
_SOURCES = text(f"""
    SELECT {_COLUMNS} FROM benchmark_files WHERE number IN (
        SELECT max(number) FROM benchmark_files
        WHERE CAST(:known_at AS timestamptz) IS NULL OR recorded_at <= :known_at GROUP BY kind
    ) ORDER BY number
""")  # noqa: S608
MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """One file that was imported."""

    number: int
    kind: str
    name: str
    sha256: str
    imported_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Difference:
    """What an edition says beyond, or other than, what stands."""

    new: list[Figure]
    changed: list[tuple[Figure, Figure]]  # as it stands, as it would be
    names: dict[str, str]
    neighbours: dict[str, list[str]]

    @property
    def is_any(self) -> bool:
        return bool(self.new or self.changed or self.names or self.neighbours)


def lock(connection: Connection) -> None:
    """Waits until nobody else imports."""
    connection.execute(_LOCK)


def same(connection: Connection, sha256: str) -> Imported | None:
    """The last import of these very bytes."""
    row = connection.execute(_SAME, {"sha256": sha256}).one_or_none()
    return None if row is None else Imported(*row)


def difference(connection: Connection, edition: Edition) -> Difference:
    """What the edition would change. What it does not mention stays as it stands: many files hold a single year."""
    stands = {(one.authority, one.measure, one.year): one for one in standing(connection)}
    new, changed = [], []
    for one in edition.figures:
        before = stands.get((one.authority, one.measure, one.year))
        if before is None:
            new.append(one)
        elif before != one:
            changed.append((before, one))
    named, near = names(connection), neighbours(connection)
    return Difference(
        new, changed,
        {code: name for code, name in edition.names.items() if named.get(code) != name},
        {code: found for code, found in edition.neighbours.items() if near.get(code) != found},
    )  # fmt: skip


def add(connection: Connection, edition: Edition, differs: Difference, by: str) -> int:
    """Keeps the file and what it changes; answers its number."""
    given = {"kind": edition.kind, "name": edition.name, "sha256": edition.sha256, "by": by}
    file: int = connection.execute(_FILE, given).scalar_one()
    figures = [*differs.new, *(now for _, now in differs.changed)]
    columns: dict[str, list[Any]] = {
        "authorities": [one.authority for one in figures], "measures": [one.measure for one in figures],
        "years": [one.year for one in figures], "amounts": [one.value for one in figures],
        "symbols": [one.symbol for one in figures],
    }  # fmt: skip
    connection.execute(_FIGURES, {"file": file, **columns})
    named = {"authorities": list(differs.names), "names": list(differs.names.values())}
    connection.execute(_NAMES, {"file": file, **named})
    for authority, near in differs.neighbours.items():
        connection.execute(_NEIGHBOURS, {"file": file, "authority": authority, "near": near})
    return file


def standing(
    connection: Connection, authorities: Sequence[str] | None = None, known_at: datetime | None = None
) -> list[Figure]:
    """The figures that stand, or stood at a moment."""
    rows = connection.execute(_STANDING, _asked(authorities, known_at))
    return [Figure(*row) for row in rows]


def names(connection: Connection, known_at: datetime | None = None) -> dict[str, str]:
    """Every authority by code, as the newest file that names it does."""
    return {row.authority: row.name for row in connection.execute(_NAMED, _asked(None, known_at))}


def neighbours(
    connection: Connection, authorities: Sequence[str] | None = None, known_at: datetime | None = None
) -> dict[str, list[str]]:
    """Statistical neighbours by authority, the nearest first."""
    return {row.authority: row.neighbours for row in connection.execute(_NEAR, _asked(authorities, known_at))}


def imported(connection: Connection) -> list[Imported]:
    """The files imported, the last first."""
    return [Imported(*row) for row in connection.execute(_LISTED, {"most": MOST_LISTED})]


def sources(connection: Connection, known_at: datetime | None = None) -> list[Imported]:
    """The newest file of each kind: where the figures come from."""
    return [Imported(*row) for row in connection.execute(_SOURCES, {"known_at": known_at})]


def _asked(authorities: Sequence[str] | None, known_at: datetime | None) -> dict[str, Any]:
    return {"authorities": None if authorities is None else list(authorities), "known_at": known_at}
