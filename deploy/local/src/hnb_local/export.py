"""`hnb export`: what the ledger knows, as files for other people and other programs."""

import typer

from hnb_local import export_journal, export_statutory

app = typer.Typer(help="Write what the ledger knows to a file.")


@app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


app.command("s251", epilog=export_statutory.S251_EXAMPLE)(export_statutory.s251)
app.command("dsg-plan", epilog=export_statutory.DSG_PLAN_EXAMPLE)(export_statutory.dsg_plan)
app.command("journal", epilog=export_journal.EXAMPLE)(export_journal.journal)
