"""Published figures of councils: each file imported, and what it said that was not said before; never changed."""

from alembic import op

from hnb.migrations import append_only

revision = "0013"
down_revision = "0012"
TABLES = ("benchmark_files", "benchmark_figures", "benchmark_names", "benchmark_neighbours")


def upgrade() -> None:
    op.execute("""
        CREATE TABLE benchmark_files (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            kind text NOT NULL,
            name text NOT NULL,
            sha256 text NOT NULL,
            imported_by text NOT NULL,
            recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
    """)
    op.execute("CREATE INDEX benchmark_files_by_hash ON benchmark_files (sha256)")
    op.execute("""
        CREATE TABLE benchmark_figures (
            file bigint NOT NULL REFERENCES benchmark_files (number),
            authority text NOT NULL,
            measure text NOT NULL,
            year integer NOT NULL,
            value bigint,
            symbol text,
            PRIMARY KEY (authority, measure, year, file),
            CHECK ((value IS NULL) <> (symbol IS NULL))
        )
    """)
    op.execute("""
        CREATE TABLE benchmark_names (
            file bigint NOT NULL REFERENCES benchmark_files (number),
            authority text NOT NULL,
            name text NOT NULL,
            PRIMARY KEY (authority, file)
        )
    """)
    op.execute("""
        CREATE TABLE benchmark_neighbours (
            file bigint NOT NULL REFERENCES benchmark_files (number),
            authority text NOT NULL,
            neighbours text[] NOT NULL, -- the nearest first
            PRIMARY KEY (authority, file)
        )
    """)
    for table in TABLES:
        append_only(table)
