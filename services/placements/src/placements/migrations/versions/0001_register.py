"""The road's tables, and the register's facts."""

from alembic import op

from hnb.migrations import create_road_tables_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_road_tables_v1()
    op.execute("""
        CREATE TABLE facts (
            authority text NOT NULL,
            about text NOT NULL,
            type text NOT NULL,
            time timestamptz NOT NULL,
            id text NOT NULL,
            source text NOT NULL,
            data jsonb NOT NULL,
            PRIMARY KEY (authority, about, type)
        )
    """)
    op.execute("CREATE INDEX facts_type ON facts (type, authority)")
    op.execute("CREATE INDEX facts_plan ON facts (authority, (data ->> 'plan_id')) WHERE data ? 'plan_id'")
    op.execute("CREATE INDEX facts_child ON facts (authority, (data ->> 'child_ref')) WHERE data ? 'child_ref'")
    op.execute("CREATE INDEX facts_request ON facts (authority, (data ->> 'request_id')) WHERE data ? 'request_id'")
