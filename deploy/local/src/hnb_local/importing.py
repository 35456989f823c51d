"""`hnb import`: what others keep in files, as events through the door."""

from pathlib import Path
from typing import Annotated

import typer

from hnb_local.benchmarking import command as benchmarking
from hnb_local.extracts import command as extracts
from hnb_local.reports import LEICESTER, Authority, DataDir, Json, LedgerUrl
from hnb_local.sen2 import command as sen2_command
from hnb_local.tariff_command import EXAMPLE as TARIFF_EXAMPLE
from hnb_local.tariff_command import tariff

EXAMPLE = "Example: hnb import payments payments-2025-10.csv --dry-run"

app = typer.Typer(help="Send what others keep in files.")


@app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command(epilog=sen2_command.EXAMPLE)(sen2_command.sen2)
app.add_typer(sen2_command.key_app, name="key")


@app.command(epilog=EXAMPLE)
def payments(
    file: Annotated[
        Path, typer.Argument(help="A CSV file: payment_id, commitment_id, financial_year, paid_on, amount.")
    ],
    authority: Authority = LEICESTER,
    source: Annotated[
        str | None, typer.Option("--source", help="Who says so: /finance/ and the authority where not said.")
    ] = None,
    data_dir: DataDir = Path(".hnb"),
    placements_url: Annotated[
        str | None, typer.Option("--placements-url", help="The door, where it is not the one of --data-dir.")
    ] = None,
    ledger_url: LedgerUrl = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    rejected: Annotated[
        Path | None,
        typer.Option(
            "--rejected", help="Where rows that are wrong are written, to mend and import: FILE.rejected.csv."
        ),
    ] = None,
    as_json: Json = False,
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


app.command("csv", epilog=extracts.EXAMPLE)(extracts.csv)
app.command(epilog=TARIFF_EXAMPLE)(tariff)
app.command("benchmarks", epilog=benchmarking.IMPORT_EXAMPLE)(benchmarking.take_in)
