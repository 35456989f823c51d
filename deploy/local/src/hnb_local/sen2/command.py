"""`hnb import sen2` and `hnb import key new`. What they need is imported when they run."""

from pathlib import Path
from typing import Annotated

import typer

from hnb_local.reports import LEICESTER, Authority, DataDir, Json

EXAMPLE = "Example: hnb import sen2 sen2-2026.xml --key-file sen2.key --dry-run"
KEY_EXAMPLE = "Example: hnb import key new sen2.key"

key_app = typer.Typer(help="The key that children's pseudonyms are made with.")


@key_app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@key_app.command(epilog=KEY_EXAMPLE)
def new(
    file: Annotated[Path, typer.Argument(help="Where to write it; a file that is there is never replaced.")],
) -> None:
    """Make a key, in a file that only you can read. It is not shown.

    Keep it as long as the register, in a backup of its own: with another key every child would be a new one. Whoever
    has the key and a list of children can find out who is who.
    """
    from hnb_local.sen2.pseudonym import Key

    Key.write_new(file)
    typer.echo(f"A new key is in {file}. Keep a copy somewhere safe, and never beside the data.")


def sen2(
    path: Annotated[
        Path, typer.Argument(help="The return: its .xml file, or the folder of its Blade-Export CSV files.")
    ],
    key_file: Annotated[
        Path, typer.Option("--key-file", help="The council's key (`hnb import key new FILE` makes one).")
    ],
    authority: Authority = LEICESTER,
    lea: Annotated[
        str | None, typer.Option("--lea", help="The authority's three-digit number, to check the return against.")
    ] = None,
    data_dir: DataDir = Path(".hnb"),
    placements_url: Annotated[
        str | None, typer.Option("--placements-url", help="The door, where it is not the one of --data-dir.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference; nothing is sent.")] = False,
    alongside: Annotated[
        bool, typer.Option("--alongside", help="Even though other sources have said plans: these are other children.")
    ] = False,
    rejected: Annotated[
        Path | None, typer.Option("--rejected", help="Where to list what is wrong, by file and line; nobody is named.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Import a SEN2 return: what differs from the register is sent as events, and nothing else.

    Names, birth dates, UPNs and postcodes are read, turned into a keyed pseudonym and forgotten: they are neither sent
    nor logged. The same return again changes nothing, and an earlier one undoes nothing that a later one has said.
    Ends with 1 where records were left out, with 2 where the return is not usable and nothing was sent.
    """
    from hnb_local.asking import find_service
    from hnb_local.sen2.importing import Asked, run
    from hnb_local.sen2.pseudonym import Key

    key = Key.read(key_file)
    url = find_service("placements", placements_url, data_dir)
    done = run(Asked(path, authority, lea, key, url, rejected, dry_run, alongside))
    done.show(as_json=as_json)
    if done.faulty:
        raise typer.Exit(1)
