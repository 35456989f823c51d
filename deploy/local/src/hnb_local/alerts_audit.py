"""`hnb alerts audit`: who was told what, when, by which channel, with what evidence, and who took it on."""

import csv
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from hnb.formulas import as_words
from hnb_local.asking import ask, find_service
from hnb_local.errors import WRONG_USE, CommandFailed

EXAMPLE = "Example: hnb alerts audit --since 2026-04-01 --csv > told.csv"
PAGE = 1_000


def audit(
    since: Annotated[str, typer.Option(help="Messages queued on this day or later, for example 2026-04-01 (UTC).")],
    until: Annotated[
        str | None, typer.Option(help="Messages queued before this day; until now where not said.")
    ] = None,
    authority: Annotated[str, typer.Option(help="One council, by its ONS code; all where not said.")] = "",
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for a spreadsheet.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for a program.")] = False,
    data_dir: Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")] = Path(
        ".hnb"
    ),
    alerts_url: Annotated[
        str | None, typer.Option(help="The alerts service, where it is not the one of --data-dir.")
    ] = None,
) -> None:
    """Show who was told what, when, by which channel, and who took it on."""
    if as_csv and as_json:
        raise CommandFailed("Give --csv or --json, not both.", WRONG_USE)
    query = {"from": midnight("--since", since), "authority": authority}
    if until is not None:
        query["to"] = midnight("--until", until)
    told = _told(find_service("alerts", alerts_url, data_dir), query)
    if as_csv:
        _write_csv(told)
    elif as_json:
        from hnb_local.showing import show_json

        show_json(list(told))
    else:
        _show(told)


def midnight(option: str, day: str) -> str:
    """The first moment of a day (UTC), as a service is asked for it; CommandFailed where it is none."""
    try:
        at = date.fromisoformat(day)
    except ValueError:
        raise CommandFailed(f"{option} is no date of the form 2026-04-01.", WRONG_USE) from None
    return datetime(at.year, at.month, at.day, tzinfo=UTC).isoformat()


def _told(url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        answer = ask("alerts", url, "/deliveries", {**query, "limit": PAGE, "after": after})
        yield from answer["deliveries"]
        after = answer["next"]


def _write_csv(told: Iterator[dict[str, Any]]) -> None:
    import orjson

    def cell(value: object) -> object:
        if isinstance(value, dict):
            return orjson.dumps(value).decode()
        return as_words(value) if isinstance(value, str) else value

    writer = None
    for row in told:
        if writer is None:
            writer = csv.DictWriter(sys.stdout, list(row))
            writer.writeheader()
        writer.writerow({name: cell(value) for name, value in row.items()})


def _show(told: Iterator[dict[str, Any]]) -> None:
    from hnb_local.showing import console, plain_table

    columns = ("Queued", "Recipient", "State", "Sent", "Subject", "Acknowledged by", "Reference")
    table = plain_table("Who was told", *columns)
    for row in told:
        table.add_row(
            row["queued_at"][:16].replace("T", " "), row["recipient"], row["state"],
            (row["sent_at"] or "")[:16].replace("T", " "), row["subject"], row["acknowledged_by"] or "",
            row["reference"],
        )  # fmt: skip
    console().print(table)
