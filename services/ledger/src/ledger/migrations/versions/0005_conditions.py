"""What was last said of each condition; withdrawals asked of in SQL; and what conditions are found by."""

from alembic import op

from hnb.migrations import create_conditions_v1

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    create_conditions_v1()
    # The rule of hnb.withdrawals: whether an event is withdrawn by a withdrawal that stands.
    op.execute("""
        CREATE FUNCTION taken_back(of_authority text, of_source text, of_id text) RETURNS boolean
        LANGUAGE plpgsql STABLE AS $$
        BEGIN
            RETURN EXISTS (
                SELECT FROM withdrawals w
                LEFT JOIN withdrawals o ON o.source = of_source AND o.id = of_id AND o.authority = of_authority
                WHERE w.target_source = of_source AND w.target_id = of_id AND w.authority = of_authority
                -- A CASE, so that only what is later is asked further: a chain of them ends, whatever names whom.
                AND CASE WHEN o.id IS NULL OR (w.time, w.id COLLATE "C", w.source COLLATE "C")
                        > (o.time, o.id COLLATE "C", o.source COLLATE "C")
                    THEN NOT taken_back(w.authority, w.source, w.id) ELSE false END);
        END $$
    """)
    # Repricings and payments of late, without reading the whole inbox each time.
    for name, kind in (("inbox_repriced", "placement-repriced"), ("inbox_paid", "payment-made")):
        op.execute(f"CREATE INDEX {name} ON inbox (time) INCLUDE (authority, about) WHERE type = 'hnb.{kind}.v1'")
