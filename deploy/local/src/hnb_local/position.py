"""`hnb position`: where the money of one financial year stands, line by line, as the ledger answers it."""

from typing import Any

from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb.money import pounds
from hnb_local.showing import line_title, money

_COLUMNS = ("budget", "committed", "spent", "headroom", "provisional", "contingent", "full_year_effect")
_TITLES = ("Budget", "Committed", "Spent", "Headroom", "of it unpriced", "At tribunal", "Next full year")


def position_table(answer: dict[str, Any]) -> Table:
    """The lines of a position with their total; lines of another fund stand below it, as they are not in it."""
    title = f"High Needs Block {year_label(answer['financial_year'])}, {answer['authority']}"
    table = Table(title=title, title_justify="left", caption=_caption(answer), caption_justify="left")
    table.add_column("Provision", no_wrap=True)
    for name in _TITLES:
        table.add_column(name, justify="right", no_wrap=True)
    lines = answer["lines"]
    for line in (line for line in lines if line["fund"] == "high-needs"):
        table.add_row(line_title(line["provision"]), *_figures(line))
    table.add_section()
    table.add_row("Total", *_figures(answer["total"]), style="bold")
    others = [line for line in lines if line["fund"] != "high-needs"]
    if others:
        table.add_section()
    for line in others:
        table.add_row(line_title(line["provision"]), *_figures(line), style="dim")
    return table


def _figures(line: dict[str, Any]) -> list[Text]:
    return [money(line.get(f"{column}_pence")) for column in _COLUMNS]


def _caption(answer: dict[str, Any]) -> str:
    names = {
        "grant_pence": "Grant",
        "in_year_balance_pence": "in-year balance",
        "reserve_opening_pence": "reserve at the start",
        "reserve_closing_pence": "at the end",
    }
    known = [f"{name} {pounds(answer[key])}" for key, name in names.items() if answer.get(key) is not None]
    return " · ".join(known)
