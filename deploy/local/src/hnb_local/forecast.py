"""`hnb forecast`: the children of the coming Januaries and their cost, from CSV files; how good it would have been."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnb_local.errors import WRONG_USE, CommandFailed

if TYPE_CHECKING:
    from ledger.forecast.table import Source

EXAMPLE = (
    "Example: hnb forecast --transitions transitions.csv --population population.csv --costs costs.csv "
    "--valid-states valid-states.csv --years 5"
)
BACKTEST_EXAMPLE = (
    "Example: hnb forecast backtest --transitions transitions.csv --population population.csv "
    "--valid-states valid-states.csv"
)
MAX_YEARS, MAX_SIMULATIONS = 30, 20_000  # 20,000 simulations of a council's states are about 100 MB

Transitions = Annotated[Path | None, typer.Option(help="What each child did from one January to the next (CSV).")]
Population = Annotated[Path | None, typer.Option(help="People by calendar and academic year (CSV).")]
Costs = Annotated[Path | None, typer.Option(help="Pounds a child and year, by need and setting (CSV).")]
ValidStates = Annotated[Path | None, typer.Option(help="Each setting's academic years, needs and ways out (CSV).")]
Simulations = Annotated[int, typer.Option(min=1, max=MAX_SIMULATIONS, help="How many futures are drawn.")]
Seed = Annotated[int, typer.Option(min=0, help="The same files and seed give the same figures, byte for byte.")]
Json = Annotated[bool, typer.Option("--json", help="The figures as JSON, for a program.")]

app = typer.Typer()


@app.callback(invoke_without_command=True, epilog=EXAMPLE)
def _forecast(
    context: typer.Context,
    transitions: Transitions = None,
    population: Population = None,
    costs: Costs = None,
    valid_states: ValidStates = None,
    years: Annotated[int, typer.Option(min=1, max=MAX_YEARS, help="How many Januaries ahead.")] = 5,
    simulations: Simulations = 1_000,
    seed: Seed = 2025,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Also write the figures to this CSV file.")] = None,
) -> None:
    """Forecast the children in each setting, and what they cost, with the interval that holds 95 of 100 futures.

    The formats and the model are in docs/forecasting.md.
    """
    if context.invoked_subcommand is not None:
        return
    from hnb_local.forecast_view import csv_of, json_of, show
    from hnb_local.showing import show_json
    from ledger.forecast.run import forecast

    sources = {
        "transitions": _source("transitions", transitions), "population": _source("population", population),
        "costs": _source("costs", costs), "valid_states": _source("valid-states", valid_states),
    }  # fmt: skip
    with _bad_input_told(), _progress("Simulating", simulations) as progress:
        found = forecast(**sources, years=years, simulations=simulations, seed=seed, progress=progress)
    if out is not None:
        _write(out, csv_of(found))
    if as_json:
        show_json(json_of(found))
    else:
        show(found)


@app.command(epilog=BACKTEST_EXAMPLE)
def backtest(
    transitions: Transitions = None,
    population: Population = None,
    valid_states: ValidStates = None,
    simulations: Simulations = 1_000,
    seed: Seed = 2025,
    as_json: Json = False,
) -> None:
    """Forecast the past from what was known before it, beside two naive forecasts, and say which was nearer."""
    from hnb_local.forecast_view import backtest_json, show_backtest
    from hnb_local.showing import show_json
    from ledger.forecast.backtest import backtest as test
    from ledger.forecast.reading import read_history

    sources = {
        "transitions": _source("transitions", transitions), "population": _source("population", population),
        "valid_states": _source("valid-states", valid_states),
    }  # fmt: skip
    with _bad_input_told():
        history = read_history(**sources, years_ahead=0).history
    with _progress("Looking back", history.years - 1) as progress:
        found = test(history, simulations=simulations, seed=seed, progress=progress)
    if as_json:
        show_json(backtest_json(found, sources, simulations, seed))
    else:
        show_backtest(found)


def _source(option: str, path: Path | None) -> "Source":
    from ledger.forecast.table import Source

    if path is None:
        raise CommandFailed(f"Missing option '--{option}'.", WRONG_USE)
    try:
        return Source(str(path), path.read_bytes())
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.", WRONG_USE) from None


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, encoding="utf-8", newline="")
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}.") from None


@contextmanager
def _bad_input_told() -> Iterator[None]:
    from ledger.forecast.faults import BadInput

    try:
        yield
    except BadInput as bad:
        raise CommandFailed(str(bad), WRONG_USE) from None


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done: progress.update(task, completed=done)
