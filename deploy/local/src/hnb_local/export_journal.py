"""`hnb export journal`: every posting as a transaction of another accounting program, which can add up for itself."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hnb_local.books import DATABASE_URL_HELP, find_books, open_books
from hnb_local.errors import WRONG_USE, CommandFailed

EXAMPLE = "Example: hnb export journal --year 2025 | hledger -f - balance"
HEAD = """\
; The postings of HNB Ledger, one transaction each, dated by the day on which the ledger learned of it.
; Accounts: authority:financial year:provision line:place. What has no price yet is in committed:provisional.
decimal-mark .
commodity GBP 1000.00

"""


def journal(
    authority: Annotated[str | None, typer.Option(help="One council, by its ONS code; all where not said.")] = None,
    year: Annotated[
        int | None,
        typer.Option(min=1990, max=2099, help="The financial year it starts in; all where not said."),
    ] = None,
    format: Annotated[Literal["hledger"], typer.Option(help="The program it is for.")] = "hledger",
    out: Annotated[Path | None, typer.Option(help="Write to this file rather than to stdout.")] = None,
    data_dir: Annotated[Path, typer.Option(help="The folder that holds everything: data, logs, addresses.")] = Path(
        ".hnb"
    ),
    database_url: Annotated[str | None, typer.Option(help=DATABASE_URL_HELP)] = None,
) -> None:
    """The postings as an hledger journal: an independent program then comes to the same balances, to the penny."""
    from ledger.postings import read_postings

    with open_books(find_books(data_dir, database_url)) as engine, read_postings(engine, authority, year) as rows:
        try:
            with nullcontext(sys.stdout) if out is None else out.open("w", encoding="utf-8") as file:
                file.writelines(hledger(rows))
        except BrokenPipeError:
            raise  # the reader of stdout has gone; the command's main knows what to do
        except OSError as error:
            raise CommandFailed(f"{out} cannot be written: {error.strerror}.", WRONG_USE) from None


def hledger(rows: Iterable[Any]) -> Iterator[str]:
    """Postings in hledger's format, in the order in which the ledger made them."""
    yield HEAD
    for row in rows:
        year = f"{row.financial_year}-{(row.financial_year + 1) % 100:02d}"
        account = f"{row.authority}:{year}:{row.line}"
        pounds = f"{row.amount_pence // 100}.{row.amount_pence % 100:02d}"
        cause = f"event {row.event_id} of {row.event_source}" if row.event_id else "no event of its own"
        yield (
            f"{_day(row.recorded_at)} ({row.id}) {_plain(row.about)} | {row.kind}, {_plain(cause)}\n"
            f"    ; recorded: {row.recorded_at.isoformat()}, for: {row.first_day} to {row.last_day}\n"
            f"    {_place(account, row.to_place, row.kind)}  GBP {pounds}\n"
            f"    {_place(account, row.from_place, row.kind)}  GBP -{pounds}\n\n"
        )


def _place(account: str, place: str, kind: str) -> str:
    return f"{account}:{place}:provisional" if kind == "provisional" and place == "committed" else f"{account}:{place}"


def _plain(words: str) -> str:
    """Without what hledger would take for the start of a comment or the end of a payee."""
    return words.replace(";", ",").replace("|", "/")


def _day(moment: datetime) -> date:
    return moment.date()
