"""Traces: beside what is said."""

from hnb.migrations import trace_outbox_v1

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    trace_outbox_v1()
