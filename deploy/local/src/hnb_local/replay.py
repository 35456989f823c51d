"""`hnb replay`: what was set aside, or was lost on the way, sent on its way again; repetition changes nothing."""

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from hnb_local.asking import ask, exchange, find_service, logged_in
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.folder import SERVICES
from hnb_local.showing import add_row, console, plain_table, show_json

DEAD_LETTERS_EXAMPLE = "Example: hnb replay dead-letters --service ledger --reason 'division by zero' --yes"
JOURNAL_EXAMPLE = "Example: hnb replay journal --since 2025-11-03T06:00:00Z --yes"
POSITIONS_EXAMPLE = "Example: hnb replay positions --yes"
PAGE = 1_000
SHOWN = 50
UNSETTLED_AT_MOST = 20_000  # on their way; beyond it we wait, so that the broker need not hold the whole journal
PAUSE_SECONDS = 0.5
NOTHING_YET = "Nothing was sent. Add --yes to send it."
TOOK_EFFECT = ("accepted", "duplicate")

app = typer.Typer(help="Send again what was set aside or lost on the way. A repeated event changes nothing.")

DataDir = Annotated[Path, typer.Option("--data-dir", help="The folder of a running `hnb up`.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it. Without this it is only said what would be done.")]
Json = Annotated[bool, typer.Option("--json", help="What was done, or would be, as JSON for a program.")]
PlacementsUrl = Annotated[
    str | None, typer.Option("--placements-url", help="Placements, where it is not the one of --data-dir.")
]
LedgerUrl = Annotated[
    str | None, typer.Option("--ledger-url", help="The ledger, where it is not the one of --data-dir.")
]
AlertsUrl = Annotated[str | None, typer.Option("--alerts-url", help="Alerts, where it is not the one of --data-dir.")]


