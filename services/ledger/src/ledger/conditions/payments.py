"""Commitments paid more, or less, than had fallen due."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from hnb.calendar import financial_year, year_start
from hnb.conditions.rules import Condition
from hnb.events import Figure
from ledger.conditions import facts
from ledger.domain.commitments import fold
from ledger.domain.conditions import Apart, apart
from ledger.domain.profiles import due_by
from ledger.handlers import COMMITMENT, Ledger
from ledger.store import Key

# Payments of this year and the one before, whose last invoices come late. A payment said again stands as last said, as
# in the fold; one that no withdrawal names needs no asking whether it was taken back.
_PAID = text("""
    WITH lately AS (
        SELECT DISTINCT authority, about FROM inbox
        WHERE authority = :authority AND type = 'hnb.payment-made.v1' AND time >= :since
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


def paid_apart(ledger: Ledger, connection: Connection, authority: str, at: datetime) -> Iterator[Condition]:
    """A commitment whose payments for a year differ from what had fallen due of it by today, either way; pence."""
    today, year = at.date(), financial_year(at.date())
    binds = {"authority": authority, "since": year_start(year - 1), "today": today, "year": year}
    paid: dict[Key, list[Any]] = defaultdict(list)
    for row in connection.execute(_PAID, binds):
        paid[row.authority, row.about].append(row)
    for part in facts.in_parts(paid):
        folded = {key: fold(events) for key, events in facts.standing(connection, part).items()}
        contexts = ledger.contexts(connection, folded)
        for key, known in folded.items():
            for row in paid[key] if known.known else ():
                due = sum(due_by(known, contexts[key[0]], row.financial_year, today).values())
                difference = apart(row.pence, due)
                if difference is not None:
                    yield _condition(row, difference)


def _condition(row: Any, difference: Apart) -> Condition:
    return Condition(
        row.authority, "paid-apart", f"{row.kind}/{row.about.removeprefix(COMMITMENT)}", difference.pence, "pence",
        financial_year=row.financial_year, provision=row.provision,
        figures=(Figure(name="permille", value=difference.permille, unit="permille"),),
    )  # fmt: skip
