"""How the commands show figures and tables to a person."""

import json

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hnb.money import divide_half_up, pounds
from hnb.provisions import LINES, Provision

WIDE_COLUMNS = 150  # room for every figure of a position
WIDTH_ELSEWHERE = 160  # where no terminal says how wide it is, nothing is cut


def money(pence: int | None, *, whole: bool = False) -> Text:
    """Pence in pounds, to the penny or to the nearest pound: red below zero, a dash where there is no figure."""
    if pence is None:
        return Text("–")
    shown = pounds(divide_half_up(pence, 100) * 100).removesuffix(".00") if whole else pounds(pence)
    return Text(shown, style="red" if pence < 0 else "")


def line_title(line: str) -> str:
    """What a provision line is called in print."""
    try:
        return LINES[Provision(line)].title
    except ValueError:  # `grant`, `reserve`, or a line of a newer ledger than this command
        return line


def plain_table(title: str, *columns: str) -> Table:
    """A table whose last column is an amount where it is called so, and whose cells are never cut."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column == "Amount" else "left", overflow="fold")
    return table


def add_row(table: Table, *cells: str | Text) -> None:
    """A row whose words are shown as they are: an id in square brackets is no markup."""
    table.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in cells))


def console() -> Console:
    """Where tables go; its width says how much of one fits."""
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=WIDTH_ELSEWHERE)


def show_json(answer: object) -> None:
    """JSON as plain text: no colours, no wrapping, so that a program can read it."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