@app.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("dead-letters", epilog=DEAD_LETTERS_EXAMPLE)
def dead_letters(
    service: Annotated[
        list[str] | None, typer.Option(help="placements, ledger or alerts; may be given more than once. All if not.")
    ] = None,
    number: Annotated[
        list[int] | None, typer.Option("--id", help="Only the letter of this number; may be given more than once.")
    ] = None,
    stream: Annotated[str | None, typer.Option(help="Only what came from this stream (`http`: from the door).")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those with these words in their reason.")] = None,
    since: Annotated[str | None, typer.Option(help="Only those set aside since, as 2025-11-03T06:00:00Z.")] = None,
    by: Annotated[str | None, typer.Option(help="Who does it: whoever is logged in, if not said.")] = None,
    data_dir: DataDir = Path(".hnb"), placements_url: PlacementsUrl = None, ledger_url: LedgerUrl = None,
    alerts_url: AlertsUrl = None, yes: Yes = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Try again what could not be applied, once what was wrong with it is mended.

    Ends with status 1 where a letter did not take effect. Who tried, when, and what came of it is kept.
    """
    wanted = service or list(SERVICES)
    if set(wanted) - set(SERVICES):
        raise CommandFailed(f"--service is one of {', '.join(SERVICES)}.", WRONG_USE)
    if number and len(wanted) != 1:
        raise CommandFailed("--id is a letter of one service: give --service.", WRONG_USE)
    given = dict(zip(SERVICES, (placements_url, ledger_url, alerts_url), strict=True))
    urls = {name: find_service(name, given[name], data_dir) for name in wanted}
    query = {"stream": stream, "reason": reason, "since": since}
    found = [letter for name, url in urls.items() for letter in _letters(name, url, query, number)]
    if yes:
        _try_again(found, urls, by or logged_in(), as_json=as_json)
    _show_letters(found, yes=yes, as_json=as_json)
    if yes and any(letter["outcome"] not in TOOK_EFFECT for letter in found):
        raise typer.Exit(1)


def _letters(service: str, url: str, query: dict[str, str | None], numbers: list[int] | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = ask(service, url, "/dead-letters", {**query, "after": after, "limit": PAGE})
        found += [{"service": service, **letter} for letter in page["letters"]]
        after = page["next"]
    return [letter for letter in found if not numbers or letter["id"] in numbers]


def _try_again(letters: list[dict[str, Any]], urls: dict[str, str], by: str, *, as_json: bool) -> None:
    for done, letter in enumerate(letters, 1):
        service = letter["service"]
        path = f"/dead-letters/{letter['id']}/replay"
        letter |= exchange(service, urls[service], path, {}, body={"by": by})
        if not as_json and letter["outcome"] not in TOOK_EFFECT:
            typer.echo(f"{service} {letter['id']}: {letter['outcome']}: {letter['detail']}", err=True)
        if not as_json and done % PAGE == 0:
            typer.echo(f"{done:,} of {len(letters):,}", err=True)


def _show_letters(letters: list[dict[str, Any]], *, yes: bool, as_json: bool) -> None:
    if as_json:
        show_json({"letters": letters, "replayed": yes})
        return
    if not letters:
        typer.echo("No dead letter waits.")
        return
    table = plain_table("Dead letters", "Service", "Id", "Set aside", "From", "Event", "Reason", "Outcome")
    for letter in letters[:SHOWN]:
        event = letter["event"] or {}
        named = f"{event.get('type', 'no event')} {event.get('source', '')} {event.get('id', '')}".strip()
        add_row(
            table, letter["service"], str(letter["id"]), letter["buried_at"][:19], letter["stream"], named,
            letter["reason"][:200], letter.get("outcome", "waiting"),
        )  # fmt: skip
    console().print(table)
    if len(letters) > SHOWN:
        typer.echo(f"The first {SHOWN} are above.")
    counted = Counter(letter.get("outcome", "waiting") for letter in letters)
    typer.echo(f"{len(letters):,} dead letters: " + ", ".join(f"{n:,} {what}" for what, n in counted.items()) + ".")
    if not yes:
        typer.echo(NOTHING_YET)


@app.command(epilog=JOURNAL_EXAMPLE)
def journal(
    authority: Annotated[str | None, typer.Option(help="Only this council's, by its ONS code.")] = None,
    source: Annotated[str | None, typer.Option(help="Only what this source sent.")] = None,
    id: Annotated[str | None, typer.Option(help="Only the event of this id, with --source.")] = None,
    type: Annotated[str | None, typer.Option(help="Only a type (placement-made) or a family (placement).")] = None,
    since: Annotated[str | None, typer.Option(help="Accepted then or later, as 2025-11-03T06:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(help="Accepted before then.")] = None,
    data_dir: DataDir = Path(".hnb"), placements_url: PlacementsUrl = None, yes: Yes = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Send any part of the placements journal to the streams again: what a ledger has lost comes back to it.

    Whatever the ledger has on record already changes nothing, and nobody is told of it a second time.
    """
    url = find_service("placements", placements_url, data_dir)
    part = {"authority": authority, "source": source, "id": id, "type": type, "since": since, "until": until}
    found = ask("placements", url, "/journal", part)
    sent = _send_journal(url, part, found["events"], as_json=as_json) if yes else 0
    if as_json:
        show_json({**found, "sent": sent})
        return
    types = ", ".join(f"{number:,} {kind[4:].rpartition('.')[0]}" for kind, number in found["types"].items())
    typer.echo(f"{found['events']:,} events of the journal{': ' if types else ''}{types}.")
    typer.echo(f"{sent:,} are on their way again." if yes else NOTHING_YET)


def _send_journal(url: str, part: dict[str, str | None], events: int, *, as_json: bool) -> int:
    sent, after = 0, ""
    while True:
        page = exchange("placements", url, "/journal/replay", {**part, "after": after}, body={})
        sent, after = sent + page["events"], page["next"]
        if after is None:
            return int(sent)
        if not as_json and sent % (10 * PAGE) == 0:
            typer.echo(f"{sent:,} of {events:,}", err=True)
        while page["unsettled"] > UNSETTLED_AT_MOST:
            time.sleep(PAUSE_SECONDS)
            page = exchange("placements", url, "/journal/replay", {"until": "1970-01-01T00:00:00Z"}, body={})


@app.command(epilog=POSITIONS_EXAMPLE)
def positions(
    data_dir: DataDir = Path(".hnb"), placements_url: PlacementsUrl = None, ledger_url: LedgerUrl = None,
    yes: Yes = False, as_json: Json = False,
) -> None:  # fmt: skip
    """Have every position and condition said again as it stands: after a backup was restored, so that alerts know it.

    Where a figure is what alerts knows already, nobody is told anything.
    """
    urls = {"ledger": ledger_url, "placements": placements_url}
    found = {name: find_service(name, url, data_dir) for name, url in urls.items()}
    if not yes:
        typer.echo("The ledger would say every line of every position again, and both services their conditions.")
        typer.echo(NOTHING_YET)
        return
    said = exchange("ledger", found["ledger"], "/positions/replay", {}, body={})
    of_ledger, of_placements = (
        exchange(name, url, "/conditions/replay", {}, body={})["conditions"] for name, url in found.items()
    )
    if as_json:
        show_json({**said, "conditions": of_ledger + of_placements})
    else:
        typer.echo(f"{said['lines']:,} lines and {of_ledger + of_placements:,} conditions are being said again.")
