"""Dead letters may be tried again, and who tried is on record."""

from hnb.migrations import create_replays_v1

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    create_replays_v1()
