"""`hnb import csv`: a council's own extracts, by a mapping."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.reports import LEICESTER, DataDir

EXAMPLE = "Example: hnb import csv placements.csv --mapping placements.toml --dry-run"


def csv(
    extract: Annotated[Path | None, typer.Argument(help="The CSV file: rows of one event type.")] = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", help="What its columns and codes mean, in TOML.")] = None,
    check: Annotated[
        Path | None, typer.Option("--check", help="Only say whether this mapping can be used, and all that is wrong.")
    ] = None,
    template: Annotated[
        str | None, typer.Option("--template", help="Print a mapping to begin with, for an event type: placement-made.")
    ] = None,
    authority: Annotated[
        str | None, typer.Option("--authority", help="The council, by its ONS code; the mapping's, or Leicester's.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Who says so; the mapping's, or /extracts/ and the authority.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", help="When the extract was taken, YYYY-MM-DD or with a time: an old one undoes nothing."
        ),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="The council's key, where the mapping makes pseudonyms.")
    ] = None,
    data_dir: DataDir = Path(".hnb"),
    placements_url: Annotated[
        str | None, typer.Option("--placements-url", help="The door, where it is not the one of --data-dir.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    rejected: Annotated[
        Path | None,
        typer.Option("--rejected", help="Where wrong rows are written, to mend and import: EXTRACT.rejected.csv."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON, for a program.")] = False,
) -> None:
    """Import a council's own extract: good rows go in as events, wrong rows are named and set aside.

    The same extract again changes nothing; a row that has changed replaces what it said before.
    """
    asked = [name for name, given in (("EXTRACT", extract), ("--check", check), ("--template", template)) if given]
    if len(asked) != 1:
        raise CommandFailed("Give one of EXTRACT, --check MAPPING and --template EVENT.", WRONG_USE)
    if template is not None:
        from hnb_local.extracts.template import template as mapping_to_begin_with

        typer.echo(mapping_to_begin_with(template), nl=False)
        return
    from hnb_local.extracts.checking import load

    if check is not None:
        read = load(check)
        typer.echo(f"{check} makes {read.event} of {len(read.columns())} columns: {', '.join(read.columns())}.")
        return
    assert extract is not None
    if mapping is None:
        raise CommandFailed("Give --mapping: --template EVENT prints one to begin with.", WRONG_USE)
    from hnb_local.extracts.feeding import Given, prepare

    given = Given(authority, source, moment(as_of), key_file, placements_url, data_dir, rejected, dry_run)
    done = prepare(extract, load(mapping), given, LEICESTER).run()
    done.show(as_json=as_json)
    if done.rejected:
        raise typer.Exit(1)


def moment(said: str | None) -> datetime | None:
    """What --as-of says: noon where it is a day, and British time where no zone is said; CommandFailed otherwise."""
    if said is None:
        return None
    from hnb_local.extracts.dates import COUNCIL_TIME

    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise CommandFailed("--as-of is written YYYY-MM-DD or YYYY-MM-DDTHH:MM.", WRONG_USE) from None
    now = datetime.now(UTC)
    if len(said) == len("YYYY-MM-DD"):
        noon = datetime.combine(date.fromisoformat(said), time(12), UTC)
        at = now if noon.date() == now.date() else noon  # of today's: no moment of it that is still to come
    at = (at if at.tzinfo else at.replace(tzinfo=COUNCIL_TIME)).astimezone(UTC)
    if at > now:
        raise CommandFailed("--as-of is still to come: it is when the extract was taken.", WRONG_USE)
    return at
