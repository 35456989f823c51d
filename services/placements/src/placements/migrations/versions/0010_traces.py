"""Traces: beside what is said."""

from hnb.migrations import trace_outbox_v1

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    trace_outbox_v1()
