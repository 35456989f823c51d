"""Every balance as it stood after each batch that moved it, so that a past belief is looked up and not added up."""

from alembic import op

from hnb.migrations import append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE balance_history (
            authority text NOT NULL,
            financial_year integer NOT NULL,
            line text NOT NULL,
            recorded_at timestamptz NOT NULL,
            grant_pence bigint NOT NULL,
            budget_pence bigint NOT NULL,
            commitment_pence bigint NOT NULL,
            provisional_pence bigint NOT NULL,
            payment_pence bigint NOT NULL,
            exposure_pence bigint NOT NULL,
            reserve_pence bigint NOT NULL,
            PRIMARY KEY (authority, financial_year, line, recorded_at)
        )
    """)
    append_only("balance_history")
