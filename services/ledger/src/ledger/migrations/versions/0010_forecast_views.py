"""What finance reads of the last forecast: outturn, reserve and places; and the reserve's path by it."""

from hnb.migrations import finance_reads

revision = "0010"
down_revision = "0009"

# Each authority's last run that stands (as the nightly one is made), its scenarios in their order, year by year.
_LAST = """
    SELECT authority, made_at, outlook FROM forecast_runs
    WHERE number IN (SELECT max(number) FROM forecast_runs WHERE standing GROUP BY authority)
"""
_YEARS = f"""
    SELECT last.authority, last.made_at, s.number::int AS number, s.scenario ->> 'name' AS scenario,
        s.scenario ->> 'title' AS title, (s.scenario ->> 'stated')::boolean AS stated,
        (y.year ->> 'financial_year')::int AS financial_year, y.year, s.scenario -> 'worth' AS worth
    FROM ({_LAST}) AS last
    CROSS JOIN LATERAL jsonb_array_elements(last.outlook -> 'scenarios') WITH ORDINALITY AS s (scenario, number)
    CROSS JOIN LATERAL jsonb_array_elements(s.scenario -> 'years') AS y (year)
"""


def _spread(of: str, name: str) -> str:
    """The tenth, the middle and the ninetieth of a hundred futures, in whole pence or children."""
    return ", ".join(f"({of} ->> '{percent}')::bigint AS {name}_{percent}" for percent in ("p10", "p50", "p90"))


def upgrade() -> None:
    finance_reads(
        # By line, and `total`; a stated scenario has no outturn.
        forecast_outturn=f"""
            SELECT f.authority, f.made_at, f.number, f.scenario, f.title, f.financial_year,
                l.line ->> 'provision' AS provision, (l.line ->> 'known_pence')::bigint AS known_pence,
                {_spread("(l.line -> 'outturn_pence')", "pence")},
                {_spread("(l.line -> 'children_hundredths')", "children_hundredths")}
            FROM ({_YEARS}) AS f CROSS JOIN LATERAL (
                SELECT line FROM jsonb_array_elements(f.year -> 'lines') AS line
                UNION ALL SELECT f.year || '{{"provision": "total"}}'::jsonb
            ) AS l WHERE NOT f.stated
        """,
        forecast_reserve=f"""
            SELECT f.authority, f.made_at, f.number, f.scenario, f.title, f.stated, f.financial_year,
                (f.year #>> '{{grant_pence,p50}}')::bigint AS grant_pence,
                (f.year #>> '{{balance_pence,p50}}')::bigint AS balance_pence,
                {_spread("(f.year -> 'reserve_pence')", "closing_pence")},
                (w.worth #>> '{{saved_pence,p50}}')::bigint AS saved_pence, (w.worth ->> 'likely')::float AS likely
            FROM ({_YEARS}) AS f LEFT JOIN LATERAL (
                SELECT worth FROM jsonb_array_elements(f.worth) AS worth
                WHERE (worth ->> 'financial_year')::int = f.financial_year
            ) AS w ON true
        """,
        forecast_places=f"""
            SELECT last.authority, last.made_at, p.place ->> 'provision' AS provision, p.place ->> 'phase' AS phase,
                (p.place ->> 'places')::int AS places, (p.place ->> 'filled')::int AS filled,
                p.place ->> 'runs_out' AS runs_out, (y.year ->> 'financial_year')::int AS financial_year,
                {_spread("(y.year -> 'children')", "children")},
                (y.year ->> 'chance_over')::float AS chance_over, (y.year #>> '{{waiting,p50}}')::int AS waiting,
                (y.year #>> '{{wait_weeks,p50}}')::int AS wait_weeks
            FROM ({_LAST}) AS last CROSS JOIN LATERAL jsonb_array_elements(last.outlook -> 'places') AS p (place)
            CROSS JOIN LATERAL jsonb_array_elements(p.place -> 'years') AS y (year)
        """,
        # As known while a year has its grant; after that by the forecast's middle where there is one, and otherwise as
        # if each year came to the balance of the last that is known. Five years on at most.
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
            SELECT p.authority, p.financial_year,
                coalesce(f.closing_pence_p50 - f.balance_pence, p.opening_pence) AS opening_pence,
                coalesce(f.balance_pence, p.in_year_balance_pence) AS in_year_balance_pence,
                coalesce(f.closing_pence_p50, p.closing_pence) AS closing_pence,
                CASE WHEN f.authority IS NULL THEN p.basis ELSE 'forecast, middle' END AS basis
            FROM path p LEFT JOIN finance.forecast_reserve f ON f.authority = p.authority
                AND f.financial_year = p.financial_year AND f.number = 1 AND p.basis <> 'as known'
        """,
    )
