"""How alerts is wired: which events it hears, where it sends, and which route asks what."""

from datetime import UTC, datetime
from functools import partial

import structlog

from alerts import metrics, pages, silence_api
from alerts.api import make_router
from alerts.audit import make_audit
from alerts.delivery import Courier
from alerts.digests import Digests
from alerts.handlers import Alerts, about
from alerts.links import INBOX, Links
from alerts.pages.linked import Door
from alerts.recipients import BadRecipients, Recipients, from_urls, read_recipients
from alerts.rulebook import BadRules, read_rules
from alerts.settings import AlertsSettings
from alerts.watching import Watch
from hnb import broker as streams
from hnb import database
from hnb.events import OWN_EVENTS
from hnb.hearing import Hearing, make_broker
from hnb.intake import Intake
from hnb.outbox import Relay
from hnb.pages import Link, Pages
from hnb.service import Loop, Service, relay_loops
from hnb.settings import refuse_to_start
from hnb.signin import EVERYBODY
from hnb.telemetry import Telemetry, make_tracing

HEARD = ("position", "condition")
DELIVER_SECONDS = 0.5
CLOCK_SECONDS = 15.0
DIGEST_SECONDS = 10.0
REVIEW_SECONDS = 3600.0  # at once after a start, when the rules may be others; later only to heal what nobody foresaw

# Each of them is told of alerts by its role: whoever is told can look.
PAGE_ROLES = {INBOX: EVERYBODY}

log = structlog.get_logger(__name__)


def build(settings: AlertsSettings) -> Service:
    """The service, wired from its settings. Opens no connection yet."""
    try:
        rules = read_rules(settings.alert_rules)
    except BadRules as error:
        refuse_to_start("alerts", f"HNB_ALERT_RULES: {error}")
    recipients = _recipients(settings)
    links = Links(settings.link_root, settings.link_key)
    telemetry = Telemetry("alerts")
    tracing = make_tracing("alerts", settings)
    engine = database.connect(settings.database_url.get_secret_value(), "alerts")
    redis = streams.connect(settings.broker_url.get_secret_value())
    broker = make_broker(settings.broker_url.get_secret_value())
    relay = Relay(engine, redis, traced=tracing is not None)
    roles = {rule.id: tuple(rule.recipients) for rule in rules.rules}
    alerts = Alerts(rules, recipients.named, links, _now, tracing)
    watch = Watch(engine, alerts)
    courier = Courier(
        engine, recipients.channels, telemetry, fallback=recipients.fallback, replica=settings.replica, tracing=tracing
    )
    send, settle = relay_loops(relay)
    deliver = Loop("deliver", courier.dispatch, DELIVER_SECONDS)
    courier.wake_with(deliver.wake)
    digests = Digests(engine, recipients, links.link_for, _now, deliver.wake, lambda rule: roles.get(rule, ()))
    review = Loop("review", watch.review, REVIEW_SECONDS)

    def after_commit() -> None:
        send.wake()
        deliver.wake()

    def look_at_the_clock() -> bool:
        more = watch.tick()
        after_commit()
        return more

    clock = Loop("clock", look_at_the_clock, CLOCK_SECONDS)

    def decided() -> None:
        send.wake()
        clock.wake()

    known = {kind: of_kind for kind, of_kind in OWN_EVENTS.items() if of_kind[0] in HEARD}
    intake = Intake(engine, telemetry, about, alerts.judge, after_commit, known, tracing=tracing)
    hearing = Hearing(broker, "alerts", f"alerts-{settings.replica}", HEARD, intake.take_entries, intake.bury)
    look = Pages(
        "alerts", "High Needs Block alerts", INBOX, [Link("Inbox", INBOX), Link("Silences", f"{INBOX}/silences")]
    )
    service = Service(
        name="alerts",
        description="Thresholds and people: alert episodes with their evidence, deliveries and acknowledgements.",
        settings=settings, engine=engine, redis=redis, broker=broker, telemetry=telemetry, relay=relay,
        tracing=tracing,
        intake=intake, hearing=hearing, heard=HEARD, said=("alert", "dead-letter"),
        routers=[
            make_router(engine, alerts, send.wake), silence_api.make_router(engine, _now, clock.wake),
            make_audit(engine), *pages.routers(engine, alerts, links, look, _now, decided),
        ],
        pages=look,
        page_roles=PAGE_ROLES,
        loops=[send, settle, deliver, review, clock, Loop("digests", digests.make, DIGEST_SECONDS)],
        guard=partial(Door, settings=settings) if links.secret else None,
    )  # fmt: skip
    telemetry.collect_from(service.metrics)
    telemetry.collect_from(lambda: metrics.read(engine, rules))
    return service


def _recipients(settings: AlertsSettings) -> Recipients:
    if settings.alert_recipients is None:
        if settings.alert_urls is None:
            log.warning(
                "HNB_ALERT_RECIPIENTS and HNB_ALERT_URLS are not set: alerts are kept and shown, sent to nobody"
            )
        return from_urls(settings.alert_urls.get_secret_value() if settings.alert_urls else "")
    try:
        return read_recipients(settings.alert_recipients)
    except BadRecipients as error:
        refuse_to_start("alerts", f"HNB_ALERT_RECIPIENTS: {error}")


def _now() -> datetime:
    return datetime.now(UTC)
