"""`hnb simulate`: the synthetic Leicester year as JSON lines, or posted to a door."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from hnb.money import pounds
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2 import making
from hnb_local.simulator import published as published_files
from hnb_local.simulator.england import ENGLAND_PLANS, councils, england_year
from hnb_local.simulator.feed import Feed, leicester_year

DEFAULT_SEED = 2025
MAX_BATCH_EVENTS = 1_000  # the contract's; not imported, as reading every event type would slow `hnb --help`
MAX_PLANS = 10_000_000
EXAMPLE = "Example: hnb simulate --seed 7 --to http://127.0.0.1:8001"


Seed = Annotated[int, typer.Option(help="The same seed gives the same events, byte for byte.")]
Out = Annotated[Path | None, typer.Option(help="Write JSON lines to this file rather than to stdout.")]
To = Annotated[str | None, typer.Option(help="Post to this placements service: http://host:port.")]
Batch = Annotated[int, typer.Option(help="Events in one request, with --to: 1 to 1000.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")]
England = Annotated[bool, typer.Option("--england", help="England's 153 councils in Leicester's place.")]
Plans = Annotated[int, typer.Option(help="With --england: how many plans there are.")]

app = typer.Typer()


@app.callback(invoke_without_command=True, epilog=EXAMPLE)
def _year(
    context: typer.Context,
    seed: Seed = DEFAULT_SEED,
    out: Out = None,
    to: To = None,
    batch: Batch = 500,
    dry_run: DryRun = False,
    england: England = False,
    plans: Plans = ENGLAND_PLANS,
) -> None:
    """Play the synthetic Leicester year 2025-26: late, twice, out of order and partly wrong, as real feeds are.

    Every event is made up. Where an authority's register is real, do not send it these.
    """
    if context.invoked_subcommand is None:
        simulate(seed, out, to, batch, dry_run, plans if england else None)


app.command("sen2", epilog=making.EXAMPLE)(making.simulate_sen2)
app.command(epilog=published_files.EXAMPLE)(published_files.published)


def simulate(
    seed: int = DEFAULT_SEED,
    out: Path | None = None,
    to: str | None = None,
    batch: int = 500,
    dry_run: bool = False,
    england_plans: int | None = None,
) -> None:
    """Writes, posts or describes the synthetic year; CommandFailed where it was asked wrongly."""
    if out is not None and to is not None:
        raise CommandFailed("Give --out or --to, not both.", WRONG_USE)
    if not 1 <= batch <= MAX_BATCH_EVENTS:
        raise CommandFailed(f"--batch is from 1 to {MAX_BATCH_EVENTS}.", WRONG_USE)
    if england_plans is not None:
        _england(england_plans, seed, out, to, batch, dry_run)
        return
    feed = leicester_year(seed)
    if dry_run:
        _describe(feed)
    elif to is not None:
        _post((delivery.event for delivery in feed.events), len(feed.events), to, batch)
    else:
        _write((delivery.event for delivery in feed.events), out)


def _england(plans: int, seed: int, out: Path | None, to: str | None, batch: int, dry_run: bool) -> None:
    if not 1 <= plans <= MAX_PLANS:
        raise CommandFailed(f"--plans is from 1 to {MAX_PLANS:,}.", WRONG_USE)
    if dry_run:
        for council in councils(plans, seed):
            typer.echo(f"{council.authority}  {council.plans:>7,} plans")
        typer.echo(f"{plans:,} plans of {len(councils(plans, seed))} councils, about {plans * 31 // 10:,} events")
    elif to is not None:
        _post(england_year(plans, seed), None, to, batch)
    else:
        _write(england_year(plans, seed), out)


def _describe(feed: Feed) -> None:
    kinds = Counter(d.event["type"] for d in feed.events if not d.malformed and not d.duplicate)
    for kind, count in sorted(kinds.items()):
        typer.echo(f"{count:>7,}  {kind}")
    expected = feed.expected
    typer.echo(
        f"{expected.accepted:>7,}  events, with {expected.duplicates:,} copies and {expected.malformed} malformed"
    )
    typer.echo("Committed and spent together in 2025-26, once all have been applied:")
    for line, pence in sorted(expected.lines.items()):
        typer.echo(f"{pounds(pence):>18}  {line}")
    typer.echo(f"{pounds(expected.total):>18}  total")


def _write(events: Iterable[Any], out: Path | None) -> None:
    try:
        with nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8") as file:
            for event in events:
                file.write(json.dumps(event) + "\n")
    except BrokenPipeError:
        raise  # the reader of stdout has gone; the command's main knows what to do
    except OSError as error:
        raise CommandFailed(f"{out} cannot be written: {error.strerror}.", WRONG_USE) from None


def _post(events: Iterable[Any], total: int | None, to: str, batch: int) -> None:
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    from hnb_local.simulator.sending import Door, in_batches

    console = Console(stderr=True)
    with Door(to, token=os.environ.get("HNB_TOKEN")) as door:
        columns = (*Progress.get_default_columns(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Posting", total=total)
            for sent in door.post_all(in_batches(events, batch)):
                progress.advance(task, sent)
        counts = ", ".join(f"{count:,} {status}" for status, count in sorted(door.results.items()))
        typer.echo(f"Posted {door.results.total():,} events to {door.url}: {counts}.")
