"""What finance reads of alerts in Grafana."""

from hnb.migrations import finance_reads

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    finance_reads()
