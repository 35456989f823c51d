"""A network that fails on purpose: a TCP proxy that cuts, delays, half-closes, and loses answers to what was done."""

import asyncio
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, Self, TypeVar

CHUNK = 65_536
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time; closing then sends RST instead of FIN

T = TypeVar("T")
Side = Literal["client", "server"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request whose answer can be lost: how it looks on the wire, and how an answer that says "done" does."""

    name: str
    asked: re.Pattern[bytes]
    done: re.Pattern[bytes]


# PostgreSQL's messages: a letter, four bytes of length that count themselves, and the words up to a zero byte.
COMMIT = Exchange("COMMIT", re.compile(rb"Q\x00\x00\x00\x0bCOMMIT\x00"), re.compile(rb"C\x00\x00\x00\x0bCOMMIT\x00Z"))
# Valkey's: the name of a command stands alone between line ends; a body is JSON, which has none.
XADD = Exchange("XADD", re.compile(rb"\r\nXADD\r\n"), re.compile(rb"\A\$\d+\r\n\d+-\d+\r\n"))
XACK = Exchange("XACK", re.compile(rb"\r\nXACK\r\n"), re.compile(rb"\A:[1-9]"))
XREADGROUP = Exchange("XREADGROUP", re.compile(rb"\r\nXREADGROUP\r\n"), re.compile(rb"\A[*%][1-9]"))
POST = Exchange("POST", re.compile(rb"\APOST /events "), re.compile(rb"\AHTTP/1\.1 2"))


@dataclass(eq=False)
class Link:
    """One connection through the proxy: what it has asked that may lose its answer, and its two ends."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    asked: set[Exchange] = field(default_factory=set)
    ended: set[Side] = field(default_factory=set)  # who was told that nothing more comes

    def reset(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):
                end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.transport.abort()

    def half_close(self, side: Side) -> None:
        """That side reads an end of the stream, and may still write; what it was yet to be told is lost."""
        self.ended.add(side)
        with suppress(OSError, RuntimeError):
            self._end(side).write_eof()

    async def pass_on(self, side: Side, data: bytes) -> None:
        if side not in self.ended:
            self._end(side).write(data)
            await self._end(side).drain()

    def _end(self, side: Side) -> asyncio.StreamWriter:
        return self.client if side == "client" else self.server


class Proxy:
    """A port of its own that leads to `target`, on loopback; its faults are called for from any other thread."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.lost: Counter[str] = Counter()  # answers lost, by what was asked
        self._links: set[Link] = set()
        self._to_lose: set[Exchange] = set()
        self._held_until = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._listen()).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._close()).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> int:
        """Reset every connection; how many there were."""

        async def reset() -> int:
            links = list(self._links)
            for link in links:
                link.reset()
            return len(links)

        return self._call(reset()).result(10)

    def delay(self, seconds: float) -> None:
        """Let nothing through, either way, for that long; then all of it."""

        async def hold() -> None:
            self._held_until = self._loop.time() + seconds

        self._call(hold()).result(10)

    def half_close(self, side: Side) -> int:
        """End every connection in one direction only; how many there were."""

        async def end() -> int:
            links = list(self._links)
            for link in links:
                link.half_close(side)
            return len(links)

        return self._call(end()).result(10)

    def lose_answer(self, exchange: Exchange) -> None:
        """The next such request is done, and who asked never hears so: reset in place of the answer."""

        async def arm() -> None:
            self._to_lose.add(exchange)

        self._call(arm()).result(10)

    def behave(self) -> None:
        """Lose nothing more and hold nothing back."""

        async def calm() -> None:
            self._to_lose.clear()
            self._held_until = 0.0

        self._call(calm()).result(10)

    def _call(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        for link in list(self._links):
            link.reset()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            answers, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client.transport.abort()
            return
        link = Link(client, server)
        self._links.add(link)
        try:
            # Ended when both directions are: an end read on one side is passed on, and the other side may still speak.
            await asyncio.gather(self._up(link, reader), self._down(link, answers))
        except OSError:
            pass
        finally:
            self._links.discard(link)
            link.reset()

    async def _up(self, link: Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            await self._wait_while_held()
            link.asked |= {exchange for exchange in self._to_lose if exchange.asked.search(data)}
            await link.pass_on("server", data)
        link.half_close("server")

    async def _down(self, link: Link, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(CHUNK):
            await self._wait_while_held()
            for exchange in link.asked & self._to_lose:
                if exchange.done.search(data):
                    self._to_lose.discard(exchange)
                    self.lost[exchange.name] += 1
                    raise ConnectionResetError
            link.asked.clear()
            await link.pass_on("client", data)
        link.half_close("client")

    async def _wait_while_held(self) -> None:
        while (left := self._held_until - self._loop.time()) > 0:
            await asyncio.sleep(left)
