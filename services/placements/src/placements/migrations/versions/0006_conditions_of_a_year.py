"""Conditions may be of a financial year and a line, with figures beside their value; feeds are found by an index."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("ALTER TABLE conditions ADD financial_year integer, ADD provision text, ADD figures jsonb")
    op.execute("""
        ALTER TABLE conditions DROP CONSTRAINT conditions_pkey,
        ADD CONSTRAINT conditions_said UNIQUE NULLS NOT DISTINCT (authority, condition, scope, financial_year)
    """)
    # Who sends, how much and when last: an index and not a table of feeds, whose row every batch of a feed would lock
    # until its commit, and all of them wait for each other.
    op.execute("CREATE INDEX inbox_feeds ON inbox (authority, source, received_at)")
