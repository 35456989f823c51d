"""Dead letters may be tried again; positions may be said again, above every version said before."""

from alembic import op

from hnb.migrations import create_replays_v1

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_replays_v1()
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
