"""What a running service is: its ears, its relay, its loops and its HTTP door, started and drained in order."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from faststream.redis import RedisBroker
from faststream.specification import AsyncAPI
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from hnb import broker as streams
from hnb import database, replaying
from hnb.bearer import Guard, KnownTokens
from hnb.events import ENVELOPES, EVENTS
from hnb.hearing import Hearing
from hnb.http import make_app
from hnb.intake import Intake
from hnb.memory import collect_seldom
from hnb.outbox import RELAY_BATCH, Relay
from hnb.pages import Pages, assets
from hnb.pages.refusing import InWords
from hnb.settings import DatabaseSettings, ServiceSettings, load, refuse_to_start
from hnb.signin import PageRoles, audit
from hnb.signin.desk import Desk, utc_now
from hnb.signin.guard import PageGuard, for_programs
from hnb.signin.routes import make_router as signing_in
from hnb.signin.routes import provider_of
from hnb.telemetry import Telemetry, configure_logging

if TYPE_CHECKING:
    from hnb.tracing import Tracing

START_PATIENCE_SECONDS = 30
RELAY_SECONDS = 0.25
SETTLE_SECONDS = 1.0
STUCK_SECONDS = 10.0
READY_TIMEOUT_SECONDS = 3
DRAIN_SECONDS = 10
REST_SECONDS = 0.25  # a loop that stands back asks so often whether it still should

_OUTBOX = text("""
    SELECT count(*) AS pending, coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) AS age
    FROM outbox WHERE entry_ms IS NULL
