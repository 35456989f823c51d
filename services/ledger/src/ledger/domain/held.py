"""From which day on what moved a position held, whenever it was heard of."""

from collections.abc import Mapping
from datetime import date, datetime

from hnb.calendar import ONE_DAY

MOST_DAYS = 366

# The day some events are for, by the field that says it; any other held from its `time` on. An end date is the last
# day paid for: what it changes, it changes from the day after.
DAYS_SAID: Mapping[str, str] = {
    "hnb.placement-ended.v1": "end_date",
    "hnb.placement-repriced.v1": "effective_on",
    "hnb.contribution-agreed.v1": "start_date",
    "hnb.payment-made.v1": "paid_on",
    "hnb.tribunal-concluded.v1": "concluded_on",
}


def held_from(kind: str, happened: datetime, said: date | None) -> date:
    """The day from which an event of this type held: the day it is for, never later than the day it happened.

    `said` is that of `DAYS_SAID`. Of a withdrawal, ask for what it takes back: everything is as if that never came.
    """
    if said is None:
        return happened.date()
    return min(said + ONE_DAY if kind == "hnb.placement-ended.v1" else said, happened.date())


def latest_days(pence: Mapping[date, int]) -> list[tuple[date, int]]:
    """Pence by day in order, without days of nothing; of more days than a message has room for, the latest.

    Those before are added to the oldest kept, so that the sum stays.
    """
    days = sorted(day for day, amount in pence.items() if amount)
    kept = days[-MOST_DAYS:]
    older = sum(pence[day] for day in days[:-MOST_DAYS])
    return [(day, pence[day] + (older if day == kept[0] else 0)) for day in kept]
