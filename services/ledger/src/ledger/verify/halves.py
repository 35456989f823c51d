"""The other half of a long journal, rebuilt by a process of its own: folding is Python's work, one core a process."""

import multiprocessing
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine

from hnb.database import connect
from hnb.provisions import Provision
from ledger.verify.rebuild import Part, prepare
from ledger.verify.snapshot import Key, at

WORTH_A_PROCESS = 10_000  # events: below, starting one takes longer than it saves


@contextmanager
def other_half(
    engine: Engine, moment: str, defaults: Mapping[Provision, int], waiting: frozenset[Key], events: int
) -> Iterator[Callable[[], Part] | None]:
    """Starts on the second half at once, and yields what waits for it; None where one process is to do it all.

    A copy of this process needs no start of its own; where the system does not take copying well there is none.
    """
    if events < WORTH_A_PROCESS or sys.platform != "linux":
        yield None
        return
    url = engine.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as processes:
        yield processes.submit(_read, url, moment, defaults, waiting).result


def _read(url: str, moment: str, defaults: Mapping[Provision, int], waiting: frozenset[Key]) -> Part:
    engine = connect(url, "verify")  # connections are not shared between processes
    with at(engine, moment) as connection:
        return prepare(connection, defaults, waiting, half=1).read()
