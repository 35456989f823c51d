"""The road's tables; commitments, postings, balances and the clock of what the ledger knows."""

from alembic import op

from hnb.migrations import append_only, create_road_tables_v1

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_road_tables_v1()
    op.execute("""
        CREATE TABLE commitments (
            authority text NOT NULL,
            about text NOT NULL,
            kind text,
            provision text,
            child_ref text,
            first_day date,
            last_day date,
            annual_pence bigint,
            unpriced boolean NOT NULL DEFAULT false,
            horizon date,
            schedule jsonb NOT NULL DEFAULT '[]',
            PRIMARY KEY (authority, about)
        )
    """)
    op.execute(
        "CREATE INDEX commitments_line ON commitments (authority, provision, first_day) WHERE kind = 'placement'"
    )
    op.execute("CREATE INDEX commitments_unpriced ON commitments (authority, provision) WHERE unpriced")
    op.execute("CREATE INDEX commitments_child ON commitments (authority, child_ref) WHERE child_ref IS NOT NULL")
    op.execute("CREATE INDEX commitments_open ON commitments (horizon) WHERE horizon IS NOT NULL")
    # A posting of nothing, to itself, or along no road of the block is refused by PostgreSQL itself, so that nothing
    # can be unbalanced: a row takes from one place exactly what it gives to another.
    op.execute("""
        CREATE TABLE postings (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            recorded_at timestamptz NOT NULL,
            authority text NOT NULL,
            about text NOT NULL,
            financial_year integer NOT NULL,
            line text NOT NULL,
            kind text NOT NULL,
            from_place text NOT NULL,
            to_place text NOT NULL,
            amount_pence bigint NOT NULL CHECK (amount_pence > 0),
            first_day date NOT NULL,
            last_day date NOT NULL CHECK (last_day >= first_day),
            event_source text,
            event_id text,
            CHECK (from_place <> to_place),
            CHECK ((kind, least(from_place, to_place), greatest(from_place, to_place)) IN (
                ('grant', 'funding', 'outside'), ('budget', 'funding', 'headroom'),
                ('commitment', 'committed', 'headroom'), ('provisional', 'committed', 'headroom'),
                ('payment', 'committed', 'spent'), ('exposure', 'contingent', 'outside'),
                ('reserve', 'outside', 'reserve')))
        )
    """)
    op.execute("CREATE INDEX postings_about ON postings (authority, about)")
    op.execute("CREATE INDEX postings_line ON postings (authority, financial_year, line, recorded_at)")
    append_only("postings")
    op.execute("""
        CREATE TABLE balances (
            authority text NOT NULL,
            financial_year integer NOT NULL,
            line text NOT NULL,
            grant_pence bigint NOT NULL,
            budget_pence bigint NOT NULL,
            commitment_pence bigint NOT NULL,
            provisional_pence bigint NOT NULL,
            payment_pence bigint NOT NULL,
            exposure_pence bigint NOT NULL,
            reserve_pence bigint NOT NULL,
            version bigint NOT NULL,
            said_version bigint NOT NULL DEFAULT 0,
            said_at timestamptz,
            recorded_at timestamptz NOT NULL,
            PRIMARY KEY (authority, financial_year, line)
        )
    """)
    op.execute("CREATE INDEX balances_unsaid ON balances (authority) WHERE version > said_version")
    op.execute("CREATE TABLE clock (one boolean PRIMARY KEY CHECK (one), recorded_at timestamptz NOT NULL)")
    op.execute("INSERT INTO clock VALUES (true, clock_timestamp())")
    op.execute("""
        CREATE TABLE stale (
            authority text NOT NULL,
            about text NOT NULL,
            due_at timestamptz NOT NULL,
            PRIMARY KEY (authority, about)
        )
    """)
    op.execute("CREATE INDEX stale_due ON stale (due_at)")
