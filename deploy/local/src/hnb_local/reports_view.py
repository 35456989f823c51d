"""The ledger's lists as tables: what a line is made of, the year by month, what moved, waits and is exceptional."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb.money import pounds
from hnb.provisions import Fund
from hnb_local.showing import add_row, line_title, money, plain_table

BARS = "▁▂▃▄▅▆▇█"
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
_KINDS = {
    "over-paid": "Paid beyond what is due for the year",
    "no-commitment": "Paid for a commitment that is not known",
    "unpaid": "Long due and not paid",
    "apart": "Paid and due apart at the end of the year",
}


def line_view(answer: dict[str, Any]) -> Table:
    """A line's commitments with their total, which is the position's line."""
    title = f"{line_title(answer['line'])} {year_label(answer['financial_year'])}, {answer['authority']}"
    figures = {"committed_pence": "Committed", "spent_pence": "Spent", "provisional_pence": "of it unpriced",
               "contingent_pence": "At tribunal"}  # fmt: skip
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("Commitment")
    table.add_column("What")
    for name in figures.values():
        table.add_column(name, justify="right", no_wrap=True)
    for share in answer["commitments"]:
        add_row(table, share["commitment_id"], share["kind"] or "–", *(money(share[figure]) for figure in figures))
    table.add_section()
    total = answer["total"]
    table.add_row("Total", f"{total['commitments']:,}", *(money(total[figure]) for figure in figures), style="bold")
    return table


def profile_view(answer: dict[str, Any]) -> Group:
    """The year's months, and every line's shape."""
    title = f"By month {year_label(answer['financial_year'])}, {answer['authority']}"
    months = Table(title=title, title_justify="left", title_style="bold")
    months.add_column("Month")
    for column in ("Falls due", "Paid", "Due so far", "Paid so far"):
        months.add_column(column, justify="right", no_wrap=True)
    months.add_column("")
    total = answer["total"]
    most = max([1, *total["due_pence"]])
    due = paid = 0
    for month, falls, pays in zip(answer["months"], total["due_pence"], total["paid_pence"], strict=True):
        due, paid = due + falls, paid + pays
        bar = "█" * round(24 * max(falls, 0) / most)
        name = f"{date.fromisoformat(month + '-01'):%B %Y}"
        add_row(months, name, money(falls), money(pays), money(due), money(paid), Text(bar, style="blue"))
    months.add_section()
    months.add_row("Total", money(total["cost_pence"]), money(total["spent_pence"]), "", "", "", style="bold")
    lines = plain_table("By line", "Provision", "Falls due, April to March", "Paid", "Due", "Amount paid")
    for line in answer["lines"]:
        shown = "dim" if line["fund"] != Fund.HIGH_NEEDS else ""
        cells = (
            bars(line["due_pence"]),
            bars(line["paid_pence"]),
            money(line["cost_pence"]),
            money(line["spent_pence"]),
        )
        lines.add_row(line_title(line["provision"]), *cells, style=shown)
    return Group(months, lines)


def bars(pence: Sequence[int]) -> str:
    """A month a character: the highest is full, and what is not above nothing lies on the ground."""
    most = max([1, *pence])
    return "".join(BARS[min(len(BARS) - 1, max(0, one) * len(BARS) // most)] for one in pence)


def changes_view(answer: dict[str, Any]) -> Group:
    """What moved, line by line, and below it the commitments that moved each line."""
    title = f"What moved {year_label(answer['financial_year'])}, {answer['authority']}"
    figures = {"budget_pence": "Budget", "committed_pence": "Committed", "spent_pence": "Spent",
               "headroom_pence": "Headroom", "provisional_pence": "of it unpriced",
               "contingent_pence": "At tribunal"}  # fmt: skip
    table = Table(title=title, title_justify="left", title_style="bold", caption_justify="left")
    table.add_column("Provision")
    for name in figures.values():
        table.add_column(name, justify="right", no_wrap=True)
    for line in answer["lines"]:
        add_row(table, line_title(line["provision"]), *(money(line[figure]) for figure in figures))
    table.add_section()
    total = answer["total"]
    table.add_row("Total", *(money(total[figure]) for figure in figures), style="bold")
    table.caption = (
        f"Grant {pounds(total['grant_pence'])} · reserve at the end {pounds(total['reserve_closing_pence'])}"
    )
    parts: list[RenderableType] = [table]
    for line in answer["lines"]:
        parts.append(_movements(line))
    return Group(*parts)


def _movements(line: dict[str, Any]) -> Table:
    table = plain_table(line_title(line["provision"]), "Commitment", "Events", "Amount")
    for part in line["commitments"]:
        events = ", ".join(_event(event) for event in part["events"])
        add_row(table, part["commitment_id"], events, money(part["change_pence"]))
    for part in line["budgets"]:
        add_row(table, "budget", ", ".join(_event(event) for event in part["events"]), money(part["budget_pence"]))
    if line["remainder"]["parts"]:
        add_row(table, f"{line['remainder']['parts']:,} more", "", money(line["remainder"]["change_pence"]))
    return table


def _event(event: dict[str, Any]) -> str:
    if event["type"] is None:
        return "a price or a day elsewhere"
    return f"{event['type'].removeprefix('hnb.').removesuffix('.v1')} {event['id']}"


def waiting_table(answer: dict[str, Any]) -> Table:
    """The events that wait, the longest waiting first."""
    table = plain_table(f"Waiting, {answer['authority']}", "Age", "Event", "Waits for", "From", "Id")
    for event in answer["events"]:
        kind = event["type"].removeprefix("hnb.").removesuffix(".v1")
        add_row(table, _age(event["age_seconds"]), kind, event["waits_for"], event["source"], event["id"])
    if not answer["events"]:
        table.caption = "Nothing waits."
    return table


def _age(seconds: int) -> str:
    if seconds >= DAY_SECONDS:
        return f"{seconds // DAY_SECONDS} d"
    return f"{seconds // HOUR_SECONDS} h {seconds % HOUR_SECONDS // 60} min"


def exceptions_view(answer: dict[str, Any]) -> Group:
    """The exceptions, a table a kind; of a kind without any, that it has none."""
    parts: list[RenderableType] = [
        Text(
            f"Exceptions {year_label(answer['financial_year'])}, {answer['authority']}, on {answer['on']}", style="bold"
        )
    ]
    for kind, sums in answer["kinds"].items():
        title = f"{_KINDS.get(kind, kind)}: {sums['count']:,}, {pounds(sums['amount_pence'])}"
        if not sums["count"]:
            parts.append(Text(title))
            continue
        table = plain_table(title, "Commitment", "Provision", "By", "Due", "Paid", "Amount")
        for one in (one for one in answer["exceptions"] if one["kind"] == kind):
            add_row(
                table, one["commitment_id"], line_title(one["provision"]) if one["provision"] else "–", one["by"],
                money(one["due_pence"]), money(one["paid_pence"]), money(one["amount_pence"]),
            )  # fmt: skip
        parts.append(table)
    return Group(*parts)
