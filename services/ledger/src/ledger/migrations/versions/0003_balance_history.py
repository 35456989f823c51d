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
    # What stood before this table did is added up once, here.
    op.execute("""
        INSERT INTO balance_history
        WITH signed AS (
            SELECT authority, financial_year, line, kind, recorded_at, CASE WHEN to_place = CASE kind
                WHEN 'grant' THEN 'funding' WHEN 'budget' THEN 'headroom' WHEN 'commitment' THEN 'committed'
                WHEN 'provisional' THEN 'committed' WHEN 'payment' THEN 'spent' WHEN 'exposure' THEN 'contingent'
                ELSE 'reserve' END THEN amount_pence ELSE -amount_pence END AS pence
            FROM postings
        ), of_line AS (
            SELECT * FROM signed WHERE kind NOT IN ('grant', 'reserve')
            UNION ALL
            SELECT authority, financial_year, 'total', kind, recorded_at, pence FROM signed WHERE line <> 'tribunal'
        ), moved AS (
            SELECT authority, financial_year, line, recorded_at,
                coalesce(sum(pence) FILTER (WHERE kind = 'grant'), 0) AS granted,
                coalesce(sum(pence) FILTER (WHERE kind = 'budget'), 0) AS budget,
                coalesce(sum(pence) FILTER (WHERE kind = 'commitment'), 0) AS commitment,
                coalesce(sum(pence) FILTER (WHERE kind = 'provisional'), 0) AS provisional,
                coalesce(sum(pence) FILTER (WHERE kind = 'payment'), 0) AS payment,
                coalesce(sum(pence) FILTER (WHERE kind = 'exposure'), 0) AS exposure,
                coalesce(sum(pence) FILTER (WHERE kind = 'reserve'), 0) AS reserve
            FROM of_line GROUP BY 1, 2, 3, 4
        )
        SELECT authority, financial_year, line, recorded_at, sum(granted) OVER so_far, sum(budget) OVER so_far,
            sum(commitment) OVER so_far, sum(provisional) OVER so_far, sum(payment) OVER so_far,
            sum(exposure) OVER so_far, sum(reserve) OVER so_far
        FROM moved WINDOW so_far AS (PARTITION BY authority, financial_year, line ORDER BY recorded_at)
    """)
    append_only("balance_history")
