"""Traces: beside what is said, and behind lines that moved and are not said yet."""

from alembic import op

from hnb.migrations import trace_outbox_v1

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    trace_outbox_v1()
    op.execute("""
        CREATE TABLE traces (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            authority text NOT NULL,
            financial_year integer NOT NULL,
            line text NOT NULL,
            recorded_at timestamptz NOT NULL,
            traceparent text NOT NULL
        )
    """)
    op.execute("CREATE INDEX traces_line ON traces (authority, financial_year, line)")
