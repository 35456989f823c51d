"""`hnb simulate`: the synthetic Leicester year as JSON lines, or posted to a door."""

import json
import os
import sys
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from hnb.money import pounds
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2 import making
from hnb_local.simulator.feed import Feed, leicester_year

DEFAULT_SEED = 2025
MAX_BATCH_EVENTS = 1_000  # the contract's; not imported, as reading every event type would slow `hnb --help`
EXAMPLE = "Example: hnb simulate --seed 7 --to http://127.0.0.1:8001"


Seed = Annotated[int, typer.Option(help="The same seed gives the same events, byte for byte.")]
Out = Annotated[Path | None, typer.Option(help="Write JSON lines to this file rather than to stdout.")]
To = Annotated[str | None, typer.Option(help="Post to this placements service: http://host:port.")]
Batch = Annotated[int, typer.Option(help="Events in one request, with --to: 1 to 1000.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")]

app = typer.Typer()


@app.callback(invoke_without_command=True, epilog=EXAMPLE)
def _year(
    context: typer.Context,
    seed: Seed = DEFAULT_SEED,
    out: Out = None,
    to: To = None,
    batch: Batch = 500,
    dry_run: DryRun = False,
) -> None:
    """Play the synthetic Leicester year 2025-26: late, twice, out of order and partly wrong, as real feeds are.

    Every event is made up. Where an authority's register is real, do not send it these.
    """
    if context.invoked_subcommand is None:
        simulate(seed, out, to, batch, dry_run)


app.command("sen2", epilog=making.EXAMPLE)(making.simulate_sen2)


def simulate(
    seed: int = DEFAULT_SEED,
    out: Path | None = None,
    to: str | None = None,
    batch: int = 500,
    dry_run: bool = False,
) -> None:
    """Writes, posts or describes the synthetic year; CommandFailed where it was asked wrongly."""
    if out is not None and to is not None:
        raise CommandFailed("Give --out or --to, not both.", WRONG_USE)
    if not 1 <= batch <= MAX_BATCH_EVENTS:
        raise CommandFailed(f"--batch is from 1 to {MAX_BATCH_EVENTS}.", WRONG_USE)
    feed = leicester_year(seed)
    if dry_run:
        _describe(feed)
    elif to is not None:
        _post(feed, to, batch)
    else:
        _write(feed, out)


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


def _write(feed: Feed, out: Path | None) -> None:
    try:
        with nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8") as file:
            for delivery in feed.events:
                file.write(json.dumps(delivery.event) + "\n")
    except BrokenPipeError:
        raise  # the reader of stdout has gone; the command's main knows what to do
    except OSError as error:
        raise CommandFailed(f"{out} cannot be written: {error.strerror}.", WRONG_USE) from None


def _post(feed: Feed, to: str, batch: int) -> None:
    from rich.console import Console
    from rich.progress import Progress

    from hnb_local.simulator.sending import Door, in_batches

    console = Console(stderr=True)
    with Door(to, token=os.environ.get("HNB_TOKEN")) as door:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("Posting", total=len(feed.events))
            for deliveries in in_batches(feed.events, batch):
                door.post([delivery.event for delivery in deliveries])
                progress.advance(task, len(deliveries))
        counts = ", ".join(f"{count:,} {status}" for status, count in sorted(door.results.items()))
        typer.echo(f"Posted {len(feed.events):,} events to {door.url}: {counts}.")
