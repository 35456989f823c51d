"""What PostgreSQL's planner knows of the register, kept fresh while a register fills."""

from sqlalchemy import Engine, text

from hnb.database import transaction

# A register that was just filled has no statistics until autovacuum comes by, a minute later. Until then the planner
# takes each authority for one row and compares every plan with every placement: of one council's, for minutes.
ROWS_BEFORE = 1_000  # changed since the last look: fewer cost nothing, whatever the plan

_STALE = text("""
    SELECT relid::regclass::text AS name FROM pg_stat_user_tables
    WHERE relname IN ('facts', 'inbox') AND n_mod_since_analyze > greatest(:rows, n_live_tup / 4)
""")


def refresh(engine: Engine) -> bool:
    """Analyse the large tables that grew by a third since they were last analysed; never more to do at once."""
    with transaction(engine) as connection:
        for table in connection.scalars(_STALE, {"rows": ROWS_BEFORE}).all():
            connection.execute(text(f"ANALYZE (SKIP_LOCKED) {table}"))  # a vacuum that is under way is let be
    return False
