"""A disk that is full: under PostgreSQL, under Valkey, and under all that `hnb up` keeps. Nothing answered is lost."""

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import orjson
import pytest
import redis

from tests.cases import Json
from tests.conftest import scratch_folder
from tests.faults.feed import feed
from tests.faults.officers import patiently
from tests.faults.run import LONG, Figures, times
from tests.faults.system import System

SIZE = "1536m" if LONG else "256m"  # PostgreSQL needs room to come back: its log alone may grow to a gigabyte
PAGE = 4096
ROUNDS = times(1, 3)
FULL_SECONDS = times(4, 30)
EVENTS = times(1_500, 6_000)  # more than can be sent one by one meanwhile
SINGLE = {"content-type": "application/cloudevents+json"}
PLACES = {"everything": "."} | ({"postgres": "postgres", "valkey": "valkey"} if LONG else {})


class SmallDisk:
    """A file system of its own, of a few hundred megabytes, and what fills it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    def fill(self) -> None:
        """Take every page there is; again, where something gave one back."""
        with self._ballast.open("ab", buffering=0) as out:
            for size in (256 * PAGE, PAGE):
                with suppress(OSError):  # no space left: what this is for
                    while True:
                        out.write(bytes(size))

    def give_back(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(path: Path) -> Iterator[SmallDisk]:
    path.mkdir(mode=0o711, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0711", "hnb-test", str(path)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here ({mounted.stderr.strip()}): a full disk was not tried")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


class CaseSystem:
    """Sends events one by one, half to the door and half to the intake stream, and notes what it was promised."""

    def __init__(self, system: System, events: Sequence[Json]) -> None:
        self.unanswered = list(events)
        self.answers: Counter[str] = Counter()
        self._system, self._turn = system, 0

    def send(self) -> None:
        """The next event. One that got no promise is sent again later, with the others."""
        event = self.unanswered.pop()
        self._turn += 1
        promised = self._post(event) if self._turn % 2 else self._add(event)
        if promised:
            self._system.answered[event["source"], event["id"]] = event
        else:
            self.unanswered.insert(0, event)
            time.sleep(0.02)

    def _post(self, event: Json) -> bool:
        try:
            url = f"{self._system.stack.urls['placements']}/events"
            answer = httpx.post(url, content=orjson.dumps(event), headers=SINGLE, timeout=15)
        except httpx.TransportError as error:
            self.answers[f"door: {type(error).__name__}"] += 1
            return False
        self.answers[f"door: {answer.status_code}"] += 1
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            assert int(answer.headers["Retry-After"]) > 0
            return False
        assert answer.status_code == httpx.codes.ACCEPTED, f"{answer.status_code}: {answer.text}"
        return True

    def _add(self, event: Json) -> bool:
        try:
            with redis.Redis.from_url(self._system.stack.broker_url, socket_timeout=15, retry=None) as stream:
                stream.xadd("case-intake", {"event": orjson.dumps(event)})
        except redis.RedisError as error:
            self.answers[f"intake: {type(error).__name__}"] += 1
            return False
        self.answers["intake: added"] += 1
        return True


def hurt(system: System, place: str, sender: CaseSystem) -> bool:
    """Whether the full disk was felt where it is full."""
    stopped = b"AOF write error" in (system.path / "logs" / "valkey.log").read_bytes()
    refused = sender.answers["door: 503"] > 0
    return {"valkey": stopped, "postgres": refused, "everything": refused}[place]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount the small file system: a full disk was not tried")
@pytest.mark.parametrize("place", PLACES)
def test_a_full_disk_breaks_no_promise_and_heals_when_space_returns(
    place: str, rng: random.Random, figures: Figures
) -> None:
    answers: Counter[str] = Counter()
    with (
        scratch_folder() as scratch,
        small_disk(scratch / PLACES[place]) as disk,
        System(scratch, rng) as system,
    ):
        for _ in range(ROUNDS):
            system.post(feed(rng, 300, 3))
            sender = CaseSystem(system, feed(rng, EVENTS, 20))
            disk.fill()

            def felt(disk: SmallDisk = disk, sender: CaseSystem = sender) -> bool:
                disk.fill()
                sender.send()
                return hurt(system, place, sender)

            patiently(felt, f"a full disk to be felt by {place}", 120)
            until = time.monotonic() + FULL_SECONDS
            while time.monotonic() < until:
                disk.fill()
                sender.send()
            disk.give_back()
            system.post(sender.unanswered)
            answers += sender.answers
        system.wait_until_settled()
        system.assert_true()
    figures.add(f"full disk under {place}, answers while full", dict(sorted(answers.items())))
    figures.add(f"full disk under {place}, promised events lost", 0, "0")
