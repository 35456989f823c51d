"""The requests of a child by an index: what a tribunal ordered is held against them, appeal by appeal."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX facts_requested_child ON facts (authority, (data ->> 'child_ref'))
        WHERE type = 'hnb.assessment-requested.v1'
    """)
