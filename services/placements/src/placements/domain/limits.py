"""Every statutory limit that still runs or has passed with nothing done, in one list: the nearest to today first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

WITHIN_DAYS = 28  # of a limit: near enough that somebody should act on it now
NEAR_DAYS = 7


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing to be done by a day: of which record, what, and by which limit.

    `weeks` are those run so far and `limit_weeks` those allowed; both None where the limit is a day of the year.
    """

    kind: str
    reference: str
    what: str
    weeks: int | None
    limit_weeks: int | None
    due_on: date
    days_left: int

    @property
    def overdue(self) -> bool:
        """A limit is met on its last day, so it has passed only after it."""
        return self.days_left < 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits about to run out, the soonest first, and those that have passed, the latest first."""

    running_out: Sequence[Limit]
    overdue: Sequence[Limit]

    @property
    def near(self) -> int:
        """How many run out within a week."""
        return sum(one.days_left <= NEAR_DAYS for one in self.running_out)


def nearest_first(found: Iterable[Limit], within_days: int) -> Limits:
    """Those that run out within so many days and those overdue, each the nearest to today first."""
    ordered = sorted(found, key=lambda one: (abs(one.days_left), one.kind, one.reference, one.what))
    return Limits(
        [one for one in ordered if 0 <= one.days_left <= within_days], [one for one in ordered if one.overdue]
    )
