"""The live view on a terminal, and plain lines of progress where there is none."""

import threading
import time
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hnb_local.demo.play import Player, raise_failure
from hnb_local.demo.watch import Watch, alert_words, cost
from hnb_local.errors import CommandFailed
from hnb_local.showing import line_title, money

LOOK_SECONDS = 0.6
PLAIN_SECONDS = 2.0
SHOWN_ALERTS = 6
BAR_WIDTH = 20
WIDTH_WITH_BARS = 110
NARROW_PROVISION = 24  # characters that leave room for four amounts on a terminal of 80
NAMED_DIFFERENCES = 3


def follow(screen: Console, player: Player, watch: Watch, stop: threading.Event) -> None:
    """Shows the year being played until it has tied out, or somebody stops it; CommandFailed when it cannot."""
    if screen.is_terminal:
        with Live(console=screen, auto_refresh=False, transient=True) as live:
            _until_settled(player, watch, stop, lambda: live.update(picture(player, watch, screen.width), refresh=True))
        return
    last = 0.0

    def say_progress() -> None:
        nonlocal last
        for alert in watch.take_new_alerts():
            screen.print(Text(f"  alert: {alert_words(alert)}"), soft_wrap=True)
        if time.monotonic() - last >= PLAIN_SECONDS:
            last = time.monotonic()
            screen.print(progress_line(player, watch), highlight=False, soft_wrap=True)

    _until_settled(player, watch, stop, say_progress)


def _until_settled(player: Player, watch: Watch, stop: threading.Event, show: Any) -> None:
    while not stop.is_set():
        watch.look()
        show()
        raise_failure(player)
        if not player.done:
            watch.still_moving()
        else:
            differences = watch.differences()
            if not differences:
                return
            if watch.stuck:
                more = len(differences) - NAMED_DIFFERENCES
                named = "; ".join(differences[:NAMED_DIFFERENCES]) + (f"; and {more} more" if more > 0 else "")
                raise CommandFailed(f"The position does not tie out: {named}.")
        stop.wait(LOOK_SECONDS)


def progress_line(player: Player, watch: Watch) -> Text:
    """How far the year has been played and what stands, on one line."""
    position = watch.position
    line = Text(f"{player.day:%d %b %Y} · {player.played:>6,} of {player.total:,} events")
    line.append(f" · {player.rate:,.0f}/s · " if not player.done else " · settling · ")
    line.append_text(Text.assemble("committed and spent ", money(cost(position["total"]), whole=True)))
    line.append_text(Text.assemble(" · headroom ", money(position["total"].get("headroom_pence"), whole=True)))
    line.append_text(Text.assemble(" · reserve ", *_reserve(position)))
    return line.append(f" · {len(watch.alerts)} alerts open")


def picture(player: Player, watch: Watch, width: int) -> Group:
    """The whole view: the headline first, since a small terminal cuts what is last."""
    position = watch.position
    heading = Text.assemble(
        (f"HNB Ledger · Leicester (synthetic) · {player.day:%d %B %Y}", "bold"),
        f" · {player.played:,} of {player.total:,} events",
        f" · {player.rate:,.0f}/s" if not player.done else " · settling",
    )
    block = Text.assemble(
        "Grant ", money(position.get("grant_pence"), whole=True),
        " · in-year balance ", money(position.get("in_year_balance_pence"), whole=True),
        " · reserve ", *_reserve(position),
    )  # fmt: skip
    bars = width >= WIDTH_WITH_BARS
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("Provision", overflow="ellipsis", no_wrap=True, max_width=None if bars else NARROW_PROVISION)
    for name in ("Budget", "Committed", "Spent", "Headroom"):
        table.add_column(name, justify="right", no_wrap=True)
    if bars:
        table.add_column("Used of the budget", width=BAR_WIDTH)
    for line in position["lines"]:
        _add_line(table, line_title(line["provision"]), line)
    table.add_section()
    _add_line(table, "High needs, total", position["total"], style="bold")
    return Group(heading, block, table, *_alert_lines(watch))


def _add_line(table: Table, name: str, figures: dict[str, Any], style: str = "") -> None:
    amounts = [figures.get(f"{name}_pence") for name in ("budget", "committed", "spent", "headroom")]
    cells = [money(amount, whole=True) for amount in amounts]
    if len(table.columns) > len(cells) + 1:
        table.add_row(name, *cells, _bar(amounts[0] or 0, cost(figures)), style=style)
    else:
        table.add_row(name, *cells, style=style)


def _bar(budget: int, used: int) -> ProgressBar:
    colour = "red" if used > budget else "green"
    return ProgressBar(
        total=max(budget, 1), completed=min(used, budget), complete_style=colour, finished_style=colour, width=BAR_WIDTH
    )


def _alert_lines(watch: Watch) -> list[Text]:
    if not watch.alerts:
        return [Text("No alert is open.", style="dim")]
    worst = sorted(watch.alerts, key=lambda alert: (alert["severity"] != "critical", str(alert["scope"])))
    lines = [
        Text("  " + alert_words(alert), style="red" if alert["severity"] == "critical" else "yellow")
        for alert in worst[:SHOWN_ALERTS]
    ]
    more = len(worst) - len(lines)
    return [Text(f"{len(worst)} alerts open:"), *lines, *([Text(f"  and {more} more", style="dim")] if more else [])]


def _reserve(position: dict[str, Any]) -> list[Text | str]:
    opening, closing = position.get("reserve_opening_pence"), position.get("reserve_closing_pence")
    return [money(opening, whole=True), " → ", money(closing, whole=True)]
