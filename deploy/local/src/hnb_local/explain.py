"""`hnb explain`: one commitment from its events to its pence, as the ledger answers it."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb_local.showing import add_row, line_title, money, plain_table


def commitment_view(answer: dict[str, Any]) -> Group:
    """Why it costs what it does, what that is in each year, what was posted for it, and the events behind it."""
    parts: list[RenderableType] = [
        Text(f"Commitment {answer['commitment_id']} of {answer['authority']}", style="bold"),
        *(Text(f"  {step}") for step in answer["explanation"]),
        _schedule(answer["schedule"]),
        _postings(answer["postings"]),
        _events(answer["events"]),
    ]
    return Group(*parts)


def _schedule(cells: list[dict[str, Any]]) -> Table:
    table = plain_table("What it costs", "Year", "Provision", "Why", "From", "To", "Amount")
    for cell in sorted(cells, key=lambda cell: (cell["financial_year"], cell["line"], cell["kind"])):
        add_row(
            table,
            year_label(cell["financial_year"]), line_title(cell["line"]), cell["kind"],
            cell["first_day"], cell["last_day"], money(cell["amount_pence"]),
        )  # fmt: skip
    return table


def _postings(postings: list[dict[str, Any]]) -> Table:
    table = plain_table("What was posted for it", "Learned", "Year", "From", "To", "By event", "Amount")
    for posting in postings:
        add_row(
            table,
            _moment(posting["recorded_at"]), year_label(posting["financial_year"]), posting["from_place"],
            posting["to_place"], posting["event_id"] or "–", money(posting["amount_pence"]),
        )  # fmt: skip
    return table


def _events(events: list[dict[str, Any]]) -> Table:
    table = plain_table("The events it follows from", "Happened", "Event", "From", "Id")
    for event in events:
        kind = event["type"].removeprefix("hnb.") + (" (withdrawn)" if event["withdrawn"] else "")
        add_row(table, _moment(event["time"]), kind, event["source"], event["id"])
    return table


def _moment(instant: str) -> str:
    return instant[:19].replace("T", " ")
