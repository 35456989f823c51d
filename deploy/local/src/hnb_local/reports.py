"""`hnb waiting`, `exceptions`, `changes`, `profile` and `explain`: what finance asks the ledger beyond the position."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from hnb_local.errors import WRONG_USE, CommandFailed

LEICESTER = "E06000016"
PAGE, LARGE_PAGE = 1_000, 10_000

DataDir = Annotated[Path, typer.Option("--data-dir", help="The folder of a running `hnb up`.")]
LedgerUrl = Annotated[
    str | None, typer.Option("--ledger-url", help="The ledger, where it is not the one of --data-dir.")
]
Authority = Annotated[str, typer.Option("--authority", help="The council, by its ONS code.")]
Year = Annotated[
    int | None,
    typer.Option("--year", "--financial-year", min=1990, max=2099, help="The year it starts in; this one if not said."),
]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="As known then, for example 2025-09-30T17:00:00Z.")]
Json = Annotated[bool, typer.Option("--json", help="The ledger's answer as JSON, for a program.")]
Ask = Callable[..., Any]


def waiting(
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER,
    known_at: KnownAt = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List the events that wait for another: a payment whose commitment is not known, a price before its placement."""
    from hnb_local.reports_view import waiting_table

    ask = _asking(ledger_url, data_dir, authority)
    _show(_all_pages(ask, "/waiting-events", "events", known_at=known_at), waiting_table, as_json=as_json)


def exceptions(
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER, year: Year = None,
    on: Annotated[str | None, typer.Option(help="As on that day, YYYY-MM-DD; today if not said.")] = None,
    known_at: KnownAt = None, as_json: Json = False,
) -> None:  # fmt: skip
    """List payments beyond what is due or for nothing known, what is long due and unpaid, and what ended apart."""
    from hnb_local.reports_view import exceptions_view

    ask = _asking(ledger_url, data_dir, authority)
    query = {"financial_year": year, "on": on, "known_at": known_at}
    answer = _all_pages(ask, "/exceptions", "exceptions", limit=LARGE_PAGE, **query)
    _show(answer, exceptions_view, as_json=as_json)


def changes(
    since: Annotated[str, typer.Option("--from", help="The earlier moment of knowledge: 2025-09-30T17:00:00Z.")],
    until: Annotated[str, typer.Option("--to", help="The later one.")],
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER, year: Year = None,
    most: Annotated[int, typer.Option(min=1, max=10_000, help="The largest movements listed of each line.")] = 10,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Show what moved between two moments, line by line, with the commitments and events that moved it."""
    from hnb_local.reports_view import changes_view

    ask = _asking(ledger_url, data_dir, authority)
    query = {"from": since, "to": until, "financial_year": year, "most": most}
    _show(ask("/positions/changes", **query), changes_view, as_json=as_json)


def profile(
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER, year: Year = None,
    known_at: KnownAt = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show a financial year by month: what falls due and what is paid."""
    from hnb_local.reports_view import profile_view

    ask = _asking(ledger_url, data_dir, authority)
    _show(ask("/profile", financial_year=year, known_at=known_at), profile_view, as_json=as_json)


def explain(
    commitment: Annotated[
        str | None, typer.Argument(help="The id of a placement, appeal, grant or contract for places.")
    ] = None,
    line: Annotated[str | None, typer.Option(help="A line of the position instead: special, independent, ...")] = None,
    data_dir: DataDir = Path(".hnb"), ledger_url: LedgerUrl = None, authority: Authority = LEICESTER, year: Year = None,
    known_at: KnownAt = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Explain one commitment: its price, its pence by year, its postings, its events. Or a line: what it is made of."""
    from hnb_local.explain import commitment_view
    from hnb_local.reports_view import line_view

    if (commitment is None) == (line is None):
        raise CommandFailed("Give the id of a commitment, or --line, and not both.", WRONG_USE)
    ask = _asking(ledger_url, data_dir, authority)
    if commitment is not None:
        answer = ask(f"/commitments/{quote(commitment, safe='')}", known_at=known_at)
        _show(answer, commitment_view, as_json=as_json)
        return
    answer = _all_pages(ask, "/commitments", "commitments", line=line, financial_year=year, known_at=known_at)
    # The ledger lists by id, so that pages can follow each other; a person wants the largest first.
    answer["commitments"].sort(
        key=lambda share: (-share["committed_pence"] - share["spent_pence"], share["commitment_id"])
    )
    _show(answer, line_view, as_json=as_json)


def _asking(ledger_url: str | None, data_dir: Path, authority: str) -> Ask:
    from hnb_local.asking import ask, find_service

    url = find_service("ledger", ledger_url, data_dir)

    def of_the_ledger(path: str, **query: Any) -> Any:
        return ask("ledger", url, path, {"authority": authority, **query})

    return of_the_ledger


def _all_pages(ask: Ask, path: str, listed: str, limit: int = PAGE, **query: Any) -> Any:
    """The first page's answer with all pages' rows in it."""
    answer = page = ask(path, **query, limit=limit)
    while page["next"] is not None:
        page = ask(path, **{**query, "known_at": answer["known_at"], "after": page["next"]}, limit=limit)
        answer[listed] += page[listed]
    answer["next"] = None
    return answer


def _show(answer: Any, view: Callable[[Any], Any], *, as_json: bool) -> None:
    from hnb_local.showing import console, show_json

    if as_json:
        show_json(answer)
    else:
        console().print(view(answer))
