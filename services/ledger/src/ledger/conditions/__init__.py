"""What only the ledger can see, said as conditions: how each kind is found."""

from functools import partial

from hnb.conditions.looking import Find
from ledger.conditions import appeals, forecast, payments, placements, uplifts
from ledger.handlers import Ledger


def finders(ledger: Ledger) -> tuple[Find, ...]:
    """Every kind of condition the ledger says."""
    return (
        placements.unpriced,
        placements.costly,
        placements.independents,
        appeals.lodged,
        partial(uplifts.put_up, ledger),
        partial(payments.paid_apart, ledger),
        forecast.expected,
    )
