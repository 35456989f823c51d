"""`hnb tokens`: the bearer tokens of placements, made and ended in the database itself."""

from pathlib import Path
from typing import Annotated

import typer

from hnb_local.books import find_database

SETTINGS = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def tokens(
    context: typer.Context,
    data_dir: Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")] = Path(
        ".hnb"
    ),
    database_url: Annotated[
        str | None, typer.Option(help="The database of placements, where it is not the one of --data-dir.")
    ] = None,
) -> None:
    """Make, list and revoke the tokens that let case systems in (hnb tokens --help)."""
    from placements.tokens.issuing import run

    status = run(context.args, "hnb tokens", lambda: find_database("placements", data_dir, database_url))
    if status:
        raise typer.Exit(status)
