"""One forecast from files, whole: what the command prints, with what is needed to repeat it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ledger.forecast.notes import notes_on
from ledger.forecast.rates import fit
from ledger.forecast.reading import read_history
from ledger.forecast.simulate import simulate
from ledger.forecast.summary import Year, summarise
from ledger.forecast.table import Source
from ledger.forecast.years import Trend


@dataclass(frozen=True)
class Forecast:
    """The Januaries ahead, the one they start from, and how they were drawn."""

    january: int
    children: int
    cost_pence: int  # of those children, for a year
    years: list[Year]
    trend: Trend
    notes: list[str]
    sources: dict[str, Source]
    simulations: int
    seed: int


def made_with() -> dict[str, str]:
    """What the drawn figures hang on beside the model: a new NumPy may draw otherwise from the same seed."""
    return {"numpy": np.__version__}


def forecast(
    *,
    transitions: Source,
    population: Source,
    costs: Source,
    valid_states: Source,
    years: int,
    simulations: int,
    seed: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Forecast:
    """Forecasts so many Januaries. BadInput where the files do not allow it."""
    read = read_history(transitions, population, valid_states, years_ahead=years)
    history, prices = read.history, read.costs(costs)
    model = fit(history)
    start, ahead = history.end[-1], history.population[history.years :]
    projection = simulate(model, start, ahead, simulations=simulations, seed=seed, progress=progress)
    pence = np.array([prices[pair] for pair in history.space.pairs], dtype=np.int64)
    return Forecast(
        january=history.last_january,
        children=int(start.sum()),
        cost_pence=int((start.sum(axis=0) * pence).sum()),
        years=summarise(history.space, projection, prices, history.last_january + 1),
        trend=model.trend,
        notes=notes_on(history, model.trend),
        sources={
            "transitions": transitions, "population": population, "costs": costs, "valid_states": valid_states,
        },
        simulations=simulations,
        seed=seed,
    )  # fmt: skip
