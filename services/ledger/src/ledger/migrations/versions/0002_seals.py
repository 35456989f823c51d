"""Seals: a tamper-evident chain of hashes over the journal, and the list of events that wait for theirs."""

from alembic import op

from hnb.migrations import append_only

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE seals (
            number bigint PRIMARY KEY CHECK (number > 0),
            sealed_at timestamptz NOT NULL,
            posting_ids bigint[] NOT NULL,
            posting_leaves bytea NOT NULL CHECK (octet_length(posting_leaves) = 32 * cardinality(posting_ids)),
            event_sources text[] NOT NULL,
            event_ids text[] NOT NULL CHECK (cardinality(event_ids) = cardinality(event_sources)),
            event_leaves bytea NOT NULL CHECK (octet_length(event_leaves) = 32 * cardinality(event_ids)),
            previous bytea NOT NULL CHECK (octet_length(previous) = 32),
            hash bytea NOT NULL CHECK (octet_length(hash) = 32)
        )
    """)
    # Hashes do not compress; spare PostgreSQL the attempt.
    op.execute("ALTER TABLE seals ALTER posting_leaves SET STORAGE EXTERNAL, ALTER event_leaves SET STORAGE EXTERNAL")
    append_only("seals")
    # Events commit in no order that can be read off their rows, so which of them wait to be sealed is written down by
    # the transaction that brings them. No index: rows are added at the end and taken off again by the thousand.
    op.execute("CREATE TABLE unsealed (source text NOT NULL, id text NOT NULL)")
    op.execute("INSERT INTO unsealed SELECT source, id FROM inbox")
    op.execute("""
        CREATE FUNCTION note_unsealed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO unsealed SELECT source, id FROM arrived;
            RETURN NULL;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER inbox_unsealed AFTER INSERT ON inbox REFERENCING NEW TABLE AS arrived
        FOR EACH STATEMENT EXECUTE FUNCTION note_unsealed()
    """)
