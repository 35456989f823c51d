"""When something was first there to see on disk, and how long it took to get there."""

import time
from collections.abc import Mapping
from threading import Event, Thread
from typing import LiteralString

import psycopg

LOOK_SECONDS = 0.005


class Watch(Thread):
    """A connection that looks for new rows (number, name): when each name was first seen, a look too late at most.

    Rows up to the number `after` are old.
    """

    def __init__(self, url: str, statement: LiteralString, after: int = 0) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self._url, self._statement, self._last = url, statement, after
        self._ended = Event()

    def __enter__(self) -> "Watch":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        last = self._last
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ended.wait(LOOK_SECONDS):
                rows = connection.execute(self._statement, (last,)).fetchall()
                now = time.monotonic()
                for number, name in rows:
                    self.seen.setdefault(name, now)
                    last = max(last, number)


def waits(since: Mapping[str, float], seen: Mapping[str, float]) -> str:
    """p50 and p99 of the milliseconds from the one moment to the other, of all that were waited for."""
    assert since.keys() <= seen.keys(), f"{len(since.keys() - seen.keys())} of {len(since)} never came"
    took = sorted(seen[name] - moment for name, moment in since.items())
    middle, slow = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99))
    return f"p50 {middle:.0f} ms, p99 {slow:.0f} ms of {len(took):,}"
