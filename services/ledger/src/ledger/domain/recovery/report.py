"""All that is said of a recovery plan in one financial year, as known at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ledger.domain.recovery.measuring import Baseline, MeasureStands, Months
from ledger.domain.recovery.plan import Plan, Review
from ledger.domain.recovery.versions import Open
from ledger.outlook.result import Spread


@dataclass(frozen=True, slots=True)
class Report:
    """A version of a plan beside what was measured, and what its reviews decided."""

    plan: Plan
    number: int
    made_at: datetime
    made_by: str
    year: int
    known_at: datetime
    on: date  # the day it is looked at
    measures: Sequence[MeasureStands]
    total: Months
    baselines: Mapping[str, Baseline]
    reviews: Sequence[Review]  # the last first
    still_open: Sequence[Open]
    forecast: Mapping[str, Spread]  # of a measure's scenario: what it saves by the end of the year, by the measure's id
    small: frozenset[str]  # lines about few children, or chiefly about one

    @property
    def next_review(self) -> date | None:
        """When the plan is reviewed next, as the last review set it."""
        return self.reviews[0].next_review if self.reviews else None
