"""The past forecast from before it: of files, of inputs, or of the ledger's journal."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from hnb_local.asking import ask, find_service
from hnb_local.forecasting import sources
from hnb_local.forecasting.files_view import backtest_json, show_backtest
from hnb_local.showing import show_json
from ledger.forecast.backtest import backtest
from ledger.forecast.history import History
from ledger.forecast.reading import read_history
from ledger.forecast.table import Source
from ledger.outlook.flows import history_in
from ledger.outlook.inputs import Inputs, read_inputs


@dataclass(frozen=True, slots=True)
class Past:
    """A history, what it was read from, and the day of the year it is counted on."""

    history: History
    made_of: dict[str, Source]
    day: str = "January"


def of_files(files: dict[str, Path | None]) -> Past:
    """Of transitions, population and valid states."""
    found = {name.replace("-", "_"): sources.source(name, path) for name, path in files.items()}
    with sources.bad_input_told():
        return Past(read_history(**found, years_ahead=0).history, found)


def of_inputs(path: Path) -> Past:
    """Of inputs kept in a file."""
    with sources.bad_input_told():
        return _of(read_inputs(str(path), sources.read(path)), str(path))


def of_ledger(ledger_url: str | None, data_dir: Path, authority: str) -> Past:
    """Of what the ledger knows now."""
    url = find_service("ledger", ledger_url, data_dir)
    answer = ask("ledger", url, "/forecasts/inputs", {"authority": authority})
    with sources.bad_input_told():
        return _of(read_inputs("what the ledger answers", orjson.dumps(answer)), authority)


def _of(inputs: Inputs, name: str) -> Past:
    day: date = inputs.reference_day
    return Past(history_in(inputs, 0), {"inputs": Source(name, inputs.written)}, f"{day.day} {day:%B}")


def give(past: Past, simulations: int, seed: int, *, as_json: bool) -> None:
    """Every trial, and the verdict."""
    with sources.progress("Looking back", past.history.years - 1) as progress:
        found = backtest(past.history, simulations=simulations, seed=seed, progress=progress)
    if as_json:
        show_json(backtest_json(found, past.made_of, simulations, seed))
    else:
        show_backtest(found, past.day)
