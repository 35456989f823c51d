"""Lines said again: what is added to their version, so that it is above every one said before."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.database import arrays

_AGAIN = text("""
    INSERT INTO leads SELECT authority, financial_year, line, :lead, true FROM balances
    ON CONFLICT (authority, financial_year, line) DO UPDATE
    SET lead = greatest(leads.lead + 1, EXCLUDED.lead), owed = true
""")
_NOT_OWED = text("""
    UPDATE leads l SET owed = false
    FROM unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:lines AS text[]), CAST(:leads AS bigint[]))
        AS k (authority, financial_year, line, lead)
    WHERE l.authority = k.authority AND l.financial_year = k.financial_year AND l.line = k.line AND l.lead = k.lead
""")


def owe_all(connection: Connection, now: datetime) -> int:
    """Have every line said once more as it stands; how many there are.

    A ledger that was restored counts its versions on from an older one, and whoever hears it may know higher ones. Said
    again, a line's version is above every one said before: no line gets as many as there are milliseconds.
    """
    lead = int(now.timestamp() * 1000)
    return connection.execute(_AGAIN, {"lead": lead}).rowcount


def said(connection: Connection, lines: Sequence[tuple[str, int, str, int]]) -> None:
    """These lines (authority, financial year, line, lead) were said, and are owed no more."""
    if lines:
        connection.execute(_NOT_OWED, arrays("authorities years lines leads", lines))
