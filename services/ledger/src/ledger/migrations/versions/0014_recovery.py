"""Recovery plans, version by version, and the reviews of them: written once, never changed."""

from alembic import op

from hnb.migrations import append_only

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE recovery_plans (
            authority text NOT NULL,
            number integer NOT NULL CHECK (number > 0),
            made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            made_by text NOT NULL,
            plan jsonb NOT NULL,
            changes jsonb NOT NULL, -- from the version before, as its reader was shown them
            PRIMARY KEY (authority, number)
        )
    """)
    op.execute("""
        CREATE TABLE recovery_reviews (
            authority text NOT NULL,
            number integer NOT NULL CHECK (number > 0),
            kept_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            kept_by text NOT NULL,
            review jsonb NOT NULL,
            PRIMARY KEY (authority, number)
        )
    """)
    append_only("recovery_plans")
    append_only("recovery_reviews")
