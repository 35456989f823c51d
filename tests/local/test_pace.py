"""A feed that is told to slow down waits as long as it is told, and then goes on."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from hnb_local import asking
from hnb_local.asking import TRIES, ask
from hnb_local.errors import CommandFailed
from hnb_local.simulator.sending import Door
from tests.cases import made

TOO_FAST = (429, {"Retry-After": "7"}, {"detail": "this token's events come too fast: try again in 7 s"})


@contextmanager
def answering(*answers: tuple[int, dict[str, str], object]) -> Iterator[str]:
    """A door that gives these answers, one a request, the last of them for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def do_GET(self) -> None:
            status, headers, said = left.pop(0) if len(left) > 1 else left[0]
            body = json.dumps(said).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: pytest shows what a test prints."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_is_sent_too_fast_is_sent_again_when_it_is_told_to_be() -> None:
    pauses: list[float] = []
    with (
        answering(TOO_FAST, TOO_FAST, (200, {}, [{"id": "e-1", "status": "accepted"}])) as url,
        Door(url, pause=pauses.append) as door,
    ):
        assert door.post([made(id="e-1")])[0]["status"] == "accepted"
    assert pauses == [7, 7]


def test_what_is_asked_too_fast_is_asked_again_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("hnb_local.asking.time.sleep", pauses.append)
    with answering(TOO_FAST, (200, {}, {"events": []})) as url:
        assert ask("placements", url, "/events", {"id": "e-1"}) == {"events": []}
    assert pauses == [7]
    with answering(TOO_FAST) as url, pytest.raises(CommandFailed, match="come too fast"):
        ask("placements", url, "/events", {"id": "e-1"})
    assert len(pauses) == 1 + TRIES


def test_a_service_that_says_no_time_to_wait_is_left_alone_for_a_moment_and_never_for_long() -> None:
    said = {None: 1, "soon": 1, "0": 0, "12": 12, "86400": 60}
    for header, seconds in said.items():
        answer = httpx.Response(429, headers={} if header is None else {"Retry-After": header})
        assert asking.wait_asked_for(answer) == seconds
