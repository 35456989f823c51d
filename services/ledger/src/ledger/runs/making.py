"""One run made, or made again: the journal read, the outlook drawn, both kept."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Engine

from hnb.database import reading, transaction
from ledger.handlers import Ledger
from ledger.outlook import MODEL
from ledger.outlook.__main__ import Asked
from ledger.outlook.inputs import Inputs
from ledger.outlook.journal import inputs_of
from ledger.outlook.scenarios import Pack
from ledger.runs import drawing, store
from ledger.runs.reading import journal
from ledger.runs.store import Kept

SIMULATIONS, MOST_SIMULATIONS = 1_000, 5_000
SEED = 2025


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked for; the defaults are those of the nightly one."""

    authority: str
    pack: Pack
    simulations: int = SIMULATIONS
    seed: int = SEED
    level_pence: int | None = None
    known_at: datetime | None = None
    usual: bool = True  # whether the pack is that of the nightly run

    @property
    def stands(self) -> bool:
        """Whether finance and officers are told of it: made as the nightly run is, whatever its seed.

        What somebody tries with scenarios of their own, or as known at a past moment, moves no dashboard and no alert.
        """
        return self.usual and self.known_at is None and self.simulations >= SIMULATIONS


@dataclass(frozen=True, slots=True)
class Repeated:
    """Whether a run made again comes to the same, and what would explain that it does not."""

    same: bool
    numpy: str  # of now
    model: int


def inputs_for(engine: Engine, ledger: Ledger, authority: str, known_at: datetime | None = None) -> Inputs:
    """The inputs of an outlook. BadInput where there is no whole year of history yet."""
    with reading(engine) as connection:
        found = journal(connection, ledger, authority, known_at)
    return inputs_of(found)


def make(engine: Engine, ledger: Ledger, wanted: Wanted, *, night: date | None = None) -> int | None:
    """Makes and keeps a run; its number, or None where that night has one already. BadInput, Busy, Failed."""
    inputs = inputs_for(engine, ledger, wanted.authority, wanted.known_at)
    asked = Asked(
        inputs=inputs, pack=wanted.pack, simulations=wanted.simulations, seed=wanted.seed,
        level_pence=wanted.level_pence,
    )  # fmt: skip
    outlook = drawing.draw(asked, patient=night is not None)
    with transaction(engine) as connection:
        return store.add(
            connection, outlook, inputs, wanted.pack, wanted.level_pence, standing=wanted.stands, night=night
        )


def repeat(kept: Kept) -> Repeated:
    """Draws a run again, from what was kept of it."""
    asked = Asked(
        inputs=kept.inputs, pack=kept.pack, simulations=kept.run.simulations, seed=kept.run.seed,
        level_pence=kept.run.level_pence,
    )  # fmt: skip
    again = drawing.draw(asked)
    made_with = {"numpy": kept.outlook.numpy, "model": kept.outlook.model}
    return Repeated(again.model_copy(update=made_with) == kept.outlook, again.numpy, MODEL)
