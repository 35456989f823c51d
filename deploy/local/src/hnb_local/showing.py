"""How the commands show figures and tables to a person."""

import json

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from hnb.money import pounds

WIDTH_ELSEWHERE = 160  # where no terminal says how wide it is, a table is not cut


def money(pence: int | None) -> Text:
    """Pence in pounds: red below zero, a dash where there is no figure."""
    if pence is None:
        return Text("–")
    return Text(pounds(pence), style="red" if pence < 0 else "")


def show(what: RenderableType) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_ELSEWHERE)
    console.print(what)


def show_json(answer: object) -> None:
    """JSON as plain text: no colours, no wrapping, so that a program can read it."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
