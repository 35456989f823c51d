"""How the ledger is wired: which events it hears, and which route asks what."""

from datetime import UTC, date, datetime

from hnb import broker as streams
from hnb import database
from hnb.broker import FAMILY_STREAMS
from hnb.conditions import api as conditions_api
from hnb.conditions.looking import LOOK_SECONDS, REST, Conditions
from hnb.events import CASE_EVENTS
from hnb.hearing import Hearing, make_broker
from hnb.intake import Intake
from hnb.outbox import Relay
from hnb.pages import Link, Pages
from hnb.service import Loop, Service, relay_loops
from hnb.settings import refuse_to_start
from hnb.signin import EVERYBODY, Role
from hnb.telemetry import Telemetry, make_tracing
from ledger import api, metrics, saying, seals
from ledger.api import forecasts, replay
from ledger.conditions import finders
from ledger.forecast.faults import BadInput
from ledger.handlers import Ledger, about
from ledger.outlook.scenarios import pack_of
from ledger.pages import benchmarks, board, lines, public, recovery
from ledger.reports.exceptions import Counting
from ledger.runs.nightly import LOOK_SECONDS as FORECAST_SECONDS
from ledger.runs.nightly import Nightly
from ledger.settings import LedgerSettings

AT_ONCE = 2  # batches in hand: one is folded while another is written; what they cost depends on no order
SETTLE_SECONDS = 0.25
SAY_SECONDS = 0.25
SAY_REST = 3.0  # while events come, most of the time is theirs: what moves again meanwhile is said as one
SAY_REST_BEHIND = 15.0  # while more wait than are taken at once, nearly all of it
COUNT_SECONDS = 30.0  # exceptions are looked at by the day; counting an authority's folds every commitment of a year
COUNT_REST = 20.0

PAGE_ROLES = {
    "/board": frozenset({Role.FINANCE}),
    "/benchmarks": EVERYBODY,
    "/recovery-plan": frozenset({Role.FINANCE}),
}


def build(settings: LedgerSettings) -> Service:
    """The service, wired from its settings. Opens no connection yet."""
    try:
        scenarios = pack_of(settings.scenarios)
    except BadInput as error:
        refuse_to_start("ledger", f"HNB_SCENARIOS: {error}")
    telemetry = Telemetry("ledger")
    tracing = make_tracing("ledger", settings)
    engine = database.connect(settings.database_url.get_secret_value(), "ledger")
    redis = streams.connect(settings.broker_url.get_secret_value())
    broker = make_broker(settings.broker_url.get_secret_value())
    relay = Relay(engine, redis, traced=tracing is not None)
    ledger = Ledger(settings, _today)
    send, settle_outbox = relay_loops(relay)
    settle = Loop("settle", lambda: ledger.settle(engine), SETTLE_SECONDS)

    def say_changes() -> bool:
        more = saying.say_changes(engine, tracing)
        send.wake()
        return more

    def rest() -> float:
        return SAY_REST_BEHIND if hearing.behind else SAY_REST if hearing.busy else 0.0

    say = Loop("say", say_changes, SAY_SECONDS, rest)
    seal = Loop("seal", lambda: seals.seal(engine), seals.SEAL_SECONDS)
    counting = Counting(engine, ledger, settings.unpaid_days)
    count = Loop("count exceptions", counting.count, COUNT_SECONDS, lambda: COUNT_REST)
    conditions = Conditions("ledger", engine, "commitments", finders(ledger), _now)
    nightly = Nightly(engine, ledger, scenarios, _now, lambda: look.wake())
    forecast = Loop("forecast", nightly.make, FORECAST_SECONDS)
    look = Loop("conditions", conditions.look, LOOK_SECONDS, lambda: REST)
    intake = Intake(engine, telemetry, about, ledger.post, settle.wake, CASE_EVENTS, tracing=tracing)
    hearing = Hearing(
        broker, "ledger", f"ledger-{settings.replica}", FAMILY_STREAMS, intake.take_entries, intake.bury, AT_ONCE
    )
    pages = Pages(
        "ledger",
        "High Needs Block ledger",
        "/public",
        [Link("Public summaries", "/public"), Link("Position", "/board"), Link("Benchmarks", "/benchmarks")],
    )
    service = Service(
        name="ledger",
        description="The money: every event folded into commitments and postings, and the position they come to.",
        settings=settings,
        engine=engine,
        redis=redis,
        broker=broker,
        telemetry=telemetry,
        relay=relay,
        tracing=tracing,
        intake=intake,
        hearing=hearing,
        heard=FAMILY_STREAMS,
        said=("position", "condition", "dead-letter"),
        routers=[
            *api.routers(engine, ledger),
            replay.make_router(engine, _now, say.wake),
            conditions_api.make_router(conditions, send.wake),
            forecasts.make_router(engine, ledger, scenarios, look.wake),
            public.make_router(engine, pages),
            board.make_router(engine, pages, counting),
            recovery.make_router(engine, ledger, pages),
            lines.make_router(engine, ledger, pages),
            benchmarks.make_router(engine, pages),
        ],
        pages=pages,
        page_roles=PAGE_ROLES,
        loops=[send, settle_outbox, settle, say, seal, count, look, forecast],
    )
    telemetry.collect_from(service.metrics)
    telemetry.collect_from(lambda: metrics.read(engine))
    telemetry.collect_from(lambda: metrics.waiting_events(engine))
    telemetry.collect_from(lambda: metrics.exceptional(counting))
    telemetry.collect_from(lambda: metrics.forecast(engine))
    return service


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return _now().date()
