"""One run of the fault tests: how long it is, the seed its chances are drawn from, and the figures it leaves.

`make test` runs the short form, always of the same chances; `make faults` (HNB_FAULTS=long) the long one, of new
chances each time, which ends with the figures. HNB_FAULTS_SEED draws the same chances again.
"""

import os
import random
from dataclasses import dataclass, field

LONG = os.environ.get("HNB_FAULTS") == "long"
SEED = int(os.environ.get("HNB_FAULTS_SEED") or (random.SystemRandom().randrange(1_000_000) if LONG else 2025))


def times(short: int, long: int) -> int:
    """How often in this run."""
    return long if LONG else short


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside what was wanted of it."""

    of: str
    value: str
    wanted: str


@dataclass
class Figures:
    """The figures of this run, in the order they were found."""

    found: list[Figure] = field(default_factory=list)

    def add(self, of: str, value: object, wanted: str = "") -> None:
        """Keep a figure for the end of the run, and say it now."""
        self.found.append(Figure(of, str(value), wanted))
        print(f"{of}: {value}" + (f" (wanted: {wanted})" if wanted else ""), flush=True)


FIGURES = Figures()


def percentile(values: list[float], percent: float) -> float:
    """The value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * percent) // 100) - 1))]
