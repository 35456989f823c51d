"""What a reader of the figures should know of the history they were drawn from, in whole sentences."""

from ledger.forecast.history import History, disagreements
from ledger.forecast.years import Trend


def notes_on(history: History, trend: Trend) -> list[str]:
    """The sentences, most important first."""
    notes = [_on_trend(history, trend)]
    for january, ended, started in disagreements(history):
        notes.append(
            f"The rows of {january - 1} end with {ended:,} children in January {january}, and those of {january} "
            f"do not start with the same ones ({started:,}): each year's rates are of its own rows."
        )
    return notes


def _on_trend(history: History, trend: Trend) -> str:
    if not trend.errors:
        return (
            f"{history.years} {'year' if history.years == 1 else 'years'} of transitions are too few to tell a trend "
            "of joining from chance: the middle has none, and the width allows for one."
        )
    best = min(range(len(trend.dampings)), key=lambda at: trend.errors[at])
    damping = trend.dampings[best]
    if damping is None:
        told = "no trend at all"
    else:
        told = "a trend that lasts" if damping == 1 else f"a trend of which {damping:.0%} is left after each year"
    return (
        f"Joining: {told} would have foretold the past best. The chance that there is a trend is put at "
        f"{1 - trend.chances[0]:.0%}."
    )
