"""What every section of the summary is made from: the groups as they may be shown, and how they are worded."""

from collections.abc import Mapping
from dataclasses import dataclass

from hnb.calendar import year_label
from hnb.money import divide_half_up
from hnb.words import percent, whole_pounds
from ledger.domain.disclosure import KEPT_BACK, ROUNDED_PENCE, Cell, Shown
from ledger.domain.positions import Reserve
from ledger.domain.public.facts import Facts
from ledger.outlook.result import Spread

_PENCE_IN_POUND = 100


@dataclass(frozen=True)
class Money:
    """The figures that are about no child: of the position, of the years before, and of the forecast."""

    reserve: Reserve
    path: Mapping[int, Reserve]
    forecast: Mapping[int, Spread]  # the reserve at the end of the years to come


@dataclass(frozen=True)
class Told:
    """One year of one council, as it may be told."""

    council: str
    year: int
    facts: Facts
    shown: Mapping[Cell, Shown]
    money: Money

    @property
    def label(self) -> str:
        return year_label(self.year)

    def count(self, *cell: str) -> str:
        """How many people; `c` where that is kept back."""
        number = self.shown[cell].children
        return KEPT_BACK if number is None else f"{number:,}"

    def pounds(self, *cell: str) -> str:
        """What they cost, to the nearest thousand; `c` where that is kept back."""
        found = self.shown[cell].pounds
        return KEPT_BACK if found is None else whole_pounds(found * _PENCE_IN_POUND)

    def share(self, *parts: Cell) -> str:
        """Of all spending, what these parts are; `c` where any of it is kept back."""
        whole = self.shown["spending", "all"].pounds
        found = [pounds for part in parts if (pounds := self.shown[part].pounds) is not None]
        return KEPT_BACK if whole is None or len(found) < len(parts) else percent(sum(found), whole)


def thousands(pence: int) -> str:
    """Pounds that are about no child, rounded as all others on the page."""
    return whole_pounds(divide_half_up(pence, ROUNDED_PENCE) * ROUNDED_PENCE)


def text(*sentences: str) -> str:
    """Sentences as one paragraph."""
    return " ".join(sentences)
