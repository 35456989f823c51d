"""`hnb import`: what others keep in files, as events through the door."""

from pathlib import Path
from typing import Annotated

import typer

EXAMPLE = "Example: hnb import payments payments-2025-10.csv --dry-run"
LEICESTER = "E06000016"

app = typer.Typer(help="Send what others keep in files.")


@app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=EXAMPLE)
def payments(
    file: Annotated[
        Path, typer.Argument(help="A CSV file: payment_id, commitment_id, financial_year, paid_on, amount.")
    ],
    authority: Annotated[str, typer.Option("--authority", help="The council, by its ONS code.")] = LEICESTER,
    source: Annotated[
        str | None, typer.Option("--source", help="Who says so: /finance/ and the authority where not said.")
    ] = None,
    data_dir: Annotated[Path, typer.Option("--data-dir", help="The folder of a running `hnb up`.")] = Path(".hnb"),
    placements_url: Annotated[
        str | None, typer.Option("--placements-url", help="The door, where it is not there.")
    ] = None,
    ledger_url: Annotated[str | None, typer.Option("--ledger-url", help="The ledger, where it is not there.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(
            "--rejected", help="Where rows that are wrong are written, to mend and import: FILE.rejected.csv."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON, for a program.")] = False,
) -> None:
    """Import finance's payments: good rows go in, wrong rows are named and written to a file of their own.

    `amount` is in pounds, or `amount_pence` in pence. The same file again changes nothing; a payment that has changed
    replaces what it was, and one that is for another commitment now is taken back from the first.
    """
    from hnb_local.paying import Books
    from hnb_local.payments_import import Import, find_books

    door, ledger = find_books(placements_url, ledger_url, data_dir, dry_run=dry_run)
    books = Books(authority, source or f"/finance/{authority}", ledger)
    done = Import(file, books, door, rejected or file.with_name(f"{file.name}.rejected.csv"), dry_run=dry_run).run()
    done.show(as_json=as_json)
    if done.rejected:
        raise typer.Exit(1)
