"""A real HTTP server that keeps what it is sent, and answers as it is told to: well, slowly, badly, or not at all."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A server on a port of loopback. `answers` are given in turn; the last one for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.received: list[Received] = []
        self._answers, self._guard = list(answers) or [status(204)], threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                kept = Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                with outer._guard:
                    outer.received.append(kept)
                    answer = outer._answers.pop(0) if len(outer._answers) > 1 else outer._answers[0]
                answer(self)

            def log_message(self, format: str, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """An answer with this status; `Retry_After="1"` is the header Retry-After."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def closed(handler: BaseHTTPRequestHandler) -> None:
    """No answer: the connection is closed."""
    handler.close_connection = True


def garbage(handler: BaseHTTPRequestHandler) -> None:
    """Something that is no HTTP."""
    handler.wfile.write(b"\x00\xff what is this \r\n\r\n")
    handler.close_connection = True


def held(until: threading.Event) -> Answer:
    """A good answer, but only once told so."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        until.wait(60)
        status(204)(handler)

    return answer
