"""`hnb import benchmarks` and `hnb report benchmarks`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hnb_local.reports import LEICESTER, Authority, DataDir, Json, LedgerUrl

IMPORT_EXAMPLE = "Example: hnb import benchmarks education-health-and-care-plans_2025.zip neighbours.csv --yes"
REPORT_EXAMPLE = 'Example: hnb report benchmarks --comparator Derby --comparator "Bristol, City of"'
Growth = Annotated[int | None, typer.Option(min=1990, max=2099, help="A financial year, by the year it starts in.")]


def take_in(
    files: Annotated[list[Path], typer.Argument(help="Published CSV files, or zips of them, as downloaded.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Import them. Without it, only what would change is shown.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Import a file though its very bytes were imported before.")
    ] = False,
    by: Annotated[str | None, typer.Option(help="Who imports: whoever is logged in, if not said.")] = None,
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Import government's published files about councils: EHC plans, SEN pupils, Section 251, appeals, population.

    A file is known by its columns. If one cannot be taken, none is. The same file again changes nothing; a
    newer edition replaces figures and keeps those before.
    """
    from hnb_local.asking import find_service, logged_in
    from hnb_local.benchmarking import importing
    from hnb_local.showing import show_json

    found = importing.read_files(files)
    url = find_service("ledger", ledger_url, data_dir)
    done = importing.take_in(found, importing.Sending(url, by or logged_in(), yes, again))
    if as_json:
        show_json(asdict(done))
        return
    for words in importing.in_words(done):
        typer.echo(words)


def report(
    comparator: Annotated[
        list[str] | None,
        typer.Option(help="A council by name or ONS code, again for each; the statistical neighbours if not said."),
    ] = None,
    from_year: Growth = None,
    to_year: Growth = None,
    authority: Authority = LEICESTER,
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Show a council beside others: rates by head, and how much of its growth is caseload and how much price."""
    from hnb_local.asking import ask, find_service
    from hnb_local.benchmarking.view import benchmarks_view
    from hnb_local.showing import console, show_json

    query = {"authority": authority, "comparators": comparator or None, "from_year": from_year, "to_year": to_year}
    answer = ask("ledger", find_service("ledger", ledger_url, data_dir), "/comparisons", query)
    if as_json:
        show_json(answer)
    else:
        console().print(benchmarks_view(answer))
