"""Debian's Alertmanager as a process, fed as Prometheus feeds it, and a webhook that keeps what it is sent."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from hnb_local.processes import free_ports
from tests.faults.officers import patiently

PROGRAMS = ("prometheus-alertmanager", "alertmanager")
RESEND_SECONDS = 3.0  # Prometheus: a minute
HELD_FOR = timedelta(seconds=4 * RESEND_SECONDS)  # as Prometheus: an alert not sent again for so long is over
_CONFIG = """
route: {{receiver: officers, group_by: [alertname, line], group_wait: {wait}, group_interval: {interval}}}
receivers: [{{name: officers, webhook_configs: [{{url: "http://127.0.0.1:{port}/", send_resolved: true}}]}}]
"""


def program() -> str | None:
    """Alertmanager on PATH, under either of its names."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Receiver:
    """A webhook of our own; it can be closed, and opened again on its port."""

    def __init__(self) -> None:
        self.port = free_ports(1)[0]
        self.notices: list[dict[str, Any]] = []
        self._server: ThreadingHTTPServer | None = None

    def open(self) -> None:
        notices = self.notices

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                notices.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def told(self, status: str, **labels: str) -> list[dict[str, Any]]:
        """The notices that say so of an alert with these labels."""
        return [
            notice
            for notice in list(self.notices)
            if any(a["status"] == status and labels.items() <= a["labels"].items() for a in notice["alerts"])
        ]


class Alertmanager:
    """One Alertmanager with nothing in it, and the Prometheus that says again every few seconds what is firing."""

    def __init__(self, folder: Path, receiver: Receiver, wait: str = "5s", interval: str = "5s") -> None:
        folder.mkdir()
        self.receiver = receiver
        self.port = free_ports(1)[0]
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/v2", timeout=10)
        self._log = folder / "log"
        config = folder / "config.yml"
        config.write_text(_CONFIG.format(wait=wait, interval=interval, port=receiver.port))
        self._command = [
            program() or PROGRAMS[0], f"--config.file={config}", f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._said: dict[tuple[str, str], dict[str, Any]] = {}
        self._ended = threading.Event()

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(self._command, stdout=out, stderr=out)
        patiently(lambda: self.http.get("/status").status_code == httpx.codes.OK, "Alertmanager")

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._ended.set()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self.http.close()

    def say(self, severity: str, *, firing: bool = True, line: str = "special") -> None:
        """What a Prometheus rule over our own figures could say of a line, now and again from now on."""
        now = datetime.now(UTC)
        labels = {"alertname": "LineBudget", "authority": "E06000016", "line": line, "severity": severity}
        note = {"summary": "Special schools at 95.0% of budget", "committed_pounds": "950"}
        with self._guard:
            known = self._said.get((severity, line), {"startsAt": now.isoformat()})
            if known.get("endsAt"):
                known = {"startsAt": now.isoformat()}
            alert = {**known, "labels": labels, "annotations": note}
            if not firing:
                alert["endsAt"] = now.isoformat()
            self._said[severity, line] = alert
            self._send()

    def vanish(self) -> None:
        """The series is gone: Prometheus, or what it scrapes, says nothing any more."""
        with self._guard:
            self._said.clear()

    def _send(self) -> None:
        """The caller holds the guard: nothing older may arrive after something newer."""
        ends = (datetime.now(UTC) + HELD_FOR).isoformat()
        if alerts := [{"endsAt": ends} | alert for alert in self._said.values()]:
            self.http.post("/alerts", json=alerts).raise_for_status()

    def repeat(self) -> None:
        while not self._ended.wait(RESEND_SECONDS):
            with self._guard, suppress(httpx.HTTPError):  # it is killed, and Prometheus goes on
                self._send()


@contextmanager
def alertmanager(folder: Path, wait: str = "5s", interval: str = "5s") -> Iterator[Alertmanager]:
    """One of our own, running, with its receiver open."""
    receiver = Receiver()
    receiver.open()
    theirs = Alertmanager(folder, receiver, wait, interval)
    repeating = threading.Thread(target=theirs.repeat, daemon=True)
    try:
        theirs.start()
        repeating.start()
        yield theirs
    finally:
        theirs.stop()
        receiver.close()


def nothing_came(found: Callable[[], object], seconds: float) -> bool:
    """Whether, for so long, `found()` stays empty."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found():
            return False
        time.sleep(0.02)
    return True
