"""One more replica of a service beside the system's own: a process that may stand still while others work."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx

from hnb_local.processes import free_ports
from tests.faults.officers import patiently

# A minute passes before another takes over what a replica has in hand; here less, so that it may happen often. The
# limits are the services' own, set in the process before it starts.
RECLAIM_MS, IDLE_MS = 1_500, 1_000
_PROGRAM = """
import runpy, sys
from hnb import database, hearing
hearing.RECLAIM_AFTER_MS, database.IDLE_TIMEOUT_MS = {reclaim_ms}, {idle_ms}
sys.argv = [{service!r}]
runpy.run_module({service!r}, run_name="__main__", alter_sys=True)
"""


class Replica:
    """A replica with a name of its own, up while in the context."""

    def __init__(self, service: str, name: str, database: str, broker: str, log: Path) -> None:
        self.consumer = f"{service}-{name}"
        self.url = f"http://127.0.0.1:{free_ports(1)[0]}"
        self._log = log
        self._command = [
            sys.executable, "-P", "-c", _PROGRAM.format(service=service, reclaim_ms=RECLAIM_MS, idle_ms=IDLE_MS),
        ]  # fmt: skip
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HNB_")}
        self._environment = kept | {
            "HNB_DATABASE_URL": database, "HNB_BROKER_URL": broker, "HNB_REPLICA": name,
            "HNB_PORT": self.url.rpartition(":")[2],
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def __enter__(self) -> Self:
        with self._log.open("ab") as out:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=out, stderr=out)
        patiently(self._ready, self.consumer)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.send_signal(signal.SIGCONT)  # one that stands still hears nothing
            try:
                self.process.wait(30)
            finally:
                self.process.kill()

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self._log.read_text()[-2_000:]
        return httpx.get(f"{self.url}/health/ready", timeout=10).status_code == httpx.codes.OK
