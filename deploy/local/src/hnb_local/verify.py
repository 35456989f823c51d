"""`hnb verify`: the ledger's books checked against their journal, and against the seals over it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnb_local.books import DATABASE_URL_HELP, find_books, open_books
from hnb_local.errors import WRONG_USE, CommandFailed

if TYPE_CHECKING:
    from rich.console import Console

    from ledger.verify import Report

EXAMPLE = "Example: hnb verify --seal 12:2ff65144436123dd9b8bd05e6db06e27d3918984adf35b980bf9fa2c7fa9d2b0"
PATIENCE_SECONDS = 10.0  # what waits to be decided again is decided within seconds


def verify(
    data_dir: Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")] = Path(
        ".hnb"
    ),
    database_url: Annotated[str | None, typer.Option(help=DATABASE_URL_HELP)] = None,
    seal: Annotated[
        str | None, typer.Option(help="A seal noted earlier, NUMBER:HASH; it must still be part of the chain.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What was found as JSON, for a program.")] = False,
) -> None:
    """Rebuild the books from their journal, check its seals, and name the first row that differs.

    Ends with status 0 when everything is in order, 1 when it is not. It changes nothing. A ledger set up with
    HNB_DEFAULT_PRICES wants the same here.
    """
    if seal is not None and not (seal.partition(":")[0].isdigit() and len(seal.partition(":")[2]) == 64):
        raise CommandFailed("--seal is not of the form NUMBER:HASH, as hnb verify prints it.", WRONG_USE)
    report = _verify(find_books(data_dir, database_url), seal)
    if as_json:
        _show_json(report)
    else:
        _show(report)
    failed = [check for check in report.checks if not check.ok]
    if failed:
        raise CommandFailed(f"The books are not in order. {failed[0].says}")


def _verify(url: str, seal: str | None) -> "Report":
    from rich.console import Console

    from hnb.memory import collect_seldom
    from ledger import verify as ledger_verify
    from ledger.settings import LedgerSettings

    settings = LedgerSettings.model_validate({"database_url": url, "broker_url": "redis://unused"})
    collect_seldom()
    with open_books(url) as engine, _progress(Console(stderr=True), ledger_verify.count_events(engine)) as advance:
        return ledger_verify.verify(engine, settings, noted=seal, patience_seconds=PATIENCE_SECONDS, advance=advance)


@contextmanager
def _progress(console: "Console", events: int) -> Iterator[Callable[[int], None]]:
    from rich.progress import Progress

    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Verifying", total=events)
        yield lambda read: progress.advance(task, read)


def _show_json(report: "Report") -> None:
    from dataclasses import asdict

    from hnb_local.showing import show_json

    show_json({"ok": report.ok, **asdict(report), "events_per_second": report.events_per_second})


def _show(report: "Report") -> None:
    from rich.text import Text

    from hnb_local.showing import console

    screen = console()
    for check in report.checks:
        mark = Text("ok      ", style="green") if check.ok else Text("FAILED  ", style="bold red")
        screen.print(mark + Text(f"{check.name}: ", style="bold") + Text(check.says))
    screen.print(
        f"Read {report.events:,} events and {report.postings:,} postings in {report.seconds:.1f} s "
        f"({report.events_per_second:,} events/s)."
    )
    if report.unsealed_events or report.unsealed_postings:
        screen.print(
            f"Not sealed yet: {report.unsealed_events:,} events and {report.unsealed_postings:,} postings. "
            "The other checks cover them too."
        )
    if report.seal:
        screen.print(Text(f"Last seal: {report.seal}"), soft_wrap=True)
        screen.print("Kept elsewhere and given back with --seal, it shows that nobody made the chain anew.")
