"""A tariff taken in as a new version, or what it would do to the position, shown line by line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from hnb.calendar import year_label
from hnb_local.asking import exchange, find_service, logged_in
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.showing import add_row, console, line_title, money, plain_table, show_json
from hnb_local.tariff_csv import read

SECONDS = 300.0  # a preview folds every placement that a council's tariff governs
FAULTS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Sending:
    """A file on its way to the service: whose tariff it is, who answers for it, and whether it is the whole."""

    file: Path
    authority: str
    author: str | None
    whole: bool
    placements_url: str | None
    data_dir: Path

    def prices(self) -> list[dict[str, Any]]:
        """The file's prices; CommandFailed, with every wrong row said before, where any is wrong."""
        found = read(self.file)
        for fault in found.faults[:FAULTS_SHOWN]:
            typer.echo(fault, err=True)
        if found.faults:
            more = f" The first {FAULTS_SHOWN} are above." if len(found.faults) > FAULTS_SHOWN else ""
            count = f"{len(found.faults):,} {'row' if len(found.faults) == 1 else 'rows'}"
            raise CommandFailed(f"{count} of {self.file} cannot be taken, so nothing was.{more}", WRONG_USE)
        return found.prices

    def post(self, prices: list[dict[str, Any]], **query: str) -> Any:
        """What the placements service answers to these prices."""
        url = find_service("placements", self.placements_url, self.data_dir)
        author = self.author or logged_in()
        asked = {"authority": self.authority, "author": author, "whole": str(self.whole).lower(), **query}
        return exchange("placements", url, "/tariff", asked, body=prices, seconds=SECONDS)


def take_in(sending: Sending, *, as_json: bool) -> None:
    """Make the file's prices a new version, if anything differs."""
    done = sending.post(sending.prices())
    if as_json:
        show_json(done)
    elif done["is_new"]:
        typer.echo(f"Version {done['version']} of the tariff: {_counted(done['prices'])}. It is being applied.")
    else:
        typer.echo(f"Nothing differs from version {done['version']}, and nothing was changed.")


def preview(sending: Sending, ledger_url: str | None, *, as_json: bool) -> None:
    """Show what the file would do to the position: placements says which events follow, the ledger their effect."""
    would = would_say(sending)
    url = find_service("ledger", ledger_url, sending.data_dir)
    asked = {"authority": sending.authority}
    effect = exchange("ledger", url, "/positions/preview", asked, body=would.pop("events"), seconds=SECONDS)
    if as_json:
        show_json({**would, "position": effect})
        return
    typer.echo(_in_words(would))
    if effect["years"]:
        console().print(_table(effect))


def would_say(sending: Sending) -> dict[str, Any]:
    """What the placements service would say by this tariff, all pages of it."""
    prices = sending.prices()
    answer: dict[str, Any] = sending.post(prices, preview="true")
    page = answer
    while page["next"] is not None:
        page = sending.post(prices, preview="true", after=page["next"])
        for name in ("events", "placements_governed", "placements_affected"):
            answer[name] += page[name]
    return {name: value for name, value in answer.items() if name != "next"}


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {what}" for what, number in counts.items())


def _in_words(would: dict[str, Any]) -> str:
    counts = would["prices"]
    if not (counts["new"] or counts["changed"] or counts["gone"]):
        return f"Nothing differs from version {would['version']}."
    governed, affected = would["placements_governed"], would["placements_affected"]
    return (
        f"It would be version {would['version'] + 1}: {_counted(counts)}. Of {governed:,} placements without a cost of"
        f" their own it would price {affected:,} anew."
    )


def _table(effect: dict[str, Any]) -> Table:
    table = plain_table("What it would do to the position", "Year", "Line", "Commitments", "Now", "Then", "Difference")
    for column in table.columns[2:]:
        column.justify = "right"
    for year in effect["years"]:
        label = year_label(year["financial_year"])
        for line in year["lines"]:
            add_row(table, label, line_title(line["provision"]), f"{line['commitments']:,}", *_moved(line))
        add_row(table, label, "High Needs Block", "", *_moved(year["total"]))
        table.add_section()
    return table


def _moved(figures: dict[str, Any]) -> list[Any]:
    costs = [figures["now"]["cost_pence"], figures["then"]["cost_pence"], figures["change_pence"]]
    return [money(pence) for pence in costs]
