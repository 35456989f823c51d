"""What a line's mean price comes to on any day, from the placements of the journal, without keeping the placements."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate

from hnb.calendar import ONE_DAY
from hnb.money import divide_half_up
from hnb.provisions import Provision
from ledger.domain.schedules import Unpriced
from ledger.store import State

Line = tuple[str, Provision]  # an authority's line
Sums = tuple[list[date], list[tuple[int, int]]]  # from each of these days on: yearly pence, and placements, in all


@dataclass
class Means:
    """For each line, by how much the sum of yearly prices and the number of placements change on each day."""

    changes: dict[Line, dict[date, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))
    _sums: dict[Line, Sums] = field(default_factory=dict)

    def add(self, authority: str, state: State) -> None:
        """Count a placement in, where the price in force last is one by the year. All of them, before asking."""
        if state.kind != "placement" or state.annual_pence is None:
            return
        assert state.provision is not None
        assert state.first_day is not None
        line = authority, Provision(state.provision)
        self._change(line, state.first_day, state.annual_pence, 1)
        if state.last_day is not None:
            self._change(line, state.last_day + ONE_DAY, -state.annual_pence, -1)

    def _change(self, line: Line, day: date, pence: int, placements: int) -> None:
        known = self.changes[line].get(day, (0, 0))
        self.changes[line][day] = known[0] + pence, known[1] + placements

    def join(self, changes: Mapping[Line, Mapping[date, tuple[int, int]]]) -> None:
        """Count in what another counted."""
        for line, of_line in changes.items():
            for day, (pence, placements) in of_line.items():
                self._change(line, day, pence, placements)

    def of(self, authority: str, wanted: Iterable[Unpriced], defaults: Mapping[Provision, int]) -> dict[Unpriced, int]:
        """The mean on each of these lines and days, or the line's default where no placement has a price."""
        return {(provision, day): self._mean((authority, provision), day, defaults) for provision, day in wanted}

    def _mean(self, line: Line, day: date, defaults: Mapping[Provision, int]) -> int:
        if line not in self._sums:
            changes = self.changes.get(line, {})
            days = sorted(changes)
            self._sums[line] = (
                days,
                list(accumulate((changes[d] for d in days), lambda a, b: (a[0] + b[0], a[1] + b[1]))),
            )
        days, sums = self._sums[line]
        place = bisect_right(days, day)
        pence, placements = sums[place - 1] if place else (0, 0)
        return divide_half_up(pence, placements) if placements else defaults[line[1]]
