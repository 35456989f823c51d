"""Commitments paid more, or less, than had fallen due."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, text

from hnb.calendar import financial_year, year_start
from hnb.conditions.rules import Condition
from hnb.events import Figure
from ledger.conditions import facts
from ledger.domain.commitments import fold
from ledger.domain.conditions import apart
from ledger.domain.profiles import due_by
from ledger.handlers import COMMITMENT, Ledger

# Payments of this year and the one before, whose last invoices come late. A payment said again stands as last said, as
# in the fold; one that no withdrawal names needs no asking whether it was taken back.
_PAID = text("""
    WITH lately AS (
        SELECT DISTINCT authority, about FROM inbox WHERE type = 'hnb.payment-made.v1' AND time >= :since
    ), named AS (SELECT DISTINCT target_source AS source, target_id AS id, true AS is FROM withdrawals
    ), payments AS (
        SELECT DISTINCT ON (i.authority, i.about, d.payment_id) i.authority, i.about, d.*
        FROM lately JOIN inbox i USING (authority, about)
        CROSS JOIN LATERAL json_to_record(i.body::json -> 'data')
            AS d (payment_id text, financial_year integer, paid_on date, amount_pence bigint)
        LEFT JOIN named n ON n.source = i.source AND n.id = i.id
        WHERE i.type = 'hnb.payment-made.v1' AND (n.is IS NULL OR NOT taken_back(i.authority, i.source, i.id))
        ORDER BY i.authority, i.about, d.payment_id, i.time DESC, i.id COLLATE "C" DESC, i.source COLLATE "C" DESC
    )
    SELECT authority, about, financial_year, c.kind, c.provision, sum(amount_pence)::bigint AS pence
    FROM payments JOIN commitments c USING (authority, about)
    WHERE c.kind IS NOT NULL AND paid_on <= :today AND financial_year IN (:year, :year - 1)
    GROUP BY authority, about, financial_year, c.kind, c.provision
""")


def paid_apart(ledger: Ledger, connection: Connection, at: datetime) -> Iterator[Condition]:
    """A commitment whose payments for a year differ from what had fallen due of it by today, either way; pence."""
    today, year = at.date(), financial_year(at.date())
    rows = connection.execute(_PAID, {"since": year_start(year - 1), "today": today, "year": year}).all()
    heard = facts.standing(connection, {(row.authority, row.about) for row in rows})
    folded = {key: fold(events) for key, events in heard.items()}
    contexts = ledger.contexts(connection, folded)
    for row in rows:
        known = folded.get((row.authority, row.about))
        if known is None or not known.known:
            continue
        due = sum(due_by(known, contexts[row.authority], row.financial_year, today).values())
        difference = apart(row.pence, due)
        if difference is not None:
            yield Condition(
                row.authority, "paid-apart", f"{row.kind}/{row.about.removeprefix(COMMITMENT)}", difference.pence,
                "pence", None, row.financial_year, row.provision,
                (Figure(name="permille", value=difference.permille, unit="permille"),),
            )  # fmt: skip
