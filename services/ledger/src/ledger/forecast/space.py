"""The states a child can be in (academic year, need, setting), as places in arrays, and the roads between them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ledger.forecast.arrays import Bools, Ints
from ledger.forecast.valid_states import Settings

# The last academic year of each stage, by the year a child is in before the step: the steps out of years 6 and 11 are
# like no other, so they stand alone.
STAGE_ENDS = (-1, 5, 6, 10, 11, 13)
STAGES = len(STAGE_ENDS) + 1
# The last academic year of each phase that schools are of: early years, primary, secondary, and after.
PHASES = ("early-years", "primary", "secondary", "post-16")
PHASE_ENDS = (-1, 6, 11)


@dataclass(frozen=True)
class Space:
    """Academic years from `lowest` on, and pairs of need and setting in which history has seen a child.

    Arrays over states are [age, pair]; an age is an academic year less `lowest`. The lowest age is a year before any
    setting starts: children can only join from it.
    """

    settings: tuple[str, ...]
    needs: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    lowest: int
    ages: int
    valid: Bools  # [age, pair] whether a child can be there
    leads: Bools  # [setting, setting] whether a child can go from one to another, itself left out

    @cached_property
    def need_of(self) -> Ints:
        """[pair] the place of its need."""
        return np.array([self.needs.index(need) for need, _ in self.pairs], dtype=np.int64)

    @cached_property
    def setting_of(self) -> Ints:
        """[pair] the place of its setting."""
        return np.array([self.settings.index(setting) for _, setting in self.pairs], dtype=np.int64)

    @cached_property
    def pair_at(self) -> Ints:
        """[need, setting] the place of the pair, or -1 where no child was ever seen."""
        found = np.full((len(self.needs), len(self.settings)), -1, dtype=np.int64)
        found[self.need_of, self.setting_of] = np.arange(len(self.pairs))
        return found

    @cached_property
    def stage_of(self) -> Ints:
        """[age] the stage of the step out of that academic year."""
        years = np.arange(self.lowest, self.lowest + self.ages)
        return np.searchsorted(STAGE_ENDS, years).astype(np.int64)

    @cached_property
    def phase_of(self) -> Ints:
        """[age] the place of the phase of that academic year in PHASES."""
        years = np.arange(self.lowest, self.lowest + self.ages)
        return np.searchsorted(PHASE_ENDS, years).astype(np.int64)

    @cached_property
    def valid_next(self) -> Bools:
        """[age, pair] whether a child a year older can be there: whether one may stay."""
        return np.vstack([self.valid[1:], np.zeros((1, len(self.pairs)), dtype=bool)])

    @cached_property
    def may_move(self) -> Bools:
        """[age, pair, setting] whether a child can be in that setting with the same need a year later."""
        arrives = np.zeros((self.ages, len(self.needs), len(self.settings)), dtype=bool)
        arrives[:, self.need_of, self.setting_of] = self.valid_next
        allowed: Bools = arrives[:, self.need_of, :] & self.leads[self.setting_of][None]
        return allowed & self.valid[:, :, None]

    @cached_property
    def may_turn(self) -> Bools:
        """[pair, need] whether a child's need can become that one in the same setting."""
        allowed: Bools = (self.pair_at >= 0).T[self.setting_of]
        allowed[np.arange(len(self.pairs)), self.need_of] = False
        return allowed


def space_of(settings: Settings, pairs: set[tuple[str, str]]) -> Space:
    """The states of those pairs; every pair is valid by the settings."""
    codes = tuple(sorted({setting for _, setting in pairs}))
    lowest = min(settings[code].first for code in codes) - 1
    ages = max(settings[code].last for code in codes) - lowest + 1
    ordered = tuple(sorted(pairs, key=lambda pair: (pair[1], pair[0])))
    years = range(lowest, lowest + ages)
    return Space(
        settings=codes,
        needs=tuple(sorted({need for need, _ in pairs})),
        pairs=ordered,
        lowest=lowest,
        ages=ages,
        valid=np.array([[settings[s].takes(n, year) for n, s in ordered] for year in years], dtype=bool),
        leads=np.array([[a != b and b in settings[a].goes_to for b in codes] for a in codes], dtype=bool),
    )
