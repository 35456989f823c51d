"""The road's tables; the latest position of each line, alert episodes, what happened to them, and who was told."""

from alembic import op

from hnb.migrations import append_only, create_road_tables_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_road_tables_v1()
    op.execute("""
        CREATE TABLE lines (
            authority text NOT NULL,
            financial_year integer NOT NULL,
            scope text NOT NULL,
            version bigint NOT NULL,
            recorded_at timestamptz NOT NULL,
            budget_pence bigint NOT NULL,
            committed_pence bigint NOT NULL,
            spent_pence bigint NOT NULL,
            headroom_pence bigint NOT NULL,
            grant_pence bigint,
            reserve_closing_pence bigint,
            PRIMARY KEY (authority, financial_year, scope)
        )
    """)
    op.execute("""
        CREATE TABLE alerts (
            seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            id text PRIMARY KEY,
            authority text NOT NULL,
            financial_year integer NOT NULL,
            scope text NOT NULL,
            rule text NOT NULL,
            ordinal integer NOT NULL,
            state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
            severity text NOT NULL CHECK (severity IN ('warning', 'critical')),
            changes integer NOT NULL,
            since timestamptz NOT NULL,
            opened_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            resolved_at timestamptz,
            acknowledged_at timestamptz,
            acknowledged_by text,
            note text,
            evidence jsonb NOT NULL,
            UNIQUE (authority, financial_year, scope, rule, ordinal)
        )
    """)
    # However many replicas judge at once, PostgreSQL itself refuses a second open episode of one thing.
    op.execute("""
        CREATE UNIQUE INDEX alerts_one_open ON alerts (authority, financial_year, scope, rule)
        WHERE state <> 'resolved'
    """)
    op.execute("""
        CREATE TABLE transitions (
            alert_id text NOT NULL REFERENCES alerts (id),
            number integer NOT NULL,
            change text NOT NULL,
            severity text NOT NULL,
            at timestamptz NOT NULL,
            by_whom text,
            note text,
            evidence jsonb,
            PRIMARY KEY (alert_id, number)
        )
    """)
    append_only("transitions")
    op.execute("""
        CREATE TABLE deliveries (
            seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            id text PRIMARY KEY,
            alert_id text NOT NULL REFERENCES alerts (id),
            number integer NOT NULL,
            severity text,
            channel text NOT NULL,
            subject text NOT NULL,
            body text NOT NULL,
            state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed')),
            attempts integer NOT NULL DEFAULT 0,
            queued_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            sent_at timestamptz,
            last_error text
        )
    """)
    op.execute("CREATE INDEX deliveries_queued ON deliveries (channel, seq) WHERE state = 'queued'")
    op.execute("CREATE INDEX deliveries_alert ON deliveries (alert_id)")
