"""The broker loses what it had, or has again what it had long ago, while the whole system works: no figure moves."""

import os
import random
import shutil
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from hnb.broker import HEARERS
from tests.conftest import scratch_folder
from tests.faults.feed import feed
from tests.faults.run import LONG, Figures, percentile, times
from tests.faults.system import System

LOSSES = times(6, 36)
EVENTS = times(1_200, 30_000)
HEALTHY_SECONDS = 30
FILES = "appendonlydir"


def everything_is_flushed(system: System) -> None:
    with redis.Redis.from_url(system.stack.broker_url) as client:
        client.flushall()


def a_stream_is_deleted(system: System) -> None:
    with redis.Redis.from_url(system.stack.broker_url) as client:
        client.delete(system.rng.choice(sorted(HEARERS)))


def a_group_is_destroyed(system: System) -> None:
    stream = system.rng.choice(sorted(HEARERS))
    with redis.Redis.from_url(system.stack.broker_url) as client:
        client.xgroup_destroy(stream, HEARERS[stream][0])


def an_old_snapshot_is_restored(system: System) -> None:
    """The files are as they were at the beginning, when other entries were under way."""
    with broker_down(system) as files:
        shutil.rmtree(files)
        shutil.copytree(old_files(system), files)


def the_files_are_cut_off(system: System) -> None:
    with broker_down(system) as files:
        last = max(files.glob("*.incr.aof"))
        os.truncate(last, system.rng.randint(0, last.stat().st_size))


def a_piece_of_the_files_is_missing(system: System) -> None:
    """From the middle: Valkey refuses to read on."""
    with broker_down(system) as files:
        file = system.rng.choice(sorted(files.glob("*.aof")) + sorted(files.glob("*.rdb")))
        whole = file.read_bytes()
        at = system.rng.randrange(len(whole) // 2 + 1)
        file.write_bytes(whole[:at] + whole[at + 1 + len(whole) // 20 :])


@contextmanager
def broker_down(system: System) -> Iterator[Path]:
    """Valkey's files while it stands still, to be killed and started again over whatever they are by then."""
    valkey = system.running("valkey")
    valkey.send_signal(signal.SIGSTOP)
    yield system.path / "valkey" / FILES
    system.kill("valkey")


def old_files(system: System) -> Path:
    return system.path / "valkey.old"


LOST: tuple[Callable[[System], None], ...] = (
    everything_is_flushed,
    a_stream_is_deleted,
    a_group_is_destroyed,
    an_old_snapshot_is_restored,
    the_files_are_cut_off,
    a_piece_of_the_files_is_missing,
)


def test_whatever_the_broker_loses_no_figure_moves(rng: random.Random, figures: Figures) -> None:
    events = feed(rng, EVENTS, times(8, 100))
    healthy: dict[str, list[float]] = defaultdict(list)
    with scratch_folder() as path, System(path, rng) as system:
        with system.posting(events[: len(events) // 10]):
            time.sleep(0.5)
            shutil.copytree(path / "valkey" / FILES, old_files(system))  # in the midst of being written, as backups are
        rest = events[len(events) // 10 :]
        for number in range(LOSSES):
            lose = LOST[number % len(LOST)]
            with system.posting(rest[number::LOSSES]):
                time.sleep(rng.uniform(0, 0.5))
                began = time.monotonic()
                lose(system)
                system.stack.wait_until_ready()
                system.wait_until_processing()
                healthy[lose.__name__].append(time.monotonic() - began)
        system.wait_until_settled()
        system.assert_true()
    figures.add("broker lost, times", LOSSES)
    figures.add("broker lost, events lost or doubled", 0, "0")
    for name, of in healthy.items():
        of_this = f"p50 {percentile(of, 50):.2f} s, most {max(of):.2f} s"
        figures.add(f"broker lost, healthy after {name.replace('_', ' ')}", of_this, f"<= {HEALTHY_SECONDS} s")
    if LONG:
        assert max(map(max, healthy.values())) <= HEALTHY_SECONDS
