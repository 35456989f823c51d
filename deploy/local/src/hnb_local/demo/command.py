"""The demo from start to end: bring the system up, play the year, wait until it ties out, say what was seen."""

import os
import shutil
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from hnb_local.errors import COULD_NOT, CommandFailed

DEFAULT_SEED = 2025
TERMINAL_SPEED = 1_200  # events a second that a person can still follow; elsewhere as fast as the door takes them
EXAMPLE = "Example: hnb demo --seed 7"


def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another year; every one ends on the same figures.")] = (
        DEFAULT_SEED
    ),
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Keep the data in this folder; a temporary one, removed at the end, if not said."),
    ] = None,
    speed: Annotated[
        int | None, typer.Option(min=1, help="Events a second; on a terminal 1200, elsewhere as fast as they go.")
    ] = None,
) -> None:
    """Start the whole system and play a synthetic Leicester year 2025-26 through its HTTP door.

    On a terminal it stays up until Ctrl-C and says where to look; elsewhere it ends once the year has tied out.
    """
    from hnb_local.showing import console
    from hnb_local.up import stop_requests

    # Whatever the environment holds, no message about an invented year may reach a real officer.
    for name in ("HNB_ALERT_URLS", "HNB_ALERT_RECIPIENTS", "HNB_ALERT_RULES", "HNB_SCENARIOS"):
        os.environ.pop(name, None)
    screen = console()
    pace = speed or (TERMINAL_SPEED if screen.is_terminal else None)
    with stop_requests() as stop, ExitStack() as exits:
        folder = data_dir or Path(tempfile.mkdtemp(prefix="hnb-demo-"))
        try:
            _run(folder, seed, pace, stop)
        except CommandFailed as failure:
            if failure.status == COULD_NOT and not stop.is_set():
                raise CommandFailed(f"{failure} The data and logs are in {folder}.", failure.status) from None
            exits.callback(_remove, folder, data_dir)
            raise
        exits.callback(_remove, folder, data_dir)


def _run(folder: Path, seed: int, pace: int | None, stop: threading.Event) -> None:
    from hnb_local.demo.benchmarks import import_published
    from hnb_local.demo.outlook import ask_for_forecast, print_outlook
    from hnb_local.demo.pages import print_pages, publish_summary
    from hnb_local.demo.play import Player
    from hnb_local.demo.recovery import keep_plan
    from hnb_local.demo.summary import print_summary, where_to_look
    from hnb_local.demo.view import follow
    from hnb_local.demo.watch import Watch
    from hnb_local.showing import console
    from hnb_local.simulator.feed import leicester_year
    from hnb_local.stack import Stack
    from hnb_local.up import say

    screen = console()
    say("Starting HNB Ledger: a broker, a database and three services…")
    with ExitStack() as exits:
        stack = exits.enter_context(Stack(folder, say=say, stop=stop, usual_ports=True))
        feed = leicester_year(seed)
        door = stack.urls["placements"]
        say(f"Playing {len(feed.events):,} synthetic events of 2025-26 (seed {seed}) through {door}.")
        watch = exits.enter_context(Watch(stack.urls["ledger"], stack.urls["alerts"], feed.expected))
        player = Player(feed, door, pace, stop)
        player.start()
        try:
            follow(screen, player, watch, stop)
        finally:
            player.give_up()
            player.join()
        if stop.is_set():
            raise CommandFailed("Stopped before the year was played out.", COULD_NOT)
        print_summary(screen, feed, player.results, watch)
        screen.print()
        say("Forecasting the coming years from what the ledger heard…")
        print_outlook(screen, ask_for_forecast(stack.urls["ledger"]))
        import_published(stack.urls["ledger"])
        publish_summary(stack.urls["ledger"])
        keep_plan(stack.urls["ledger"])
        print_pages(screen, stack.urls)
        if screen.is_terminal:
            where_to_look(screen, stack.urls, folder)
            while not stop.wait(1.0):
                pass
            say("Stopping: the services finish what they have in hand.")


def _remove(folder: Path, kept: Path | None) -> None:
    if kept is None:
        shutil.rmtree(folder, ignore_errors=True)
