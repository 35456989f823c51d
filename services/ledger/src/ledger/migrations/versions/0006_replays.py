"""What was said of each line, apart from its balance; dead letters tried again, and positions said again."""

from alembic import op

from hnb.migrations import create_replays_v1, wants

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_replays_v1()
    # On the balance's own row, saying a line kept whoever posted to it waiting.
    op.execute("""
        CREATE TABLE said (
            authority text NOT NULL,
            financial_year integer NOT NULL,
            line text NOT NULL,
            version bigint NOT NULL,
            recorded_at timestamptz NOT NULL,
            PRIMARY KEY (authority, financial_year, line)
        )
    """)
    op.execute("""
        INSERT INTO said SELECT authority, financial_year, line, said_version, said_at FROM balances
        WHERE said_version > 0
    """)
    op.execute("ALTER TABLE balances DROP COLUMN said_version, DROP COLUMN said_at")  # and the index over them
    # A balance moves with nearly every batch: room on its page leaves its place in the index as it is.
    op.execute("ALTER TABLE balances SET (fillfactor = 50)")
    op.execute("CREATE INDEX commitments_unknown ON commitments (authority) WHERE kind IS NULL")
    # What moved lately is always asked of an authority.
    op.execute("CREATE INDEX postings_moved ON postings (authority, recorded_at)")
    op.execute("DROP INDEX postings_recorded")
    wants(revision)
    # Conditions are looked for by authority.
    for name, kind in (("inbox_repriced", "placement-repriced"), ("inbox_paid", "payment-made")):
        op.execute(f"DROP INDEX {name}")
        op.execute(f"CREATE INDEX {name} ON inbox (authority, time) INCLUDE (about) WHERE type = 'hnb.{kind}.v1'")
    # What is said of a line is its version and this lead: verify holds the version itself to the number of its moments.
    op.execute("""
        CREATE TABLE leads (
            authority text NOT NULL,
            financial_year integer NOT NULL,
            line text NOT NULL,
            lead bigint NOT NULL,
            owed boolean NOT NULL,
            PRIMARY KEY (authority, financial_year, line)
        )
    """)
