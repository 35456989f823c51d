"""`hnb report`: the yearly public summary as files, its next edition, and the packs of those who review a plan."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hnb_local.benchmarking import command as benchmarking

app = typer.Typer(help="Write reports for the public and for committees.", no_args_is_help=True)

PUBLIC_EXAMPLE = "Example: hnb report public --year 2025 --out summary"
PUBLISH_EXAMPLE = 'Example: hnb report publish --year 2025 --name "Leicester City Council" --by "Director of Finance"'
PACK_EXAMPLE = "Example: hnb report pack --for scrutiny --year 2025 --out packs"
MOST_CHANGES = 20

Year = Annotated[int, typer.Option(min=1990, max=2099, help="The financial year, by the year it starts in.")]
Authority = Annotated[str, typer.Option(help="The council, by its ONS code.")]
DataDir = Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")]
LedgerUrl = Annotated[str | None, typer.Option(help="The ledger, where it is not the one of --data-dir.")]
Json = Annotated[bool, typer.Option("--json", help="The ledger's answer as JSON, for a program.")]

app.command("benchmarks", epilog=benchmarking.REPORT_EXAMPLE)(benchmarking.report)


@app.command(epilog=PUBLIC_EXAMPLE)
def public(
    year: Year,
    out: Annotated[Path, typer.Option(help="The folder the files go to.")] = Path(),
    edition: Annotated[int | None, typer.Option(min=1, help="An edition's number; the newest if not said.")] = None,
    authority: Authority = "E06000016",
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
) -> None:
    """Write a published summary as HTML, PDF and CSV."""
    from hnb_local.asking import ask, find_service

    url = find_service("ledger", ledger_url, data_dir)
    query = {} if edition is None else {"edition": edition}
    found = ask("ledger", url, f"/public/{authority}/{year}/document", query)
    name = f"high-needs-{authority}-{year}-edition-{found['number']}"
    _write(found["document"], _subtitle(found), out, name)


@app.command(epilog=PUBLISH_EXAMPLE)
def publish(
    year: Year,
    name: Annotated[str, typer.Option(help="The council as its readers call it.")],
    by: Annotated[str, typer.Option(help="Who answers for the publication.")],
    draft: Annotated[Path | None, typer.Option(help="Write what would be published to this folder.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Publish it. Nothing can take it back.")] = False,
    authority: Authority = "E06000016",
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
    as_json: Json = False,
) -> None:
    """Show what the next edition of the public summary says and changes; with --yes, publish it."""
    from hnb_local.asking import exchange, find_service
    from hnb_local.showing import show_json

    body = {"authority": authority, "financial_year": year, "name": name, "by": by, "dry_run": not yes}
    answer = exchange("ledger", find_service("ledger", ledger_url, data_dir), "/editions", {}, body=body)
    if as_json:
        show_json(answer)
    else:
        _say(answer)
    if draft is not None:
        _write(
            answer["document"],
            _subtitle(answer) if yes else f"DRAFT, not published. {_subtitle(answer)}",
            draft,
            "draft",
        )


class PackFor(StrEnum):
    """The bodies a pack is made for."""

    SCHOOLS_FORUM = "schools-forum"
    SCRUTINY = "scrutiny"
    ADVISORY_GROUP = "advisory-group"


@app.command(epilog=PACK_EXAMPLE)
def pack(
    body: Annotated[PackFor, typer.Option("--for", help="Who the pack is for.")],
    year: Annotated[int | None, typer.Option(min=1990, max=2099, help="The financial year; this one if not said.")] = (
        None
    ),
    out: Annotated[Path, typer.Option(help="The folder the pack's own folder is made in.")] = Path(),
    known_at: Annotated[str | None, typer.Option(help="As known at that time: 2025-09-30T17:00:00Z.")] = None,
    authority: Authority = "E06000016",
    data_dir: DataDir = Path(".hnb"),
    ledger_url: LedgerUrl = None,
) -> None:
    """Write a body's pack as HTML, PDF and CSV: position, reserve, recovery plan, exceptions, decisions due."""
    from datetime import datetime

    from hnb.words import moment
    from hnb_local.asking import ask, find_service

    query = {"authority": authority, "for": body.value, "financial_year": year, "known_at": known_at}
    found = ask("ledger", find_service("ledger", ledger_url, data_dir), "/recovery/pack", query)
    name = f"{body.value}-{authority}-{found['financial_year']}"
    subtitle = f"As known at {moment(datetime.fromisoformat(found['known_at']))}."
    _write(found["document"], subtitle, out / name, name)


def _subtitle(edition: Any) -> str:
    from datetime import datetime

    from hnb.words import moment

    return f"Edition {edition['number']}, as known at {moment(datetime.fromisoformat(edition['known_at']))}."


def _write(document: Any, subtitle: str, folder: Path, name: str) -> None:
    from hnb_local.documents import write
    from ledger.domain.documents import Document

    for path in write(Document.model_validate(document), subtitle, folder, name):
        typer.echo(f"Wrote {path}.")


def _say(answer: Any) -> None:
    typer.echo(answer["document"]["title"])
    for one in answer["document"]["headlines"]:
        typer.echo(f"  {one['title']}: {one['figure']}")
    kept = answer["kept_back"]
    typer.echo(
        f"{_subtitle(answer)} Kept back, so that nobody can be told from it: "
        f"{kept['counts']} counts and {kept['pounds']} amounts of {answer['groups']} groups."
    )
    changes = answer["changes"]
    if changes:
        typer.echo(f"{len(changes)} figures change from the edition before:")
    for one in changes[:MOST_CHANGES]:
        typer.echo(f"  {one['where']}: {one['row']}, {one['column']}: {one['before']} → {one['after']}")
    if len(changes) > MOST_CHANGES:
        typer.echo(f"  and {len(changes) - MOST_CHANGES} more (--json shows all)")
    where = f"/public/{answer['authority']}/{answer['financial_year']}"
    typer.echo(
        f"Published, at {where} of the ledger." if answer["published"] else
        "Nothing was published. Add --yes to publish it: it is frozen then, and nothing can take it back."
    )  # fmt: skip
