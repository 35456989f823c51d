"""The tokens that let case systems in: their hashes, and what each is for."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE tokens (
            hash bytea PRIMARY KEY CHECK (octet_length(hash) = 32),
            id text NOT NULL UNIQUE GENERATED ALWAYS AS (left(encode(hash, 'hex'), 12)) STORED,
            name text NOT NULL,
            rights text[] NOT NULL CHECK (cardinality(rights) > 0),
            authorities text[] NOT NULL CHECK (cardinality(authorities) > 0),
            sources text[] NOT NULL CHECK (cardinality(sources) > 0),
            types text[] NOT NULL CHECK (cardinality(types) > 0),
            events_per_second integer CHECK (events_per_second > 0),
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            expires_at timestamptz,
            revoked_at timestamptz,
            last_used_at timestamptz
        )
    """)
