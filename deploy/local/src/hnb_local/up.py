"""`hnb up`: the system, until Ctrl-C or a request to stop."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import typer

from hnb_local.folder import SERVICES
from hnb_local.stack import Stack

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GUARDING = ("HNB_TOKENS", "HNB_REQUIRE_TOKENS")


def say(sentence: str) -> None:
    """Tells the person at the terminal; a terminal that has gone away must not end the supervisor."""
    with suppress(OSError):
        typer.echo(sentence)


@contextmanager
def stop_requests() -> Iterator[threading.Event]:
    """An event set by Ctrl-C, SIGTERM or SIGHUP: nothing is interrupted halfway, so nothing is left running."""
    requested = threading.Event()

    def request(_number: int, _frame: FrameType | None) -> None:
        requested.set()

    # Who started us with a signal ignored, as nohup does, wants it ignored.
    heeded = [number for number in STOP_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, request) for number in heeded}
    try:
        yield requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _who_gets_in() -> str:
    guarded = any(os.environ.get(name, "").strip() not in ("", "0", "false") for name in GUARDING)
    who = "bearers of a token" if guarded else "anybody on this machine"
    return f"Placements lets in {who}; a token for a case system: hnb tokens new --help"


def run(data_dir: Path, *, broker_url: str | None, database_url: str | None, port_base: int | None) -> None:
    """Starts everything, prints the addresses, and stops everything when asked to."""
    with stop_requests() as stop:
        say("Starting HNB Ledger…")
        stack = Stack(
            data_dir, say=say, stop=stop, broker_url=broker_url, database_url=database_url,
            port_base=port_base, usual_ports=True,
        )  # fmt: skip
        with stack:
            say(f"HNB Ledger is up; its data and logs are in {stack.folder.path}.")
            for service in SERVICES:
                say(f"  {service:<11} {stack.urls[service]}  (what it answers: {stack.urls[service]}/docs)")
            say(_who_gets_in())
            say("Press Ctrl-C to stop it.")
            # A bare wait() would not let Python see the signal on every platform.
            while not stop.wait(1.0):
                pass
            say("Stopping: the services finish what they have in hand.")
        say("Stopped; the figures are kept.")
