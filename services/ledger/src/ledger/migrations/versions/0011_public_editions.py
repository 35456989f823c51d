"""Editions of the public summary: written once, with what lies behind them, never changed."""

from alembic import op

from hnb.migrations import append_only

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE public_editions (
            authority text NOT NULL,
            financial_year integer NOT NULL,
            number integer NOT NULL CHECK (number > 0),
            published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            published_by text NOT NULL,
            known_at timestamptz NOT NULL,
            document jsonb NOT NULL,
            changes jsonb NOT NULL,
            behind jsonb NOT NULL, -- the true figures, and which of them are kept back: never shown to the public
            PRIMARY KEY (authority, financial_year, number)
        )
    """)
    append_only("public_editions")
