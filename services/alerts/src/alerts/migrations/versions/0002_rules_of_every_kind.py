"""Conditions judged beside lines, episodes that wait, are taken back, escalate and are silenced."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE conditions (
            authority text NOT NULL,
            condition text NOT NULL,
            scope text NOT NULL,
            year integer NOT NULL,
            version integer NOT NULL,
            active boolean NOT NULL,
            value bigint,
            unit text,
            since timestamptz NOT NULL,
            known_at timestamptz NOT NULL,
            provision text,
            figures jsonb NOT NULL,
            PRIMARY KEY (authority, condition, scope, year)
        )
    """)
    op.execute("CREATE INDEX conditions_active ON conditions (authority, condition, scope, year) WHERE active")
    op.execute("""
        ALTER TABLE alerts
            DROP CONSTRAINT alerts_state_check,
            ADD CONSTRAINT alerts_state_check
                CHECK (state IN ('pending', 'open', 'acknowledged', 'resolved', 'retracted')),
            DROP CONSTRAINT alerts_severity_check,
            ADD CONSTRAINT alerts_severity_check CHECK (severity IN ('notice', 'warning', 'critical')),
            ADD COLUMN opened_pence bigint,
            ADD COLUMN then_pence bigint,
            ADD COLUMN level_at timestamptz,
            ADD COLUMN escalated_at timestamptz,
            ADD COLUMN untold boolean NOT NULL DEFAULT false
    """)
    op.execute("UPDATE alerts SET level_at = changed_at")
    op.execute("DROP INDEX alerts_one_open")
    op.execute("""
        CREATE UNIQUE INDEX alerts_one_open ON alerts (authority, financial_year, scope, rule)
        WHERE state NOT IN ('resolved', 'retracted')
    """)
    op.execute("CREATE INDEX alerts_waiting ON alerts (rule, state) WHERE state IN ('pending', 'open')")
    op.execute("""
        CREATE TABLE silences (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            authority text,
            rule text,
            scope text,
            author text NOT NULL,
            reason text NOT NULL,
            begins_at timestamptz NOT NULL,
            ends_at timestamptz NOT NULL CHECK (ends_at > begins_at),
            ended_by text
        )
    """)
    op.execute("ALTER TABLE transitions ADD COLUMN silence bigint REFERENCES silences (id)")
