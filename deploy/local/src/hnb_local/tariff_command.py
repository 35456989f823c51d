"""`hnb import tariff`: a council's prices, all of them or none."""

from pathlib import Path
from typing import Annotated

import typer

from hnb_local.reports import LEICESTER, Authority, DataDir, Json, LedgerUrl

EXAMPLE = "Example: hnb import tariff tariff-2026-27.csv --dry-run"


def tariff(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV file: setting_id, provision, band, academic_year, amount, per, weeks."),
    ],
    authority: Authority = LEICESTER,
    author: Annotated[
        str | None, typer.Option("--author", help="Who answers for these prices: whoever is logged in, if not said.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="It is the whole tariff: years it does not name have no price any more.")
    ] = False,
    data_dir: DataDir = Path(".hnb"),
    placements_url: Annotated[
        str | None, typer.Option("--placements-url", help="The door, where it is not the one of --data-dir.")
    ] = None,
    ledger_url: LedgerUrl = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do to the position.")] = False,
    as_json: Json = False,
) -> None:
    """Import a tariff: all of its prices or, where a row is wrong, none.

    It speaks for the academic years it names. What differs makes a new version, which prices the placements that came
    without a cost; the same file again changes nothing.
    """
    from hnb_local.tariff_import import Sending, preview, take_in

    sending = Sending(file, authority, author, whole, placements_url, data_dir)
    if dry_run:
        preview(sending, ledger_url, as_json=as_json)
    else:
        take_in(sending, as_json=as_json)
