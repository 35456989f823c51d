"""How placements is wired: which events go where, which route asks what."""

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
from hnb.pages import Pages
from hnb.service import Loop, Service, relay_loops
from hnb.signin import Role
from hnb.telemetry import Telemetry, make_tracing
from placements import api, handlers, pages, pricing, statistics
from placements.api.events import event_schemas
from placements.conditions import FOUND
from placements.domain.facts import about
from placements.domain.pace import Pace
from placements.figures import Figures
from placements.settings import PlacementsSettings
from placements.tokens.door import Door
from placements.tokens.roll import Roll

HEARD = ("case-intake",)
WITHDRAWALS_SECONDS = 0.5
PRICE_SECONDS = 0.5
STATISTICS_SECONDS = 2.0
TOKEN_USE_SECONDS = 10.0

# `/tribunals` itself is the review as JSON, behind the bearer token: pages are only what is under it.
PAGE_ROLES = {address: frozenset({Role.PLACEMENTS}) for address in ("/places", "/waits", "/clocks", "/tribunals/")}


def build(settings: PlacementsSettings) -> Service:
    """The service, wired from its settings. Opens no connection yet."""
    telemetry = Telemetry("placements")
    tracing = make_tracing("placements", settings)
    engine = database.connect(settings.database_url.get_secret_value(), "placements")
    redis = streams.connect(settings.broker_url.get_secret_value())
    broker = make_broker(settings.broker_url.get_secret_value())
    relay = Relay(engine, redis, traced=tracing is not None)
    send, settle = relay_loops(relay)
    withdraw = Loop("withdrawals", lambda: handlers.apply_withdrawals(engine), WITHDRAWALS_SECONDS)

    def price_by_tariff() -> bool:
        more = pricing.price(engine)
        send.wake()
        return more

    price = Loop("price", price_by_tariff, PRICE_SECONDS)
    roll = Roll(engine, Pace(settings.events_per_second) if settings.events_per_second else None)
    note_use = Loop("token use", roll.note_use, TOKEN_USE_SECONDS)
    learn = Loop("statistics", lambda: statistics.refresh(engine), STATISTICS_SECONDS)
    conditions = Conditions("placements", engine, "inbox", FOUND, _now)
    look = Loop("conditions", conditions.look, LOOK_SECONDS, lambda: REST)
    intake = Intake(engine, telemetry, about, handlers.accept, send.wake, CASE_EVENTS, True, tracing)
    hearing = Hearing(broker, "placements", f"placements-{settings.replica}", HEARD, intake.take_entries, intake.bury)
    shown = Pages("placements", "Places and waits", "/places")
    service = Service(
        name="placements",
        description="The case side: one door for every event, the register of plans and placements, statutory clocks.",
        settings=settings, engine=engine, redis=redis, broker=broker, telemetry=telemetry, relay=relay,
        tracing=tracing,
        intake=intake, hearing=hearing, heard=HEARD, said=(*FAMILY_STREAMS, "condition", "dead-letter"),
        routers=[
            *api.routers(engine, intake, _today), conditions_api.make_router(conditions, send.wake),
            *pages.routers(engine, shown, _now),
        ],
        pages=shown,
        page_roles=PAGE_ROLES,
        loops=[send, settle, withdraw, price, note_use, look, learn],
        schemas=event_schemas(), guard=Door(settings, roll, telemetry),
    )  # fmt: skip
    telemetry.collect_from(service.metrics)
    telemetry.collect_from(Figures(engine, _today).read)
    return service


def _now() -> datetime:
    return datetime.now(UTC)


def _today() -> date:
    return _now().date()
