"""Deliveries as HTML too, of digests as well as of alerts, and to the fallback; which digest is made."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE deliveries ADD COLUMN html text")
    op.execute("ALTER TABLE deliveries ADD COLUMN fallback_of text REFERENCES deliveries (id)")
    op.execute("ALTER TABLE deliveries ADD COLUMN claimed_by text")
    # A digest is about many alerts, or none by name.
    op.execute("ALTER TABLE deliveries ALTER COLUMN alert_id DROP NOT NULL, ALTER COLUMN number DROP NOT NULL")
    op.execute("CREATE INDEX deliveries_by_time ON deliveries (queued_at)")
    # A row is the one digest of its recipient and day, also where there was nothing to say; there is no second.
    op.execute("""
        CREATE TABLE digests (
            recipient text NOT NULL,
            day date NOT NULL,
            until timestamptz NOT NULL,
            reference text REFERENCES deliveries (id),
            authorities text[] NOT NULL DEFAULT '{}',
            made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (recipient, day)
        )
    """)
    op.execute("CREATE INDEX transitions_at ON transitions (at)")
