"""Clocks that are wrong: a day ahead, a day behind, and over the nights in which a clock, a month or a year changes.

The clock is libfaketime's (Debian's package of that name), under PostgreSQL and Valkey as under the services. What
measures how long something takes is left alone, as when a person or a time server sets a machine's clock.
"""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import scratch_folder
from tests.faults.feed import feed
from tests.faults.officers import patiently
from tests.faults.run import LONG, Figures, times
from tests.faults.system import SERVICES, System

LIBRARY = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
EVENTS_A_STEP = times(120, 600)
BEFORE = timedelta(seconds=3)  # midnight; the events of that night are posted on both sides of it
SLACK_SECONDS = 5  # libfaketime looks once a second whether its clock was set

DAYS = [  # by how far it is wrong, and whether all is killed and starts again by that clock
    ("a day ahead, while running", timedelta(days=1), False),
    ("a day back, while running", timedelta(), False),
    ("a day ahead, over a restart", timedelta(days=1), True),
    ("a day back, over a restart", timedelta(), True),
]
NIGHTS = [
    ("clocks go forward", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ("31 March to 1 April", datetime(2027, 4, 1, tzinfo=UTC)),
    ("clocks go back", datetime(2027, 10, 31, 1, tzinfo=UTC)),
    ("28 to 29 February", datetime(2028, 2, 29, tzinfo=UTC)),
    ("29 February to 1 March", datetime(2028, 3, 1, tzinfo=UTC)),
]


class WrongClock:
    """One clock for every process of a system, which can be set while they run."""

    def __init__(self, system: System, file: Path) -> None:
        self._system, self._file = system, file
        self._offset = timedelta()
        self._write()
        for child in system.stack._children.values():  # of no effect before its next start
            child._environment |= self._environment()
        self.set(timedelta(), restart=True)
        system.now = self.now

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def set(self, offset: timedelta, restart: bool) -> None:
        """Set it wrong by so much; return once the servers go by it."""
        self._offset = offset
        self._write()
        if restart:
            # Servers first: under libfaketime a service that has to wait for one at its start cannot sleep, and ends.
            for part in ("postgres", "valkey"):
                self._system.kill(part)
            patiently(self._followed, "the servers to be back")
            for part in SERVICES:
                self._system.kill(part)
            self._system.stack.wait_until_ready()
        patiently(self._followed, "the servers to go by the clock")

    def set_to(self, moment: datetime) -> None:
        self.set(moment - datetime.now(UTC), restart=False)

    def recorded_at(self) -> datetime:
        """The moment up to which the ledger has learned things."""
        moment: datetime = self._system.ask("ledger", "SELECT recorded_at FROM clock")[0][0]
        return moment

    def _write(self) -> None:
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{self._offset.total_seconds():+.0f}\n")
        draft.chmod(0o644)  # PostgreSQL reads it as another user
        draft.replace(self._file)

    def _followed(self) -> bool:
        told: datetime = self._system.ask("ledger", "SELECT clock_timestamp()")[0][0]
        return bool(abs(told - self.now()) < timedelta(seconds=SLACK_SECONDS))

    def _environment(self) -> Mapping[str, str]:
        return {
            "LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self._file), "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "TZ": "Europe/London",
        }  # fmt: skip


@contextmanager
def wrong_clock(rng: random.Random) -> Iterator[tuple[System, WrongClock]]:
    if LIBRARY is None:
        pytest.skip("libfaketime is not installed: wrong clocks were not tried")
    with scratch_folder() as path, System(path, rng) as system:
        yield system, WrongClock(system, path / "clock")


def assert_settled_and_true(system: System, clock: WrongClock, before: datetime) -> datetime:
    """Everything posted is in the figures, and the ledger learned it after what it knew before."""
    system.wait_until_settled()
    system.assert_figures()
    recorded_at = clock.recorded_at()
    assert recorded_at > before
    return recorded_at


def test_a_wrong_clock_changes_no_figure(rng: random.Random, figures: Figures) -> None:
    with wrong_clock(rng) as (system, clock):
        last = clock.recorded_at()
        for name, offset, restart in DAYS if LONG else DAYS[:2]:
            with system.posting(feed(rng, EVENTS_A_STEP, 1)):
                clock.set(offset, restart)
            last = assert_settled_and_true(system, clock, last)
            figures.add(f"clocks, {name}: figures that differ", 0, "0")
        for name, midnight in NIGHTS if LONG else rng.sample(NIGHTS, 1):
            clock.set_to(midnight - BEFORE)
            system.post(feed(rng, EVENTS_A_STEP // 3, 1))
            with system.posting(feed(rng, EVENTS_A_STEP // 3, 1), most=5):
                time.sleep(max(0.0, (midnight - clock.now()).total_seconds()))
            system.post(feed(rng, EVENTS_A_STEP // 3, 1))
            last = assert_settled_and_true(system, clock, last)
            figures.add(f"clocks, {name}: figures that differ", 0, "0")
        # Only now: set back, the clock is behind what the ledger has learned, and whoever verifies is told so.
        system.assert_true()
