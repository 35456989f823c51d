"""From files to a history: every fault of them named, and nothing guessed."""

from dataclasses import dataclass

from ledger.forecast.costs import Costs, read_costs
from ledger.forecast.history import History, history_of, occurring
from ledger.forecast.population import read_population
from ledger.forecast.table import Source
from ledger.forecast.transitions import read_transitions
from ledger.forecast.valid_states import Settings, read_settings


@dataclass(frozen=True)
class Read:
    """A history, and what prices it: `seen` says of every (need, setting) where a child is in it."""

    history: History
    settings: Settings
    seen: dict[tuple[str, str], str]

    def costs(self, source: Source) -> Costs:
        """The costs of a file, which has to price every state the forecast knows. BadInput with every fault."""
        return read_costs(source, self.settings, self.seen)


def read_history(transitions: Source, population: Source, valid_states: Source, *, years_ahead: int) -> Read:
    """The history of three files, with the population of the years ahead. BadInput with the first bad file's faults."""
    settings = read_settings(valid_states)
    found = read_transitions(transitions, settings)
    people = read_population(population)
    return Read(history_of(settings, found, people, years_ahead), settings, occurring(found, transitions.name))
