"""How grave something is, and a judgement with the figures that say so."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How grave it is; in rising order."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Judgement:
    """How grave something is under one rule (None: it is well), with the figures that say so.

    The threshold is that of the severity; of the lowest one where all is well. A condition that is judged by nothing
    but that it holds, or for how long, has none.
    """

    severity: Severity | None
    value_pence: int | None
    threshold_pence: int | None
    percent_tenths: int | None = None
    threshold_percent: int | None = None
    source: str | None = None  # who set the threshold, where somebody did
