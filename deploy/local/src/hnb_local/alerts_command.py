"""`hnb alerts`: rules checked before they are used, and tried on what was heard in the past; nothing is ever sent."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hnb_local.alerts_audit import EXAMPLE as AUDIT_EXAMPLE
from hnb_local.alerts_audit import audit
from hnb_local.books import find_database, open_books
from hnb_local.errors import WRONG_USE, CommandFailed

if TYPE_CHECKING:
    from alerts.domain.episodes import Step
    from alerts.domain.pack import RulePack

app = typer.Typer(help="What officers are told of: check rules, and try them on the past.", no_args_is_help=True)

RulesFile = Annotated[Path | None, typer.Argument(metavar="RULES", help="A rules file; the rules shipped without one.")]
Told = tuple[datetime, "Step"]

app.command(epilog=AUDIT_EXAMPLE)(audit)


@app.command(epilog="Example: hnb alerts check rules.yaml")
def check(rules: RulesFile = None) -> None:
    """Say whether a rules file can be used, and what is wrong with it, by field. Ends with 2 where it cannot."""
    pack = _read(rules)
    for rule in pack.rules:
        told = ", ".join(rule.recipients)
        typer.echo(f"{rule.id:<24}{getattr(rule, 'condition', rule.kind):<30}told: {told}")
    typer.echo(f"{rules or 'The rules shipped'}: {len(pack.rules)} rules, all of which can be used.")


@app.command(epilog="Example: hnb alerts schema > rules.schema.json")
def schema() -> None:
    """Print the JSON Schema of a rules file, for an editor that checks as one writes."""
    from alerts.domain.pack import RulePack
    from hnb_local.showing import show_json

    show_json(RulePack.model_json_schema())


@app.command("test", epilog="Example: hnb alerts test rules.yaml --since 2025-09-01")
def try_rules(
    rules: RulesFile = None,
    since: Annotated[str, typer.Option(help="Show what would have been told from this day on: YYYY-MM-DD.")] = "",
    authority: Annotated[str, typer.Option(help="Only this council's, by its ONS code.")] = "",
    data_dir: Annotated[Path, typer.Option(help="The folder of a running `hnb up`.")] = Path(".hnb"),
    database_url: Annotated[
        str | None, typer.Option(help="The database of alerts, where it is not the one of --data-dir.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="What would have been told as JSON, for a program.")] = False,
) -> None:
    """Replay all that alerts ever heard by these rules, and show what officers would have been told. Sends nothing."""
    pack, begin = _read(rules), _moment(since)
    told = [(at, step) for at, step in _replay(pack, find_database("alerts", data_dir, database_url))
            if at >= begin and (not authority or step.episode.authority == authority)]  # fmt: skip
    if as_json:
        _show_json(told)
    else:
        _show(told, pack)


def _read(rules: Path | None) -> "RulePack":
    from alerts.rulebook import BadRules, read_rules

    try:
        return read_rules(rules)
    except BadRules as error:
        raise CommandFailed(f"{error}.", WRONG_USE) from None


def _moment(since: str) -> datetime:
    from hnb_local.cells import Wrong, iso_day

    try:
        return datetime.combine(iso_day("--since", since), time(), UTC) if since else datetime.min.replace(tzinfo=UTC)
    except Wrong as error:
        raise CommandFailed(f"{error}.", WRONG_USE) from None


def _replay(pack: "RulePack", url: str) -> Iterator[Told]:
    from alerts import history
    from alerts.domain.replay import Replay

    with open_books(url) as engine, _progress(history.count(engine)) as advance:

        def counted() -> Iterator[object]:
            for event in history.heard(engine):
                advance()
                yield event

        yield from Replay(pack.rules).play(counted(), datetime.now(UTC))  # type: ignore[arg-type]


@contextmanager
def _progress(events: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Replaying", total=events)
        yield lambda: progress.advance(task)


def _show_json(told: list[Told]) -> None:
    from hnb_local.showing import show_json

    show_json(
        [
            {
                "at": at.isoformat(), "change": step.change, "alert_id": step.episode.id, "rule": step.episode.rule,
                "severity": step.episode.severity, "evidence": step.evidence.model_dump(mode="json", exclude_none=True),
            }
            for at, step in told
        ]
    )  # fmt: skip


def _show(told: list[Told], pack: "RulePack") -> None:
    from collections import Counter

    from alerts.domain.messages import compose

    for at, step in told:
        subject = compose(step, "", "").subject.removeprefix("HNB alert, ")
        typer.echo(f"{at.astimezone(UTC):%Y-%m-%d %H:%M}  {step.episode.authority}  {step.episode.rule:<22}{subject}")
    counted = Counter(step.episode.rule for _, step in told)
    messages = ", ".join(f"{rule} {times}" for rule, times in counted.most_common()) or "none"
    typer.echo(f"{len(told):,} messages by {len(pack.rules)} rules: {messages}. Nothing was sent.")
