"""A real SMTP server that keeps what it is sent."""

import time
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from hnb_local.processes import free_ports

PATIENCE_SECONDS = 30


class Mailbox:
    """An SMTP server on a port of loopback, running while the context is."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_ports(1)[0]
        self.received: list[EmailMessage] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)

    def url(self, officer: str) -> str:
        """The Apprise URL of an officer who reads here: no login, no TLS."""
        return f"mailto://127.0.0.1:{self.port}?from=hnb@leicester.example&to={officer}"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd calls it
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.received.append(message)
        return "250 kept"

    def __enter__(self) -> "Mailbox":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def wait_for(self, wanted: Callable[[EmailMessage], bool]) -> EmailMessage:
        """The first message that is wanted, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for message in list(self.received):
                if wanted(message):
                    return message
            time.sleep(0.05)
        raise AssertionError(f"no such message; received were {[m['subject'] for m in self.received]}")


def text_of(message: EmailMessage) -> str:
    """The plain text a person reads."""
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")
