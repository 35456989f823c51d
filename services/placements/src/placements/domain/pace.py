"""How fast the bearer of a token may go: a bucket of events that fills at a steady rate."""

import math
from dataclasses import dataclass

BURST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Pace:
    """So many events a second on average, and as many at once as fit into `BURST_SECONDS`."""

    per_second: float

    @property
    def burst(self) -> float:
        """What a full bucket holds, in events; at least one, or nothing could ever pass."""
        return max(1.0, self.per_second * BURST_SECONDS)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at a moment (seconds of any steady clock), in events. Below nothing it is in debt."""

    level: float
    at: float


def full(pace: Pace, now: float) -> Bucket:
    """The bucket of somebody who was not heard of before."""
    return Bucket(pace.burst, now)


def filled(bucket: Bucket, pace: Pace, now: float) -> Bucket:
    """The bucket as time has filled it, never above its rim; a clock that went backwards fills nothing."""
    gained = max(0.0, now - bucket.at) * pace.per_second
    return Bucket(min(pace.burst, bucket.level + gained), max(now, bucket.at))


def seconds_to_wait(bucket: Bucket, pace: Pace) -> int:
    """Whole seconds, rounded up, until one event fits again; 0 when it does now."""
    return max(0, math.ceil((1.0 - bucket.level) / pace.per_second))


def taken(bucket: Bucket, events: int) -> Bucket:
    """The bucket after events were taken in.

    A batch that was let in is taken whole and may put the bucket in debt, to be paid off by waiting: so a bucket
    smaller than a batch slows batches down, and never shuts them out for good.
    """
    return Bucket(bucket.level - events, bucket.at)
