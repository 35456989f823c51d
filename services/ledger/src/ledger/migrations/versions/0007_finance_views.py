"""What finance reads in Grafana, exact to the penny: positions, what moved them, and the commitments behind them."""

from hnb.migrations import finance_reads

revision = "0007"
down_revision = "0006"

# As ledger.domain.positions has them: payments are taken out of what is committed, and headroom is what neither takes.
_FIGURES = """
    budget_pence,
    commitment_pence + provisional_pence - payment_pence AS committed_pence,
    payment_pence AS spent_pence,
    budget_pence - commitment_pence - provisional_pence AS headroom_pence,
    provisional_pence,
    exposure_pence AS contingent_pence
"""
_YEAR = """
    grant_pence,
    commitment_pence + provisional_pence AS cost_pence,
    grant_pence - commitment_pence - provisional_pence AS in_year_balance_pence,
    reserve_pence AS reserve_opening_pence,
    reserve_pence + grant_pence - commitment_pence - provisional_pence AS reserve_closing_pence
"""
_FUND = "CASE WHEN line = 'tribunal' THEN 'general' ELSE 'high-needs' END AS fund"


def _sum(*kinds: str) -> str:
    """Pence of the cells of a schedule of these kinds: a cell is year, line, kind, pence, first and last day."""
    of_kind = " OR ".join(f"cell ->> 2 = '{kind}'" for kind in kinds)
    return f"coalesce(sum((cell ->> 3)::bigint) FILTER (WHERE {of_kind}), 0)::bigint"


def upgrade() -> None:
    finance_reads(
        positions=f"""
            SELECT b.authority, b.financial_year, b.line AS provision, {_FUND}, {_FIGURES}, (
                SELECT n.commitment_pence + n.provisional_pence FROM balances n
                WHERE n.authority = b.authority AND n.line = b.line AND n.financial_year = b.financial_year + 1
            ) AS full_year_effect_pence, b.recorded_at AS moved_at
            FROM balances b WHERE b.line <> 'total'
        """,
        # The same at each moment at which a line moved: the last row up to a moment is what was known then.
        position_history=f"""
            SELECT authority, financial_year, line AS provision, {_FUND}, recorded_at AS known_at, {_FIGURES}
            FROM balance_history WHERE line <> 'total'
        """,
        years=f"""
            SELECT authority, financial_year, {_YEAR}, recorded_at AS moved_at
            FROM balances WHERE line = 'total' AND grant_pence <> 0
        """,
        year_history=f"""
            SELECT authority, financial_year, recorded_at AS known_at, {_YEAR}
            FROM balance_history WHERE line = 'total' AND grant_pence <> 0
        """,
        # The reserve year by year: as known where a year has its grant, and after the last of those as if each came to
        # the balance that one has. Five years on at most.
        reserve_path="""
            WITH RECURSIVE path AS (
                SELECT y.authority, y.financial_year, y.financial_year + 5 AS until,
                    y.reserve_opening_pence AS opening_pence, y.in_year_balance_pence,
                    y.reserve_closing_pence AS closing_pence, 'as known' AS basis
                FROM finance.years y WHERE NOT EXISTS (
                    SELECT FROM finance.years o WHERE o.authority = y.authority AND o.financial_year < y.financial_year
                )
                UNION ALL
                SELECT p.authority, p.financial_year + 1, p.until,
                    coalesce(nullif(y.reserve_opening_pence, 0), p.closing_pence),
                    coalesce(y.in_year_balance_pence, p.in_year_balance_pence),
                    coalesce(nullif(y.reserve_opening_pence, 0), p.closing_pence)
                        + coalesce(y.in_year_balance_pence, p.in_year_balance_pence),
                    CASE WHEN y.authority IS NULL THEN 'as the year before' ELSE 'as known' END
                FROM path p
                LEFT JOIN finance.years y ON y.authority = p.authority AND y.financial_year = p.financial_year + 1
                WHERE p.financial_year + 1 < p.until
            )
            SELECT authority, financial_year, opening_pence, in_year_balance_pence, closing_pence, basis FROM path
        """,
        # Each commitment by year, as its schedule stands. Its id is the case system's: a placement, an appeal, a grant,
        # a contract.
        commitments=f"""
            SELECT c.authority, substr(c.about, 12) AS commitment, c.kind, y.financial_year, y.provision,
                c.first_day, c.last_day, c.annual_pence, c.unpriced, y.cost_pence, y.provisional_pence,
                y.spent_pence, y.contingent_pence
            FROM commitments c CROSS JOIN LATERAL (
                SELECT (cell ->> 0)::int AS financial_year, cell ->> 1 AS provision,
                    {_sum("commitment", "provisional")} AS cost_pence, {_sum("provisional")} AS provisional_pence,
                    {_sum("payment")} AS spent_pence, {_sum("exposure")} AS contingent_pence
                FROM json_array_elements(c.schedule) AS cell GROUP BY 1, 2
            ) y WHERE c.about LIKE 'commitment/%'
        """,
        # What moved what a year costs, with the event that did; none where another price or the turn of a year did.
        movements=f"""
            SELECT p.recorded_at, p.authority, p.financial_year, p.line AS provision, {_FUND},
                substr(p.about, 12) AS commitment,
                CASE WHEN p.to_place = 'committed' THEN p.amount_pence ELSE -p.amount_pence END AS pence,
                coalesce(replace(split_part(i.type, '.', 2), '-', ' '), 'another price, or the turn of a year') AS why,
                p.event_source, p.event_id
            FROM postings p LEFT JOIN inbox i ON i.source = p.event_source AND i.id = p.event_id
            WHERE p.kind IN ('commitment', 'provisional')
        """,
        # What the placements that are live today cost a year, at the prices in force last.
        run_rate="""
            SELECT authority, provision, count(*) AS placements, sum(annual_pence)::bigint AS annual_pence,
                count(*) FILTER (WHERE unpriced) AS unpriced
            FROM commitments
            WHERE kind = 'placement' AND first_day <= current_date AND (last_day IS NULL OR last_day >= current_date)
            GROUP BY authority, provision
        """,
    )
