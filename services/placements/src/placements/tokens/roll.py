"""The tokens the door knows, kept in memory for moments, and how much each bearer has left to send."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import Engine

from hnb.database import reading, transaction
from placements.domain.pace import Bucket, Pace, filled, full, seconds_to_wait, taken
from placements.domain.tokens import Token
from placements.tokens import store

REFRESH_SECONDS = 2.0  # how long a revoked token may still be let in, at each replica
LOOK_SECONDS = 0.2  # how long unknown ones wait for each other, so that a flood of them is looked up as one
PATIENCE_SECONDS = 4.0  # a request is answered within ten, also while the database is away


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Roll:
    """All tokens, read whole and often: they are few, and a flood of made-up ones then costs the database nothing.

    Belongs to one event loop: only it looks tokens up and takes from buckets.
    """

    engine: Engine
    usual: Pace | None
    now: Callable[[], datetime] = _now
    clock: Callable[[], float] = time.monotonic
    _known: dict[bytes, Token] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _used: dict[bytes, datetime] = field(default_factory=dict)
    _buckets: dict[str, Bucket] = field(default_factory=dict)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, hashed: bytes) -> Token | None:
        """The token of this hash, good or ended, as PostgreSQL knew it moments ago; None where there is none."""
        asked = self.clock()
        if not self._is_fresh(hashed, asked):
            async with asyncio.timeout(PATIENCE_SECONDS), self._reading:
                if not self._is_fresh(hashed, asked):  # nobody else read them while we waited
                    await asyncio.sleep(max(0.0, self._read_at + LOOK_SECONDS - self.clock()))
                    began = self.clock()
                    self._known, self._read_at = await asyncio.to_thread(self._read), began
        token = self._known.get(hashed)
        if token is not None:
            self._used[hashed] = self.now()
        return token

    def _is_fresh(self, hashed: bytes, asked: float) -> bool:
        # One that is unknown may have been made since: so it is looked for after it was shown, never before.
        return self._read_at >= asked - REFRESH_SECONDS if hashed in self._known else self._read_at >= asked

    def _read(self) -> dict[bytes, Token]:
        with reading(self.engine) as connection:
            return store.known(connection)

    def pace(self, token: Token) -> Pace | None:
        """How fast its bearer may go; None where there is no limit."""
        return self.usual if token.events_per_second is None else Pace(token.events_per_second)

    def left(self, token: Token, pace: Pace) -> Bucket:
        """What its bearer may send now."""
        now = self.clock()
        bucket = self._buckets.get(token.id)
        return full(pace, now) if bucket is None else filled(bucket, pace, now)

    def take(self, token: Token, pace: Pace, events: int) -> None:
        """Count events against its bearer."""
        self._buckets[token.id] = taken(self.left(token, pace), events)

    def wait(self, token: Token, pace: Pace) -> int:
        """Seconds until its bearer may send again; 0 when at once."""
        return seconds_to_wait(self.left(token, pace), pace)

    def note_use(self) -> bool:
        """Keep when tokens were last used. Once in a while: a crash forgets the last moments of that, and no more."""
        used, self._used = self._used, {}
        if used:
            try:
                with transaction(self.engine) as connection:
                    store.note_use(connection, used)
            except Exception:
                self._used = used | self._used
                raise
        return False
