"""Posts events to the door in batches, and sends again what got no answer: a repeated event changes nothing."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Any

import httpx
import orjson

from hnb_local.asking import TOO_MANY, wait_asked_for
from hnb_local.errors import WRONG_USE, CommandFailed

BATCH_TYPE = "application/cloudevents-batch+json"
ANSWER_SECONDS = 30
TRIES = 8
AT_ONCE = 2
LONGEST_PAUSE_SECONDS = 5.0


class Door:
    """The placements service's `POST /events`, and what became of everything sent through it."""

    def __init__(self, url: str, *, pause: Callable[[float], object] = time.sleep, token: str | None = None) -> None:
        if not url.startswith(("http://", "https://")):
            raise CommandFailed(f"{url} is not of the form http://host:port.", WRONG_USE)
        self.url = url.rstrip("/").removesuffix("/events") + "/events"
        self.results: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._pause = pause
        headers = {"Content-Type": BATCH_TYPE} | ({"Authorization": f"Bearer {token}"} if token else {})
        local = url.startswith(("http://127.", "http://localhost", "http://[::1]"))
        self._client = httpx.Client(timeout=ANSWER_SECONDS, headers=headers, trust_env=not local)

    def __enter__(self) -> "Door":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._client.close()

    def post(self, events: Sequence[Any]) -> list[Any]:
        """Sends one batch, counts its results and returns them; CommandFailed when no answer comes after all tries."""
        body = orjson.dumps(events)
        wrong = ""
        for attempt in range(TRIES):
            try:
                answer = self._client.post(self.url, content=body)
            except httpx.TransportError as error:
                wrong = f"{type(error).__name__}: {error}"
            except httpx.InvalidURL as error:
                raise CommandFailed(f"{self.url} is no address: {error}.", WRONG_USE) from None
            else:
                if answer.status_code in (200, 207):
                    return self._count(answer)
                wrong = f"it answers {answer.status_code}"
                if answer.status_code == TOO_MANY:
                    self._pause(wait_asked_for(answer))
                    continue
                if answer.status_code != 503:
                    break
            self._pause(min(0.2 * 2**attempt, LONGEST_PAUSE_SECONDS))
        raise CommandFailed(f"The door at {self.url} does not take the events: {wrong}.")

    def post_all(self, batches: Iterable[Sequence[Any]]) -> Iterator[int]:
        """Sends batches, two at a time: while the door commits one it reads the next. Yields how many went."""
        with ThreadPoolExecutor(AT_ONCE) as hands:
            waiting: deque[Future[list[Any]]] = deque()
            for batch in batches:
                waiting.append(hands.submit(self.post, batch))
                if len(waiting) > AT_ONCE:
                    yield len(waiting.popleft().result())
            while waiting:
                yield len(waiting.popleft().result())

    def _count(self, answer: httpx.Response) -> list[Any]:
        try:
            results: list[Any] = answer.json()
            with self._counting:
                self.results.update(result["status"] for result in results)
        except (ValueError, TypeError, KeyError):
            raise CommandFailed(f"What answers at {self.url} is not the placements service.") from None
        return results


def in_batches(events: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The events in order, `size` at a time."""
    rest = iter(events)
    while batch := list(islice(rest, size)):
        yield batch
