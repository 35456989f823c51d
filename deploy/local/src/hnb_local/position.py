"""`hnb position`: where the money of one financial year stands, line by line, as the ledger answers it."""

from typing import Any

from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb.money import pounds
from hnb.provisions import Fund
from hnb_local.showing import line_title, money

_FIGURES = {
    "budget_pence": "Budget",
    "committed_pence": "Committed",
    "spent_pence": "Spent",
    "headroom_pence": "Headroom",
    "provisional_pence": "of it unpriced",
    "contingent_pence": "At tribunal",
    "full_year_effect_pence": "Next full year",
}
_FIGURES_WHEN_NARROW = 4


def position_table(answer: dict[str, Any], *, wide: bool) -> Table:
    """The lines of a position with their total; lines of another fund stand below it, as they are not in it.

    Where there is no room (`wide` is false) only the first figures are shown, in whole pounds.
    """
    figures = list(_FIGURES) if wide else list(_FIGURES)[:_FIGURES_WHEN_NARROW]
    title = f"High Needs Block {year_label(answer['financial_year'])}, {answer['authority']}"
    table = Table(title=title, title_justify="left", caption=_caption(answer), caption_justify="left")
    table.add_column("Provision")
    for figure in figures:
        table.add_column(_FIGURES[figure], justify="right", no_wrap=True)

    def cells(line: dict[str, Any]) -> list[Text]:
        return [money(line.get(figure), whole=not wide) for figure in figures]

    lines = answer["lines"]
    for line in (line for line in lines if line["fund"] == Fund.HIGH_NEEDS):
        table.add_row(line_title(line["provision"]), *cells(line))
    table.add_section()
    table.add_row("Total", *cells(answer["total"]), style="bold")
    table.add_section()
    for line in (line for line in lines if line["fund"] != Fund.HIGH_NEEDS):
        table.add_row(line_title(line["provision"]), *cells(line), style="dim")
    return table


def _caption(answer: dict[str, Any]) -> str:
    names = {
        "grant_pence": "Grant",
        "in_year_balance_pence": "in-year balance",
        "reserve_opening_pence": "reserve at the start",
        "reserve_closing_pence": "at the end",
    }
    known = [f"{name} {pounds(answer[key])}" for key, name in names.items() if answer.get(key) is not None]
    return " · ".join(known)
