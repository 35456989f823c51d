"""`make rivals`: one scenario put to Debian's Alertmanager and to the alerts service; a table of what was seen."""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from hnb_local.folder import DataFolder
from hnb_local.servers import start_broker, start_database
from tests.conftest import scratch_folder
from tests.rivals.ours import desks
from tests.rivals.scenario import QUESTIONS, OursAsked
from tests.rivals.theirs import program

AT_ONCE = 3  # questions: most of the time is waiting


def seen(ask: Callable[[], str]) -> str:
    """The answer, or how the question failed: one broken row is no reason to lose the others."""
    try:
        return ask()
    except Exception as error:
        return f"could not be asked: {type(error).__name__}: {str(error)[:200]}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make rivals", description=__doc__)
    parser.add_argument("--only", default="", help="only the questions with these words in them")
    only = parser.parse_args().only
    if program() is None:
        sys.exit(
            "No Alertmanager is on PATH. On Debian: apt-get install prometheus-alertmanager; then make rivals again."
        )
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd's: a killed client is what we want
    asked = [(number, *row) for number, row in enumerate(QUESTIONS, start=1) if only in row[0]]
    with ExitStack() as exits:
        path = exits.enter_context(scratch_folder())
        folder = exits.enter_context(DataFolder(path, lambda _: None))
        scratch = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="hnb-rivals-")))
        database, broker = start_database(folder, exits, None), start_broker(folder, exits, None)
        opened = desks(database, broker, scratch)
        hands = exits.enter_context(ThreadPoolExecutor(AT_ONCE))

        def ask_ours(number: int, question: OursAsked) -> str:
            with opened(f"rival_{number}", number) as ours:
                return question(ours)

        answers = [
            (
                what,
                hands.submit(seen, partial(theirs, scratch / f"theirs-{number}")),
                hands.submit(seen, partial(ask_ours, number, ours)),
            )
            for number, what, theirs, ours in asked
        ]
        print("| | Alertmanager | HNB alerts |\n| --- | --- | --- |")
        for what, theirs, ours in answers:
            print(f"| {what} | {theirs.result()} | {ours.result()} |", flush=True)


if __name__ == "__main__":
    main()
