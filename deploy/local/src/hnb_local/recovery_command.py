"""`hnb recovery`: a recovery plan's next version, a review of it, and the plan beside what was measured."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hnb_local.reports import LEICESTER, Authority, DataDir, Json, KnownAt, LedgerUrl, Year

app = typer.Typer(help="Keep a recovery plan and its reviews, and see it beside what was measured.",
                  no_args_is_help=True)  # fmt: skip

PLAN_EXAMPLE = "Example: hnb recovery plan plan.yaml, and once it is right: hnb recovery plan plan.yaml --write"
REVIEW_EXAMPLE = "Example: hnb recovery review review.yaml --write"
SHOW_EXAMPLE = "Example: hnb recovery show --year 2025"
MOST_CHANGES = 40

File = Annotated[Path, typer.Argument(help="A YAML file, as docs/recovery.md describes it.")]
By = Annotated[str | None, typer.Option(help="Who answers for it: whoever is logged in, if not said.")]
Write = Annotated[bool, typer.Option("--write", help="Keep it. Nothing can take it back; a later one can follow.")]


@app.command(epilog=PLAN_EXAMPLE)
def plan(
    file: File, by: By = None, write: Write = False, data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show what a plan changes of the version in force; with --write, keep it as the next version."""
    from hnb_local.showing import add_row, console, plain_table, show_json

    answer = _hand_in("plans", file, by, write, ledger_url, data_dir)
    if as_json:
        show_json(answer)
        return
    changes = answer["changes"]
    table = plain_table(f"{answer['title']}: what version {answer['number']} changes", "Field", "Before", "Now")
    for one in changes[:MOST_CHANGES]:
        add_row(table, one["field"], one["before"], one["after"])
    console().print(table)
    if len(changes) > MOST_CHANGES:
        typer.echo(f"and {len(changes) - MOST_CHANGES} more fields (--json shows all)")
    for name in answer["unknown_scenarios"]:
        typer.echo(f"The last forecast has no scenario {name}: its saving will not be shown.")
    typer.echo(_kept(answer, f"version {answer['number']} of the plan"))


@app.command(epilog=REVIEW_EXAMPLE)
def review(
    file: File, by: By = None, write: Write = False, data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Check a review and show the decisions open after it; with --write, keep it."""
    from hnb_local.showing import add_row, console, plain_table, show_json

    answer = _hand_in("reviews", file, by, write, ledger_url, data_dir)
    if as_json:
        show_json(answer)
        return
    held = answer["review"]
    typer.echo(f"Review of {held['held_on']}, {held['rating']}: {held['summary']} Next: {held['next_review']}.")
    table = plain_table("Decisions due after it", "Decision", "Owner", "Due")
    for one in answer["still_open"]:
        add_row(table, one["text"], one["owner"], one["due"])
    console().print(table)
    typer.echo(_kept(answer, f"review {answer['number']}"))


@app.command(epilog=SHOW_EXAMPLE)
def show(
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER,
    financial_year: Year = None, known_at: KnownAt = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show the plan in force beside what the ledger measured."""
    from hnb_local.asking import ask, find_service
    from hnb_local.showing import add_row, console, money, plain_table, show_json

    query = {"authority": authority, "financial_year": financial_year, "known_at": known_at}
    answer = ask("ledger", find_service("ledger", ledger_url, data_dir), "/recovery", query)
    if as_json:
        show_json(answer)
        return
    table = plain_table(f"{answer['title']}, version {answer['version']}", "Measure", "Owner", "Planned to date",
                        "Lines moved by", "KPI")  # fmt: skip
    for one in [*answer["measures"], {"title": "All, each line once", "owner": "", **answer["total"]}]:
        amounts = [money(one[name], whole=True) for name in ("planned_to_date_pence", "moved_to_date_pence")]
        add_row(table, one["title"], one["owner"], *amounts, one["kpi"]["status"] if "kpi" in one else "")
    console().print(table)
    typer.echo(answer["cannot_say"])


def _hand_in(what: str, file: Path, by: str | None, write: bool, ledger_url: str | None, data_dir: Path) -> Any:
    from hnb_local.asking import exchange, find_service, logged_in
    from hnb_local.errors import WRONG_USE, CommandFailed
    from hnb_local.forecasting.sources import read

    try:
        written = read(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} is no text in UTF-8: save it as such.", WRONG_USE) from None
    body = {"written": written, "name": str(file)[-200:], "by": by or logged_in(), "dry_run": not write}
    return exchange("ledger", find_service("ledger", ledger_url, data_dir), f"/recovery/{what}", {}, body=body)


def _kept(answer: Any, what: str) -> str:
    if answer["kept"]:
        return f"Kept as {what}, at /recovery-plan/{answer['authority']} of the ledger."
    return f"Nothing was kept. Add --write to keep it as {what}."