""")

_DEAD_LETTERS = text("SELECT count(*), count(*) FILTER (WHERE replayed_at IS NULL) FROM dead_letters")
_SIZE = text("SELECT pg_database_size(current_database())")

log = structlog.get_logger(__name__)
S = TypeVar("S", bound=ServiceSettings)


@dataclass
class Loop:
    """Something a service does again and again: `work` says whether there may be more to do at once."""

    name: str
    work: Callable[[], bool]
    every_seconds: float
    rest: Callable[[], float] = lambda: 0.0  # how many times as long as it worked it then stands back for others
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop | None = None

    def wake(self) -> None:
        """There is something to do now. May be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Work until cancelled; after a failure wait longer each time, and say so once per failure."""
        self._loop = asyncio.get_running_loop()
        failures = 0
        while True:
            self._wake.clear()
            began = self._loop.time()
            try:
                more = await asyncio.to_thread(self.work)
                failures = 0
            except Exception as error:
                more, failures = False, failures + 1
                log.warning("a loop failed; it goes on", loop=self.name, error=str(error)[:500])
            ended = self._loop.time()
            if failures:
                await asyncio.sleep(min(0.1 * 2**failures, 5.0))
            # Asked again and again: what it stands back for may be over long before the rest is.
            while not failures and (left := self.rest() * (ended - began) - (self._loop.time() - ended)) > 0:
                await asyncio.sleep(min(left, REST_SECONDS))
            if not more:
                # Not wait_for: before Python 3.12 it forgets a cancellation that comes as it wakes, and never ends.
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, self.every_seconds - (self._loop.time() - ended))):
                        await self._wake.wait()


@dataclass
class Service:
    """The parts `app.build` wires together; everything else here is the same in every service."""

    name: str
    description: str
    settings: ServiceSettings
    engine: Engine
    redis: Redis
    broker: RedisBroker
    telemetry: Telemetry
    relay: Relay
    intake: Intake
    hearing: Hearing
    heard: Sequence[str]
    said: Sequence[str]
    routers: Sequence[APIRouter]
    pages: Pages
    loops: Sequence[Loop]
    schemas: dict[str, Any] = field(default_factory=dict)
    tracing: "Tracing | None" = None
    guard: Guard | None = None  # of its own, where the tokens of its settings are not all it goes by
    page_roles: PageRoles = field(default_factory=dict)  # who may see which pages
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _asyncapi: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        """Reach the database and the broker and migrate; wait for a server that is still starting, not for ever."""
        _wait_for(self.name, "HNB_DATABASE_URL", lambda: database.migrate(self.engine, self.name))
        _wait_for(self.name, "HNB_BROKER_URL", self.redis.ping)

    def asgi(self) -> FastAPI:
        """The HTTP application, with everything else in its lifespan."""
        tokens = self.guard or partial(KnownTokens, settings=self.settings)
        desk = Desk(self.name, self.settings, self.pages, utc_now)
        programs = for_programs(self.page_roles, self.routers)
        page_roles = {"/": None, **self.page_roles}
        guard = partial(PageGuard, desk=desk, pages=page_roles, tokens=tokens, programs=programs)
        routers = [
            *self.routers, replaying.make_router(self.intake), audit.make_router(self.engine),
            self.pages.start(), assets(), signing_in(desk, provider_of(desk)),
        ]  # fmt: skip
        app = make_app(
            f"HNB Ledger: {self.name}", self.description, self.telemetry, routers, self.readiness,
            self.asyncapi, database.is_passing, guard, self.schemas, lifespan=self._lifespan,
        )  # fmt: skip
        app.add_middleware(InWords, pages=self.pages)
        return app

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        await self.hearing.start()
        end_stuck = Loop("stuck transactions", partial(database.end_stuck, self.engine), STUCK_SECONDS)
        loops = [*self.loops, end_stuck]
        work: list[Awaitable[None]] = [self.hearing.watch(), *(loop.run() for loop in loops)]
        self.tasks = [asyncio.ensure_future(one) for one in work]
        log.info("ready", port=self.settings.port, tokens=len(self.settings.tokens))
        try:
            yield
        finally:
            await self.hearing.stop()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            await asyncio.to_thread(self._last_words)
            log.info("stopped")

    def _last_words(self) -> None:
        try:
            self.relay.send()
        except (RedisError, DBAPIError, OSError):
            log.warning("the outbox keeps what could not be sent; the next start sends it")
        self.engine.dispose()
        self.redis.close()
        if self.tracing is not None:
            self.tracing.stop()

    async def readiness(self) -> dict[str, str]:
        """Each part this service needs, `ok` or what is wrong."""
        return {
            "database": await self._part(self._database_answers),
            "broker": await self._part(self.redis.ping),
            "hearing": "ok" if self.hearing.running else "not reading every stream",
            "loops": "ok" if self.tasks and not any(task.done() for task in self.tasks) else "a loop has stopped",
        }

    async def _part(self, ask: Callable[[], object]) -> str:
        try:
            await asyncio.wait_for(asyncio.to_thread(ask), READY_TIMEOUT_SECONDS)
        except Exception as error:
            return type(error).__name__
        return "ok"

    def _database_answers(self) -> None:
        with database.reading(self.engine) as connection:
            connection.execute(text("SELECT 1"))

    def asyncapi(self) -> dict[str, Any]:
        """What this service hears and says, from FastStream's own generator."""
        if not self._asyncapi:
            self._asyncapi = asyncapi_document(self.name, self.description, self.heard, self.said)
        return self._asyncapi

    def metrics(self) -> Iterable[Metric]:
        """Outbox, dead letters, database and streams, read at each scrape."""
        in_use = database.connections_in_use(self.engine)  # before this scrape takes one itself
        with database.reading(self.engine) as connection:
            row = connection.execute(_OUTBOX).one()
            dead, waiting = connection.execute(_DEAD_LETTERS).one()
            size = connection.scalar(_SIZE) or 0
        yield _gauge("hnb_outbox_pending", "Messages not yet sent to the broker", {"service": self.name}, row.pending)
        yield _gauge("hnb_outbox_oldest_seconds", "Age of the oldest of them", {"service": self.name}, row.age)
        buried = CounterMetricFamily("hnb_dead_letters", "Entries set aside with a reason", labels=["service"])
        buried.add_metric([self.name], dead or 0)
        yield buried
        yield _gauge(
            "hnb_dead_letters_waiting", "Of them, those that have not taken effect", {"service": self.name}, waiting
        )
        yield _gauge(
            "hnb_database_connections_in_use", "Connections this process has in hand", {"service": self.name}, in_use
        )
        yield _gauge("hnb_database_bytes", "Size of the service's database on disk", {"service": self.name}, size)
        lag = GaugeMetricFamily("hnb_stream_lag", "Entries not yet delivered", labels=["stream", "group"])
        pending = GaugeMetricFamily(
            "hnb_stream_pending", "Entries delivered and not yet acknowledged", labels=["stream", "group"]
        )
        # While the broker is away all else is told: the outbox that grows, and the money, which needs no broker.
        with suppress(RedisError):
            for stream in self.heard:
                for name, group in streams.groups_of(self.redis, stream).items():
                    lag.add_metric([stream, name], group.get("lag") or 0)
                    pending.add_metric([stream, name], group["pending"])
        yield lag
        yield pending


