"""Plays a feed through the door in order of arrival, at a pace, on a thread of its own."""

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import date

from hnb_local.errors import CommandFailed
from hnb_local.simulator.feed import Feed
from hnb_local.simulator.sending import Door, in_batches

BATCH = 400
RATE_SECONDS = 3.0  # over how long events a second are counted


class Player(threading.Thread):
    """What has been played so far may be read from any thread while it runs."""

    def __init__(self, feed: Feed, url: str, pace: int | None, stop: threading.Event) -> None:
        super().__init__(name="player", daemon=True)
        self.total = len(feed.events)
        self.played = 0
        self.day: date = feed.events[0].arrives_at.date()
        self.failure: Exception | None = None
        self.results: Mapping[str, int] = {}
        self._feed = feed
        self._url = url
        self._pace = pace
        self._stop_request = stop
        self._given_up = threading.Event()
        self._marks: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    @property
    def done(self) -> bool:
        """Whether the door has answered for every event."""
        return self.played == self.total

    @property
    def rate(self) -> float:
        """Events a second, of late."""
        (first, before), (last, played) = self._marks[0], self._marks[-1]
        return (played - before) / (last - first) if last > first else 0.0

    def give_up(self) -> None:
        """Nothing more is sent after the batch in hand."""
        self._given_up.set()

    def run(self) -> None:
        """Thread's body: whatever goes wrong is kept for the one who watches."""
        try:
            self._play()
        except Exception as error:
            self.failure = error

    def _play(self) -> None:
        started = time.monotonic()
        with Door(self._url, pause=self._given_up.wait, token=os.environ.get("HNB_TOKEN")) as door:
            for deliveries in in_batches(self._feed.events, BATCH):
                if self._stop_request.is_set() or self._given_up.is_set():
                    return
                door.post([delivery.event for delivery in deliveries])
                self.results = dict(door.results)
                self.day = deliveries[-1].arrives_at.date()
                self.played += len(deliveries)
                self._mark()
                if self._pace is not None:
                    self._given_up.wait(max(0.0, started + self.played / self._pace - time.monotonic()))

    def _mark(self) -> None:
        now = time.monotonic()
        marks = deque(self._marks)
        marks.append((now, self.played))
        while len(marks) > 2 and now - marks[0][0] > RATE_SECONDS:
            marks.popleft()
        self._marks = marks  # replaced whole: the one who reads never sees it change


def raise_failure(player: Player) -> None:
    """What stopped the playing, as one sentence."""
    if isinstance(player.failure, CommandFailed):
        raise player.failure
    if player.failure is not None:
        raise CommandFailed(f"The year could not be played: {player.failure!r}.") from player.failure
