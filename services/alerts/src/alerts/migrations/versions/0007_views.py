"""The trail of who looked at which record of a child."""

from hnb.migrations import create_views_v1

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_views_v1("alerts")
