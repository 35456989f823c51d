"""`hnb forecast`: the block's outturn and reserve from the ledger; or, from CSV files, the children of each January."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.forecasting import sources
from hnb_local.reports import Authority, DataDir, KnownAt, LedgerUrl

LEICESTER = "E06000016"
EXAMPLE = (
    "Examples: hnb forecast --from-ledger --charts charts · "
    "hnb forecast --transitions transitions.csv --population population.csv --costs costs.csv "
    "--valid-states valid-states.csv --years 5"
)
BACKTEST_EXAMPLE = (
    "Example: hnb forecast backtest --transitions transitions.csv --population population.csv "
    "--valid-states valid-states.csv"
)
MAX_YEARS, MAX_SIMULATIONS = 30, 20_000  # 20,000 simulations of a council's states are about 100 MB
MAX_POUNDS = 10**11  # as a file of scenarios may say
YEARS, SIMULATIONS, SEED = 5, 1_000, 2025

FromLedger = Annotated[bool, typer.Option("--from-ledger", help="From the ledger's own journal.")]
InputsFile = Annotated[Path | None, typer.Option(help="From inputs in a file (JSON), asking nobody.")]
Transitions = Annotated[Path | None, typer.Option(help="What each child did from one January to the next (CSV).")]
Population = Annotated[Path | None, typer.Option(help="People by calendar and academic year (CSV).")]
Costs = Annotated[Path | None, typer.Option(help="Pounds a child and year, by need and setting (CSV).")]
ValidStates = Annotated[Path | None, typer.Option(help="Each setting's academic years, needs and ways out (CSV).")]
Simulations = Annotated[int, typer.Option(min=1, max=MAX_SIMULATIONS, help="How many futures are drawn.")]
Seed = Annotated[int, typer.Option(min=0, help="The same input and seed give the same figures, byte for byte.")]
Json = Annotated[bool, typer.Option("--json", help="The figures as JSON, for a program.")]
Run = Annotated[int, typer.Argument(min=1, help="The run's number, as `hnb forecast runs` lists it.")]

app = typer.Typer()


@app.callback(invoke_without_command=True, epilog=EXAMPLE)
def _forecast(
    context: typer.Context,
    from_ledger: FromLedger = False,
    inputs: InputsFile = None,
    scenarios: Annotated[Path | None, typer.Option(help="Your own scenarios (YAML) instead of those shipped.")] = None,
    level: Annotated[
        int | None,
        typer.Option(min=-MAX_POUNDS, max=MAX_POUNDS, help="Whole pounds of reserve: when is it below this?"),
    ] = None,
    transitions: Transitions = None,
    population: Population = None,
    costs: Costs = None,
    valid_states: ValidStates = None,
    years: Annotated[
        int | None, typer.Option(min=1, max=MAX_YEARS, help="How many Januaries ahead, of files.", show_default="5")
    ] = None,
    simulations: Simulations = SIMULATIONS,
    seed: Seed = SEED,
    as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Also write the figures to this CSV file.")] = None,
    charts: Annotated[
        Path | None, typer.Option(help="Also draw charts into this folder: SVG, PNG, and a page with their tables.")
    ] = None,
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
    authority: Authority = LEICESTER,
) -> None:
    """Forecast what the High Needs Block comes to, scenario by scenario; or, from files, the children of each January.

    Formats, scenarios and the model are in docs/forecasting.md.
    """
    if context.invoked_subcommand is not None:
        return
    files = {"transitions": transitions, "population": population, "costs": costs, "valid-states": valid_states}
    _refuse_mixed(files, from_ledger=from_ledger, inputs=inputs, years=years, scenarios=scenarios, level=level)
    if from_ledger or inputs is not None:
        from hnb_local.forecasting import outlooks

        wanted = outlooks.Wanted(scenarios, simulations, seed, None if level is None else level * 100)
        answer = (
            outlooks.from_file(inputs, wanted)
            if inputs is not None
            else outlooks.from_ledger(ledger_url, data_dir, authority, wanted)
        )
        outlooks.give(answer, as_json=as_json, out=out, charts=charts)
        return
    from hnb_local.forecasting import files_view

    files_view.give(_from_files(files, years or YEARS, simulations, seed), as_json=as_json, out=out, charts=charts)


def _refuse_mixed(files: dict[str, Path | None], *, from_ledger: bool, inputs: Path | None, **others: Any) -> None:
    """What belongs to one way of forecasting means nothing in another."""
    given = [f"--{name}" for name, path in files.items() if path is not None]
    if from_ledger and inputs is not None:
        raise CommandFailed("--from-ledger and --inputs are two ways: give one.", WRONG_USE)
    if from_ledger or inputs is not None:
        given += ["--years"] if others.get("years") is not None else []
        if given:
            way = "--from-ledger" if from_ledger else "--inputs"
            raise CommandFailed(f"{', '.join(given)}: of a forecast from files, and not of {way}.", WRONG_USE)
        return
    of_outlook = [f"--{name}" for name in ("scenarios", "level") if others.get(name) is not None]
    if of_outlook:
        raise CommandFailed(f"{', '.join(of_outlook)}: of --from-ledger or --inputs.", WRONG_USE)
    if not given:
        raise CommandFailed(
            "Say what to forecast from: --from-ledger, --inputs FILE, or files: "
            f"{', '.join(f'--{name}' for name in files)}.",
            WRONG_USE,
        )


def _from_files(files: dict[str, Path | None], years: int, simulations: int, seed: int) -> Any:
    from ledger.forecast.run import forecast

    found = {name.replace("-", "_"): sources.source(name, path) for name, path in files.items()}
    with sources.bad_input_told(), sources.progress("Simulating", simulations) as progress:
        return forecast(**found, years=years, simulations=simulations, seed=seed, progress=progress)


@app.command(epilog=BACKTEST_EXAMPLE)
def backtest(
    from_ledger: FromLedger = False,
    inputs: InputsFile = None,
    transitions: Transitions = None,
    population: Population = None,
    valid_states: ValidStates = None,
    simulations: Simulations = SIMULATIONS,
    seed: Seed = SEED,
    as_json: Json = False,
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
    authority: Authority = LEICESTER,
) -> None:
    """Forecast the past from what was known before it, beside two naive forecasts, and say which was nearer."""
    from hnb_local.forecasting import looking_back

    files = {"transitions": transitions, "population": population, "valid-states": valid_states}
    _refuse_mixed(files, from_ledger=from_ledger, inputs=inputs)
    if inputs is not None:
        past = looking_back.of_inputs(inputs)
    elif from_ledger:
        past = looking_back.of_ledger(ledger_url, data_dir, authority)
    else:
        past = looking_back.of_files(files)
    looking_back.give(past, simulations, seed, as_json=as_json)


@app.command(epilog="Example: hnb forecast runs --authority E06000016")
def runs(
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER,
    as_json: Json = False,
) -> None:  # fmt: skip
    """List the forecast runs the ledger has kept of an authority, the last first."""
    from hnb_local.forecasting import outlooks

    outlooks.list_runs(ledger_url, data_dir, authority, as_json=as_json)


@app.command(epilog="Example: hnb forecast show 12 --charts charts")
def show(
    run: Run, data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, as_json: Json = False,
    out: Annotated[Path | None, typer.Option(help="Also write the figures to this CSV file.")] = None,
    charts: Annotated[Path | None, typer.Option(help="Also draw charts into this folder.")] = None,
) -> None:  # fmt: skip
    """Show a run that was kept."""
    from hnb_local.forecasting import outlooks

    outlooks.give(outlooks.kept(ledger_url, data_dir, run), as_json=as_json, out=out, charts=charts)


@app.command(epilog="Example: hnb forecast repeat 12")
def repeat(run: Run, data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None) -> None:
    """Make a run again from what was kept of it; status 1 where it is not the same to the penny."""
    from hnb_local.forecasting import outlooks

    outlooks.repeat(ledger_url, data_dir, run)


@app.command(epilog="Example: hnb forecast inputs --out inputs.json")
def inputs(
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER,
    known_at: KnownAt = None,
    run: Annotated[int | None, typer.Option(min=1, help="Those a run was made of, instead of today's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write them to this file instead of the screen.")] = None,
) -> None:  # fmt: skip
    """What a forecast is made of: sums and counts, no child. `--inputs` takes the file."""
    from hnb_local.forecasting import outlooks

    outlooks.write_inputs(ledger_url, data_dir, authority, known_at=known_at, run=run, out=out)
