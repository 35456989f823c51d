"""What finance reads of placements in Grafana."""

from hnb.migrations import finance_reads

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    finance_reads()
