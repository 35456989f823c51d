"""Who watches the processes while the system is up, and starts again, ever more patiently, one that died."""

import signal
import threading
import time
from dataclasses import dataclass

from hnb_local.folder import Say
from hnb_local.processes import Child, bound_log

LOOK_SECONDS = 0.2
FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 2.0
STEADY_SECONDS = 5.0  # who ran this long is no crash loop, and is started again at once however often it was killed
LOG_CHECK_SECONDS = 60.0


@dataclass
class _Watched:
    child: Child
    deaths: int = 0
    due_at: float | None = None


class Supervisor:
    """A thread that restarts what died, from `watch` until `hold`; ended by `release`.

    Two steps, since on Linux a child hears its stop signal when the thread that started it ends: the thread must
    outlive a server it restarted until the services that use the server have drained.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._watched: list[_Watched] = []
        self._looking = threading.Lock()
        self._held = False
        self._released = threading.Event()
        self._logs_due_at = 0.0
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def watch(self, children: list[Child]) -> None:
        self._watched = [_Watched(child) for child in children]
        self._thread.start()

    def hold(self) -> None:
        """No restart happens after this returns."""
        with self._looking:
            self._held = True

    def release(self) -> None:
        self._released.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._released.wait(LOOK_SECONDS):
            with self._looking:
                if not self._held:
                    self._look(time.monotonic())

    def _look(self, now: float) -> None:
        for each in self._watched:
            try:
                self._look_at(each, now)
            except OSError as error:  # no process, no disk space: said, and tried again like any other death
                self._fell(each, f"could not be started ({error})", now)
        if now >= self._logs_due_at:
            self._logs_due_at = now + LOG_CHECK_SECONDS
            for each in self._watched:
                bound_log(each.child.log)

    def _look_at(self, each: _Watched, now: float) -> None:
        status = each.child.exit_status()
        if status is None:
            return
        if each.due_at is None:
            if now - each.child.started_at > STEADY_SECONDS:
                each.deaths = 0
            self._fell(each, _how_it_ended(each.child, status), now)
        elif now >= each.due_at:
            each.due_at = None
            each.child.start()

    def _fell(self, each: _Watched, how: str, now: float) -> None:
        delay = min(FIRST_DELAY_SECONDS * 2**each.deaths, LONGEST_DELAY_SECONDS)
        each.deaths += 1
        each.due_at = now + delay
        self._say(f"{each.child.name} {how}; starting it again in {delay:.1f} s.")


def _how_it_ended(child: Child, status: int) -> str:
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    said = last_sentence(child)
    return f"ended with status {status}" + (f" ({said})" if said else "")


def last_sentence(child: Child) -> str:
    """The last thing a process wrote that is not a structured log line: why it would not start."""
    return next((line.strip().rstrip(".") for line in reversed(child.tail()) if not line.startswith("{")), "")
