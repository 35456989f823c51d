"""Outlooks made, fetched, kept and given: as tables, JSON, CSV and charts."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import typer
from pydantic import ValidationError
from rich.text import Text

from hnb_local.asking import BUSY, TOO_MANY, exchange, find_service
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.forecasting import sources
from hnb_local.showing import add_row, console, plain_table, show_json
from ledger.outlook.inputs import read_inputs
from ledger.outlook.result import Outlook
from ledger.outlook.run import outlook
from ledger.outlook.scenarios import Pack, read_pack, shipped_pack

MAKING_SECONDS = 150


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to draw; no scenarios are those shipped."""

    scenarios: Path | None
    simulations: int
    seed: int
    level_pence: int | None


@dataclass(frozen=True, slots=True)
class Made:
    """An outlook, and the number of the run that the ledger keeps of it, where it does."""

    outlook: Outlook
    run: int | None = None


def from_file(path: Path, wanted: Wanted) -> Made:
    """Drawn here, from inputs kept in a file."""
    with sources.bad_input_told(), sources.progress("Simulating", wanted.simulations) as progress:
        inputs = read_inputs(str(path), sources.read(path))
        pack = shipped_pack() if wanted.scenarios is None else _own(wanted.scenarios)[0]
        return Made(
            outlook(
                inputs, pack, simulations=wanted.simulations, seed=wanted.seed, level_pence=wanted.level_pence,
                progress=progress,
            )
        )  # fmt: skip


def _own(path: Path) -> tuple[Pack, str]:
    """Scenarios of a file, and the words they stand in."""
    raw = sources.read(path)
    try:
        words = raw.decode()
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is not UTF-8.", WRONG_USE) from None
    return read_pack(str(path), raw), words


def from_ledger(ledger_url: str | None, data_dir: Path, authority: str, wanted: Wanted) -> Made:
    """Drawn by the ledger, which keeps the run. Scenarios are read here first, so that a fault names their file."""
    body: dict[str, Any] = {
        "authority": authority, "simulations": wanted.simulations, "seed": wanted.seed,
        "level_pence": wanted.level_pence,
    }  # fmt: skip
    if wanted.scenarios is not None:
        with sources.bad_input_told():
            body["scenarios"] = _own(wanted.scenarios)[1]
    return made_by(find_service("ledger", ledger_url, data_dir), body)


def made_by(url: str, body: dict[str, Any]) -> Made:
    """A run made by the ledger at an address; where it is making another, that is waited for."""
    answer = exchange("ledger", url, "/forecasts", {}, body=body, seconds=MAKING_SECONDS, again_on=(TOO_MANY, BUSY))
    return read_answer(answer)


def kept(ledger_url: str | None, data_dir: Path, run: int) -> Made:
    """A run the ledger has kept."""
    return read_answer(exchange("ledger", find_service("ledger", ledger_url, data_dir), f"/forecasts/{run}", {}))


def read_answer(answer: Any) -> Made:
    """A run as the ledger answers it."""
    with _readable():
        return Made(Outlook.model_validate(answer["outlook"]), answer["number"])


@contextmanager
def _readable() -> Iterator[None]:
    """CommandFailed where an answer is of a ledger of another version, or of no ledger at all."""
    try:
        yield
    except (KeyError, TypeError, ValidationError):
        raise CommandFailed("The answer is no forecast this command can read: is the ledger of its version?") from None


def give(made: Made, *, as_json: bool, out: Path | None, charts: Path | None) -> None:
    """The outlook on the screen, and in the files asked for."""
    from hnb_local.forecasting.outlook_csv import csv_of
    from hnb_local.forecasting.outlook_view import show

    if out is not None:
        sources.write(out, csv_of(made.outlook))
    if charts is not None:
        from hnb_local.forecasting.charts_page import write_charts
        from hnb_local.forecasting.outlook_charts import charts_of

        write_charts(charts, _title(made.outlook), charts_of(made.outlook))
    if as_json:
        show_json({"run": made.run, **made.outlook.model_dump(mode="json")})
    else:
        show(made.outlook, made.run)


def _title(found: Outlook) -> str:
    return f"High Needs Block of {found.authority}: forecast as known on {found.known_at:%d %B %Y}"


def list_runs(ledger_url: str | None, data_dir: Path, authority: str, *, as_json: bool) -> None:
    """The runs the ledger keeps."""
    url = find_service("ledger", ledger_url, data_dir)
    answer = exchange("ledger", url, "/forecasts", {"authority": authority})
    if as_json:
        show_json(answer)
        return
    columns = ("Run", "Made", "Why", "Stands", "From", "Futures", "Seed", "Inputs", "Scenarios")
    table = plain_table(f"Forecast runs of {authority}", *columns)
    with _readable():
        for run in answer["runs"]:
            add_row(
                table, str(run["number"]), run["made_at"][:16].replace("T", " "), run["why"],
                "yes" if run["standing"] else "no", run["reference_day"], f"{run['simulations']:,}", str(run["seed"]),
                run["inputs_sha256"][:12], run["scenarios_sha256"][:12],
            )  # fmt: skip
    none = Text("No forecast has been made yet: hnb forecast --from-ledger.")
    console().print(table if table.row_count else none)


def repeat(ledger_url: str | None, data_dir: Path, run: int) -> None:
    """Says whether a run is the same when it is made again."""
    url = find_service("ledger", ledger_url, data_dir)
    answer = exchange("ledger", url, f"/forecasts/{run}/repeat", {}, body={}, seconds=MAKING_SECONDS)
    with _readable():
        same = answer["same"]
        differs = [
            f"{name} is {answer[name]['now']} now and was {answer[name]['then']}"
            for name in ("numpy", "model")
            if answer[name]["now"] != answer[name]["then"]
        ]
    if same:
        typer.echo(f"Run {run} is the same again, to the penny.")
        return
    why = "; ".join(differs) or "its inputs, scenarios, seed, model and NumPy are the same: please report this"
    raise CommandFailed(f"Run {run} is not the same again: {why}.")


def write_inputs(
    ledger_url: str | None, data_dir: Path, authority: str, *, known_at: str | None, run: int | None, out: Path | None
) -> None:
    """Inputs of now, as known at a moment, or of a run."""
    url = find_service("ledger", ledger_url, data_dir)
    if run is not None:
        answer = exchange("ledger", url, f"/forecasts/{quote(str(run))}/inputs", {})
    else:
        answer = exchange("ledger", url, "/forecasts/inputs", {"authority": authority, "known_at": known_at})
    if out is None:
        show_json(answer)
    else:
        sources.write(out, orjson.dumps(answer, option=orjson.OPT_SORT_KEYS))
        typer.echo(f"Written to {out}: hnb forecast --inputs {json.dumps(str(out))}", err=True)
