"""A port that another program takes between being chosen and being listened on."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx
import pytest

from hnb_local.errors import CommandFailed
from hnb_local.processes import free_ports
from hnb_local.stack import Stack
from tests.conftest import scratch_folder

PATIENCE_SECONDS = 60


class AlwaysReady(BaseHTTPRequestHandler):
    """Another system, which answers 200 to whatever it is asked."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def taking_a_port(stack: Stack) -> Iterator[list[int]]:
    """Listens on the port of alerts as soon as it is known, which is before alerts does."""
    taken: list[ThreadingHTTPServer] = []

    def take() -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while "alerts" not in stack.urls and time.monotonic() < deadline:
            time.sleep(0.001)
        taken.append(ThreadingHTTPServer(("127.0.0.1", urlsplit(stack.urls["alerts"]).port or 0), AlwaysReady))
        taken[0].serve_forever()

    thread = threading.Thread(target=take)
    thread.start()
    ports: list[int] = []
    try:
        yield ports
    finally:
        for server in taken:
            ports.append(server.server_port)
            server.shutdown()
            server.server_close()
        thread.join()


def test_who_wished_for_no_port_gets_another() -> None:
    with scratch_folder() as path:
        stack = Stack(path, say=print, durable=False)
        with taking_a_port(stack) as taken, stack:
            assert "alerts" in httpx.get(f"{stack.urls['alerts']}/openapi.json", timeout=20).json()["info"]["title"]
        assert urlsplit(stack.urls["alerts"]).port not in taken
        assert taken


def test_who_wished_for_a_port_is_told_that_it_is_taken() -> None:
    with scratch_folder() as path:
        stack = Stack(path, say=print, durable=False, port_base=free_ports(1)[0])
        with taking_a_port(stack), pytest.raises(CommandFailed, match="took the port of alerts"), stack:
            pass
