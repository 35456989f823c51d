"""The `hnb` command. What a command needs is imported when it runs, so that `hnb --help` answers at once."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from hnb_local import (
    alerts_command,
    demo,
    export,
    importing,
    publishing,
    recovery_command,
    replay,
    reports,
    trail,
    verify,
)
from hnb_local import tokens as tokens_command
from hnb_local.errors import COULD_NOT, WRONG_USE, CommandFailed
from hnb_local.forecasting import command as forecasting_command
from hnb_local.simulator import command as simulator

LEICESTER = "E06000016"

app = typer.Typer(
    help="HNB Ledger: what a council has committed against its High Needs Block, to the penny.",
    add_completion=False,
    pretty_exceptions_enable=False,
)

DataDir = Annotated[Path, typer.Option("--data-dir", help="The folder that holds everything: data, logs, addresses.")]
LedgerUrl = Annotated[
    str | None, typer.Option("--ledger-url", help="The ledger, where it is not the one of --data-dir.")
]
Authority = Annotated[str, typer.Option("--authority", help="The council, by its ONS code.")]
Json = Annotated[bool, typer.Option("--json", help="The ledger's answer as JSON, for a program.")]


@app.callback(invoke_without_command=True)
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog="Example: hnb up --data-dir /srv/hnb")
def up(
    data_dir: DataDir = Path(".hnb"),
    broker_url: Annotated[
        str | None,
        typer.Option(envvar="HNB_UP_BROKER_URL", help="An existing Valkey 8+ or Redis 7.2+: redis://:password@host/0."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="HNB_UP_DATABASE_URL",
            help="An existing PostgreSQL server, with a role that may create databases: postgresql://role:password@host/.",
        ),
    ] = None,
    port_base: Annotated[
        int | None,
        typer.Option(min=1, max=65533, help="The port of placements; the ledger and alerts take the next two."),
    ] = None,
) -> None:
    """Start the whole system, and keep it up until Ctrl-C."""
    from hnb_local.up import run

    run(data_dir, broker_url=broker_url, database_url=database_url, port_base=port_base)


app.command(epilog=demo.EXAMPLE)(demo.demo)
app.add_typer(simulator.app, name="simulate")
app.command(epilog=verify.EXAMPLE)(verify.verify)
app.command(epilog=trail.EXAMPLE)(trail.audit)
app.command(context_settings=tokens_command.SETTINGS)(tokens_command.tokens)
app.add_typer(alerts_command.app, name="alerts")
app.add_typer(export.app, name="export")
app.add_typer(forecasting_command.app, name="forecast")
app.add_typer(importing.app, name="import")
app.add_typer(recovery_command.app, name="recovery")
app.add_typer(replay.app, name="replay")
app.add_typer(publishing.app, name="report")
app.command(epilog="Example: hnb explain PL-1042, or hnb explain --line special --year 2025")(reports.explain)
app.command(epilog="Example: hnb changes --from 2025-09-30T17:00:00Z --to 2025-10-31T17:00:00Z")(reports.changes)
app.command(epilog="Example: hnb profile --year 2025")(reports.profile)
app.command(epilog="Example: hnb exceptions --year 2025 --on 2026-04-30")(reports.exceptions)
app.command(epilog="Example: hnb waiting")(reports.waiting)


@app.command(epilog="Example: hnb position --year 2025")
def position(
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
    authority: Authority = LEICESTER,
    financial_year: reports.Year = None,
    known_at: Annotated[
        str | None, typer.Option(help="As it was known at that time, for example 2025-09-30T17:00:00Z.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show where the money of a financial year stands, line by line."""
    from hnb_local.asking import ask, find_service
    from hnb_local.position import position_table
    from hnb_local.showing import WIDE_COLUMNS, console, show_json

    query = {"authority": authority, "financial_year": financial_year, "known_at": known_at}
    answer = ask("ledger", find_service("ledger", ledger_url, data_dir), "/positions", query)
    if as_json:
        show_json(answer)
    else:
        screen = console()
        screen.print(position_table(answer, wide=screen.width >= WIDE_COLUMNS))


def main() -> None:
    """Runs a command: status 0, or one sentence on stderr and 1 (could not) or 2 (asked wrongly)."""
    try:
        status = app(standalone_mode=False)
    except CommandFailed as failure:
        _end(str(failure), failure.status)
    except TyperException as wrong:
        _end(wrong.format_message(), WRONG_USE)
    except typer.Abort:
        _end("Stopped.", COULD_NOT)
    except BrokenPipeError:  # the reader of our output has gone, as in `hnb position | head -1`
        sys.stderr.close()
        sys.exit(COULD_NOT)
    sys.exit(status if isinstance(status, int) else 0)


def _end(sentence: str, status: int) -> None:
    typer.echo(sentence, err=True)
    sys.exit(status)