def _wait_for(service: str, setting: str, attempt: Callable[[], object]) -> None:
    """Attempts until it works: a server may still be starting, and tables may be just being brought up to date."""
    deadline = time.monotonic() + START_PATIENCE_SECONDS
    while True:
        try:
            attempt()
            return
        except database.TooNew as error:
            refuse_to_start(service, str(error))
        except (DBAPIError, RedisError, OSError, database.Behind) as error:
            reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            refused = isinstance(error, AuthenticationError) or any(
                word in reason for word in ("authentication failed", "does not exist", "no password supplied")
            )
            if refused or time.monotonic() > deadline:
                what = setting.removeprefix("HNB_").removesuffix("_URL").lower()
                refuse_to_start(service, f"the {what} of {setting} cannot be used: {reason}")
            time.sleep(0.5)


def _gauge(name: str, help_text: str, labels: dict[str, str], value: float) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=list(labels))
    family.add_metric(list(labels.values()), float(value))
    return family


def relay_loops(relay: Relay) -> tuple[Loop, Loop]:
    """The two loops of a relay: send what is new, settle what is heard."""

    return (
        Loop("relay", lambda: relay.send() == RELAY_BATCH, RELAY_SECONDS),
        Loop("settle", relay.settle, SETTLE_SECONDS),
    )


def asyncapi_document(name: str, description: str, heard: Sequence[str], said: Sequence[str]) -> dict[str, Any]:
    """The AsyncAPI 3 document of a service: its streams, with the envelope of every event type on each."""
    broker = RedisBroker("redis://broker:6379")

    async def hear(event: Any) -> None: ...

    for stream in heard:
        hear.__annotations__["event"] = _payload(stream)
        broker.subscriber(
            stream=stream,
            title=f"hear_{stream}",
            description=f"{name} hears `{stream}`: one field, `event`, holding JSON",
        )(hear)
    for stream in said:
        broker.publisher(
            stream=stream, title=f"say_{stream}", schema=_payload(stream),
            description=f"{name} says `{stream}`: one field, `event`, holding CloudEvents JSON",
        )  # fmt: skip
    document = AsyncAPI(broker, title=f"HNB Ledger: {name}", version="1", description=description)
    made: dict[str, Any] = document.to_specification().to_jsonable()
    return made


def _payload(stream: str) -> Any:
    """The union of the envelopes that travel on a stream; `case-intake` and `dead-letter` carry any."""
    kinds = [kind for kind, (family, _) in EVENTS.items() if family == stream] or list(EVENTS)
    payload: Any = ENVELOPES[kinds[0]]
    for kind in kinds[1:]:
        payload = payload | ENVELOPES[kind]
    return payload


def main(name: str, settings_type: type[S], build: Callable[[S], Service]) -> None:
    """Start a service and serve until told to stop; exit status 2 when it cannot start as it is set up."""
    if sys.argv[1:] == ["migrate"]:
        _migrate(name)
        return
    if len(sys.argv) > 1:
        _explain(name, settings_type, sys.argv[1])
    settings = load(name, settings_type)
    configure_logging(name, settings.log_level)
    if not settings.guarded:
        log.warning("no tokens are asked for: the HTTP door is open, on loopback only", host=settings.host)
    service = build(settings)
    service.prepare()
    collect_seldom()
    uvicorn.run(
        service.asgi(),
        host=settings.host, port=settings.port, log_config=None, access_log=False,
        timeout_graceful_shutdown=DRAIN_SECONDS, server_header=False,
    )  # fmt: skip


def _migrate(name: str) -> None:
    """Bring the tables up to date as their owner, so that the service itself needs no right to change them."""
    settings = load(name, DatabaseSettings)
    configure_logging(name, settings.log_level)
    engine = database.connect(settings.database_url.get_secret_value(), name)
    _wait_for(name, "HNB_DATABASE_URL", lambda: database.migrate(engine, name))
    log.info("the tables are up to date")
    engine.dispose()


def _explain(name: str, settings_type: type[ServiceSettings], argument: str) -> None:
    lines = [f"Usage: python -m {name} [migrate]", "", "Set up by its environment:"]
    for key, info in settings_type.model_fields.items():
        default = "required" if info.is_required() else f"default {info.default!r}"
        lines.append(f"  HNB_{key.upper():<22} {info.description} ({default})")
    lines += ["", (f"Example: HNB_DATABASE_URL=postgresql://{name}:secret@127.0.0.1/{name} "
              f"HNB_BROKER_URL=redis://127.0.0.1:6379/0 python -m {name}")]  # fmt: skip
    wants_help = argument in ("-h", "--help")
    print("\n".join(lines), file=sys.stdout if wants_help else sys.stderr)
    raise SystemExit(0 if wants_help else 2)
