"""How good the forecast would have been: made again from each prefix of the history, and held to what then came."""

from collections.abc import Callable
from dataclasses import dataclass

from ledger.forecast.history import History
from ledger.forecast.rates import fit
from ledger.forecast.simulate import simulate
from ledger.forecast.summary import figure_of

FEWEST_ORIGINS = 3  # Januaries looked on from: fewer say more of chance than of the forecast


@dataclass(frozen=True, slots=True)
class Trial:
    """One January foretold from an earlier one, beside what two naive forecasts said and what came."""

    known_until: int  # the January looked on from
    year: int
    actual: int
    low: int
    middle: int
    high: int
    carry_level: int  # as many as in the last January known
    carry_growth: int | None  # growing on as in the last year known; None where that began with nobody

    @property
    def inside(self) -> bool:
        """Whether the 95% interval held what came."""
        return self.low <= self.actual <= self.high


@dataclass(frozen=True, slots=True)
class Errors:
    """Mean absolute errors, in children; None where there is no trial."""

    forecast: float | None
    carry_level: float | None
    carry_growth: float | None


@dataclass(frozen=True, slots=True)
class BackTest:
    """All trials of a history, and what they say."""

    years: int  # of transitions
    trials: list[Trial]

    @property
    def origins(self) -> int:
        """The Januaries that were looked on from."""
        return len({trial.known_until for trial in self.trials})

    @property
    def errors(self) -> Errors:
        """The forecast's (its median's) beside the naive ones'."""

        def mean(of: Callable[[Trial], int | None]) -> float | None:
            errors = [abs(value - trial.actual) for trial in self.trials if (value := of(trial)) is not None]
            return sum(errors) / len(errors) if errors else None

        return Errors(mean(lambda t: t.middle), mean(lambda t: t.carry_level), mean(lambda t: t.carry_growth))

    @property
    def inside(self) -> int:
        """In how many trials the 95% interval held what came."""
        return sum(trial.inside for trial in self.trials)

    def verdict(self) -> str:
        """In words: better than both naive forecasts, not better, or not to be known."""
        if not self.trials:
            return "One year of transitions cannot be told from itself: there is nothing to hold a forecast to."
        if self.origins < FEWEST_ORIGINS:
            januaries = "1 January" if self.origins == 1 else f"{self.origins} Januaries"
            return (
                f"Whether this forecast is better than a naive one cannot be known from {self.years} years of "
                f"transitions: they give {januaries} to look on from, and {FEWEST_ORIGINS} are the fewest that tell "
                "more than chance."
            )
        errors = self.errors
        rivals = {"carrying the last level": errors.carry_level, "carrying the last growth": errors.carry_growth}
        mine = errors.forecast or 0.0
        better = [name for name, error in rivals.items() if error is not None and error <= mine]
        if better:
            return f"This forecast did not beat {' and '.join(better)} on this history: do not rely on it alone."
        return "This forecast beat both naive ones on this history."


Progress = Callable[[int], None]


def backtest(history: History, *, simulations: int, seed: int, progress: Progress = lambda done: None) -> BackTest:
    """Trains on each prefix and projects the rest. `progress` is told how many prefixes are done."""
    trials: list[Trial] = []
    totals = [int(history.start[0].sum()), *history.totals().tolist()]
    for known in range(1, history.years):
        seen = history.prefix(known)
        ahead = history.population[known : history.years]
        projection = simulate(fit(seen), seen.end[-1], ahead, simulations=simulations, seed=seed)
        before, last = totals[known - 1], totals[known]
        for at in range(len(ahead)):
            figure = figure_of(projection.children[:, at].sum(axis=1))
            trials.append(
                Trial(
                    known_until=seen.last_january,
                    year=seen.last_january + at + 1,
                    actual=totals[known + at + 1],
                    low=figure.low,
                    middle=figure.middle,
                    high=figure.high,
                    carry_level=last,
                    carry_growth=round(last * (last / before) ** (at + 1)) if before else None,
                )
            )
        progress(known)
    return BackTest(history.years, trials)
