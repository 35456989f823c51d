"""The road's own tables, the same in every service. Frozen: a later change is a new function beside this one."""

from alembic import op


def create_road_tables_v1() -> None:
    """inbox, outbox, dead_letters and withdrawals, as the first migration of each service makes them."""
    op.execute("""
        CREATE TABLE inbox (
            source text NOT NULL,
            id text NOT NULL,
            authority text NOT NULL,
            type text NOT NULL,
            time timestamptz NOT NULL,
            about text,
            digest bytea NOT NULL,
            body text NOT NULL,
            received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (source, id)
        )
    """)
    op.execute("CREATE INDEX inbox_about ON inbox (authority, about) WHERE about IS NOT NULL")
    op.execute("""
        CREATE TABLE outbox (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            stream text NOT NULL,
            body text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            entry_ms bigint,
            entry_no bigint
        )
    """)
    op.execute("CREATE INDEX outbox_unsent ON outbox (seq) WHERE entry_ms IS NULL")
    op.execute("CREATE INDEX outbox_unsettled ON outbox (stream, entry_ms, entry_no) WHERE entry_ms IS NOT NULL")
    op.execute("""
        CREATE TABLE dead_letters (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            stream text NOT NULL,
            entry_id text NOT NULL,
            body text NOT NULL,
            reason text NOT NULL,
            buried_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            UNIQUE (stream, entry_id)
        )
    """)
    op.execute("""
        CREATE TABLE withdrawals (
            source text NOT NULL,
            id text NOT NULL,
            authority text NOT NULL,
            time timestamptz NOT NULL,
            target_source text NOT NULL,
            target_id text NOT NULL,
            applied boolean NOT NULL DEFAULT false,
            PRIMARY KEY (source, id)
        )
    """)
    op.execute("CREATE INDEX withdrawals_target ON withdrawals (target_source, target_id)")
    op.execute("CREATE INDEX withdrawals_due ON withdrawals (time) WHERE NOT applied")
    # A fact that was accepted is never edited: PostgreSQL itself refuses, whoever asks.
    op.execute("""
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
        END $$
    """)
    append_only("inbox")


def create_conditions_v1() -> None:
    """What was last said of each condition, so that only changes are said. One that is of no year is one row too."""
    op.execute("""
        CREATE TABLE conditions (
            authority text NOT NULL,
            condition text NOT NULL,
            scope text NOT NULL,
            active boolean NOT NULL,
            value bigint,
            unit text,
            since timestamptz NOT NULL,
            version integer NOT NULL,
            financial_year integer,
            provision text,
            figures jsonb,
            CONSTRAINT conditions_said UNIQUE NULLS NOT DISTINCT (authority, condition, scope, financial_year)
        )
    """)


def create_replays_v1() -> None:
    """Dead letters tried again: each try with its outcome, when and by whom. A letter that took effect is kept."""
    op.execute("ALTER TABLE dead_letters ADD COLUMN replayed_at timestamptz")
    op.execute("CREATE INDEX dead_letters_waiting ON dead_letters (id) WHERE replayed_at IS NULL")
    op.execute("""
        CREATE TABLE replays (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            letter bigint NOT NULL REFERENCES dead_letters (id),
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            by_whom text NOT NULL,
            outcome text NOT NULL,
            detail text
        )
    """)
    op.execute("CREATE INDEX replays_letter ON replays (letter)")
    append_only("replays")


def trace_outbox_v1() -> None:
    """Beside each message, where its event is traced: what follows from it goes on in that trace."""
    op.execute("ALTER TABLE outbox ADD COLUMN traceparent text")


def create_views_v1(service: str) -> None:
    """Who looked at which record of a child, when. Nobody may take a line out, nor change one."""
    op.execute(f"""
        CREATE TABLE views (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            subject text NOT NULL,
            name text NOT NULL,
            kind text NOT NULL,
            authority text NOT NULL,
            record text NOT NULL,
            service text NOT NULL DEFAULT '{service}'
        )
    """)
    op.execute("CREATE INDEX views_record ON views (authority, record)")
    op.execute("CREATE INDEX views_at ON views (at)")
    append_only("views")


def finance_reads(**views: str) -> None:
    """Views for Grafana, in a schema of their own: all that the role `finance` may read, where there is one.

    Never one with anything about a child in it, the pseudonym included. What a view is read for is read as its owner.
    """
    op.execute("CREATE SCHEMA IF NOT EXISTS finance")
    for name, query in views.items():
        op.execute(f"CREATE OR REPLACE VIEW finance.{name} AS {query}")
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'finance') THEN
                GRANT USAGE ON SCHEMA finance TO finance;
                GRANT SELECT ON ALL TABLES IN SCHEMA finance TO finance;
            END IF;
        END $$
    """)


def wants(revision: str) -> None:
    """Of a migration that takes away: no release that does not know this revision may work with the database any more.

    It comes a release after the one that stopped using what is taken away.
    """
    op.execute(f"COMMENT ON TABLE alembic_version IS '{revision}'")


def append_only(table: str) -> None:
    """Make PostgreSQL refuse any update, delete or truncate of a table."""
    op.execute(f"""
        CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """)


def run(connection: object) -> None:
    """What each service's migrations/env.py does: run what is missing in the given connection's transaction."""
    from alembic import context
    from sqlalchemy import Connection

    assert isinstance(connection, Connection)
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
