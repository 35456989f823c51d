"""`hnb audit`: who looked at which record of a child, when, over all three services."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from hnb.formulas import as_words
from hnb_local.alerts_audit import midnight
from hnb_local.asking import ask, find_service
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.folder import SERVICES

EXAMPLE = "Example: hnb audit --authority E06000016 --from 2026-04-01 --csv > seen.csv"
PAGE = 1_000
COLUMNS = ("at", "subject", "name", "kind", "authority", "record", "service")


def audit(
    authority: Annotated[str, typer.Option(help="One council, by its ONS code; all where not said.")] = "",
    since: Annotated[
        str | None, typer.Option("--from", help="Seen on this day or later, for example 2026-04-01 (UTC).")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Seen before this day; until now where not said.")] = None,
    record: Annotated[str, typer.Option(help="One record, by its id or pseudonym.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a spreadsheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
    data_dir: Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")] = Path(
        ".hnb"
    ),
    placements_url: Annotated[str | None, typer.Option(help="Where it is not the one of --data-dir.")] = None,
    ledger_url: Annotated[str | None, typer.Option(help="Where it is not the one of --data-dir.")] = None,
    alerts_url: Annotated[str | None, typer.Option(help="Where it is not the one of --data-dir.")] = None,
) -> None:
    """Show who looked at which record of a child, when, in which service."""
    if as_csv and as_json:
        raise CommandFailed("Give --csv or --json, not both.", WRONG_USE)
    query = {"authority": authority, "record": record}
    for name, option, day in (("from", "--from", since), ("to", "--to", until)):
        if day is not None:
            query[name] = midnight(option, day)
    given = dict(zip(SERVICES, (placements_url, ledger_url, alerts_url), strict=True))
    asked = [service for service in SERVICES if given[service]] or SERVICES
    found = [(service, find_service(service, given[service], data_dir)) for service in asked]
    seen = sorted((row for at in found for row in _seen(*at, query)), key=lambda row: str(row["at"]))
    if as_json:
        from hnb_local.showing import show_json

        show_json(seen)
    elif as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(COLUMNS)
        writer.writerows([as_words(str(row[name])) for name in COLUMNS] for row in seen)
    else:
        _show(seen)


def _seen(service: str, url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        answer = ask(service, url, "/views", {**query, "limit": PAGE, "after": after})
        yield from answer["views"]
        after = answer["next"]


def _show(seen: list[dict[str, Any]]) -> None:
    from hnb_local.showing import console, plain_table

    table = plain_table("Who looked", "When (UTC)", "Who", "What", "Authority", "Record", "Service")
    for row in seen:
        at = str(row["at"])[:16].replace("T", " ")
        table.add_row(at, row["name"], row["kind"], row["authority"], row["record"], row["service"])
    console().print(table)
