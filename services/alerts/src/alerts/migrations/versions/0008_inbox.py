"""What the inbox reads in its own order, so that a list of many thousands begins as soon as a short one."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX alerts_gravest_first ON alerts
        ((CASE severity WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END), seq DESC)
        WHERE state IN ('open', 'acknowledged')
    """)
    op.execute("""
        CREATE INDEX alerts_past ON alerts (resolved_at DESC, seq DESC) WHERE state IN ('resolved', 'retracted')
    """)
    op.execute("CREATE INDEX alerts_counted ON alerts (state, severity, authority, rule)")
