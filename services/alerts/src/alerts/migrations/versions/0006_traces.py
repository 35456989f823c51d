"""Traces: beside what is said, and beside the messages that an event led to."""

from alembic import op

from hnb.migrations import trace_outbox_v1

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    trace_outbox_v1()
    op.execute("ALTER TABLE deliveries ADD COLUMN traceparent text")
