"""Waiting for what a running system does in its own time: until it holds, or a clear failure."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 30.0


def until(holds: Callable[[], object], patience: float = PATIENCE_SECONDS) -> None:
    """Return once `holds()` is true; fail after `patience` seconds with its last answer."""
    deadline = time.monotonic() + patience
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"still {answer!r} after {patience} s"
        time.sleep(0.05)
