"""Service health, for operators: whether the services answer, the news arrives, and anything is stuck."""

from boards.board import Board
from boards.panels import BLUE, ORANGE, PINK, RED, course, lines, named, now, stat, steps, table
from hnb.database import POOL_SIZE

_SERVICES = {"placements": BLUE, "ledger": ORANGE, "alerts": PINK}
_NONE_WANTED = steps(BLUE, (1, ORANGE))
_RATE, _RANGE = "[$__rate_interval]", "[$__range]"
_FAILED, _REFUSED = '{status=~"5.."}', '{status=~"4.."}'


def _per_second(counter: str, by: str = "service") -> str:
    """What every replica counted for itself, added up."""
    return f"sum by ({by}) (rate({counter}{_RATE}))"


def _requests(which: str = "", by: str = "service", of: str = f"rate({{}}{_RATE})") -> str:
    """Requests; of a service (or route) that had some and none of this kind, nought."""
    asked, every = (f"sum by ({by}) ({of.format('hnb_http_requests_total' + only)})" for only in (which, ""))
    return f"{asked} or 0 * {every}" if which else asked


def _within(share: float, histogram: str, by: str = "service", over: str = _RATE) -> str:
    """The time that this share did not pass; nothing, rather than no number, where there were none."""
    return f"histogram_quantile({share}, sum by ({by}, le) (rate({histogram}_bucket{over}))) >= 0"


def _newest(gauge: str, by: str = "service") -> str:
    """A gauge that every replica reads off the same database, or the replica that has most."""
    return f"max by ({by}) ({gauge})"


_ROUTE, _INCREASE = "service, method, route", f"increase({{}}{_RANGE})"
_ASKED = f"{_requests(by=_ROUTE, of=_INCREASE)} > 0"
_ANSWERS = [
    stat(
        "Replicas that answer",
        "How many replicas of each service Prometheus reached at its last round. Red at none: what that service does "
        "waits, and nothing is lost.",
        now("sum by (job) (up)", "{{job}}"), unit="short", colours=steps(RED, (1, BLUE)), width=9,
    ),
    stat(
        "Replicas that do not",
        "Replicas that Prometheus expects and could not reach at its last round.",
        now("sum(1 - up)"), unit="short", colours=_NONE_WANTED, width=5,
    ),
    stat(
        "Failed requests, in the time looked at",
        "The share of all requests that were answered with a fault of ours (500 and above). What a caller got wrong is "
        "not in it.",
        now(
            f"(sum(increase(hnb_http_requests_total{_FAILED}{_RANGE})) or vector(0)) "
            f"/ (sum(increase(hnb_http_requests_total{_RANGE})) > 0)"
        ),
        unit="percentunit", decimals=2, colours=steps(BLUE, (0.001, ORANGE), (0.01, RED)), width=5,
    ),
    stat(
        "Turned away at the door, in the time looked at",
        "Requests to placements without a good token, outside a token's scope, or too fast. Many are somebody trying "
        "doors, or a case system whose token has ended.",
        now(f"sum(increase(hnb_door_refusals_total{_RANGE})) or vector(0)"), unit="short", colours=_NONE_WANTED,
        width=5,
    ),
    lines(
        "Requests a second",
        "What each service is asked over HTTP, whatever it answered, over all its replicas; health and metrics are not "
        "counted.",
        course(_requests(), "{{service}}"), unit="reqps", decimals=1, low=0, colours=_SERVICES, width=6,
    ),
    lines(
        "Failed requests a second",
        "Requests answered with a fault of ours (500 and above; 503 is the database or the broker being away).",
        course(_requests(_FAILED), "{{service}}"), unit="reqps", decimals=2, low=0, colours=_SERVICES, width=6,
    ),
    lines(
        "Refused requests a second",
        "Requests answered with what the caller got wrong (400 to 499): a field, a token, something that is not there.",
        course(_requests(_REFUSED), "{{service}}"), unit="reqps", decimals=2, low=0, colours=_SERVICES, width=6,
    ),
    lines(
        "Time to answer",
        "Of 100 requests, 95 were answered within this. A caller is promised ten seconds.",
        course(_within(0.95, "hnb_http_request_seconds"), "{{service}}"), unit="s", decimals=3, low=0,
        colours=_SERVICES, width=6,
    ),
    table(
        "Which requests are slow, or fail",
        "Each route that was asked in the time looked at: how often, which share failed or was refused, and the time "
        "within which 95 of 100 were answered. `unmatched` are requests that reached no route of ours.",
        now(_ASKED), *(now(f"({_requests(which, _ROUTE, _INCREASE)}) / ({_ASKED})") for which in (_FAILED, _REFUSED)),
        now(_within(0.95, "hnb_http_request_seconds", _ROUTE, _RANGE)),
        sort=("95 of 100 within", True),
        overrides=[named("95 of 100 within", unit="s", decimals=3),
                   named("Failed", unit="percentunit", decimals=1), named("Refused", unit="percentunit", decimals=1)],
        transformations=[
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {
                "excludeByName": {"Time": True},
                "indexByName": {"service": 0, "method": 1, "route": 2,
                                **{f"Value #{ref}": n + 3 for n, ref in enumerate("ABCD")}},
                "renameByName": {
                    "service": "Service", "method": "Method", "route": "Route", "Value #A": "Requests",
                    "Value #B": "Failed", "Value #C": "Refused", "Value #D": "95 of 100 within",
                },
            }},
        ],
    ),
]  # fmt: skip

_ARRIVES = [
    lines(
        "Events a second",
        "What each service heard, all outcomes together, over all its replicas.",
        course(_per_second("hnb_events_total"), "{{service}}"), unit="eps", decimals=1, low=0, colours=_SERVICES,
        width=8,
    ),
    lines(
        "Events a second, by what became of them",
        "Accepted: new, and in effect. Duplicate: known already, nothing changed. Refused, conflicting and forbidden "
        "are for the case system to mend.",
        course(_per_second("hnb_events_total", "outcome"), "{{outcome}}"), unit="eps", decimals=1, low=0,
        width=8,
    ),
    lines(
        "Time until an event counts",
        "Of 100 events, 50 and 95 take no longer than this from being heard to being on disk, per service.",
        *(
            course(_within(share, "hnb_event_latency_seconds"), f"{{{{service}}}}: {name}")
            for share, name in ((0.5, "50 of 100"), (0.95, "95 of 100"))
        ),
        unit="s", decimals=2, low=0, width=8,
    ),
    lines(
        "Waiting to be heard",
        "Stream entries that a service has not read yet, per stream and service. It should fall back to none; where it "
        "grows, that service is slow, down, or its database is away.",
        course(_newest("hnb_stream_lag", "stream, group"), "{{stream}}, by {{group}}"), unit="short", low=0, width=8,
    ),
    lines(
        "Heard, and not finished",
        "Stream entries in a service's hands: read, and not acknowledged yet. What stays here is tried again.",
        course(_newest("hnb_stream_pending", "stream, group"), "{{stream}}, by {{group}}"), unit="short", low=0,
        width=8,
    ),
    lines(
        "Waiting to be sent: how many",
        "Messages a service has decided on and not yet passed to the broker (its outbox). They are safe in its "
        "database, and go by themselves once the broker is back.",
        course(_newest("hnb_outbox_pending"), "{{service}}"), unit="short", low=0, colours=_SERVICES, width=8,
    ),
    lines(
        "Waiting to be sent: how long",
        "The age of the oldest message a service has decided on and not yet passed to the broker. It should stay under "
        "some seconds.",
        course(_newest("hnb_outbox_oldest_seconds"), "{{service}}"), unit="s", decimals=1, low=0, colours=_SERVICES,
        width=8,
    ),
    lines(
        "Commitments and prices still to be settled",
        "Commitments the ledger has still to decide again, and placements whose price the tariff has still to find. A "
        "moment's work; when both are none, the position is final.",
        course("max (hnb_commitments_unsettled)", "commitments"), course("max (hnb_tariff_unsettled)", "prices"),
        unit="short", low=0, colours={"commitments": ORANGE, "prices": BLUE}, width=8,
    ),
    lines(
        "Events about something not known yet",
        "Events on record that take no effect until another comes: an end before its placement, a payment before its "
        "commitment. One that stays is a wrong id, or a feed that has stopped; `hnb waiting` lists them.",
        course(f"sum({_newest('hnb_events_waiting', 'authority, type')}) or vector(0)", "events"),
        unit="short", low=0, colours={"events": BLUE}, width=8,
    ),
]  # fmt: skip

_STUCK = [
    stat(
        "Set aside, and without effect",
        "Dead letters: entries that a service could not apply, and that have not taken effect since. `hnb replay "
        "dead-letters` lists them, with the reason of each.",
        now(_newest("hnb_dead_letters_waiting"), "{{service}}"), unit="short", colours=_NONE_WANTED, width=8,
    ),
    stat(
        "Set aside, in the time looked at",
        "Entries that were set aside in the time looked at, with a reason, because they could not be applied or their "
        "id was used again for other content.",
        now(f"max by (service) (increase(hnb_dead_letters_total{_RANGE}))", "{{service}}"), unit="short",
        colours=_NONE_WANTED, width=8,
    ),
    stat(
        "Oldest event about something not known",
        "How long the oldest event has waited for what it is about; nought where none waits. Orange after a day, red "
        "after a week.",
        now(f"max({_newest('hnb_events_waiting_oldest_seconds', 'authority')}) or vector(0)"), unit="s",
        colours=steps(BLUE, (86_400, ORANGE), (7 * 86_400, RED)), width=4,
    ),
    stat(
        "Messages to people that were given up",
        "Messages of alerts that no try has brought to their recipient, since this system began. The dashboard Alerts "
        "says whose.",
        now('max by (state) (hnb_alert_messages_unsent{state="failed"})'), unit="short", colours=_NONE_WANTED, width=4,
    ),
]  # fmt: skip

_DATABASE = [
    stat(
        "Size on disk",
        "How large each service's database is, with its indexes. What was accepted is never deleted, so it grows with "
        "the events.",
        now(_newest("hnb_database_bytes"), "{{service}}"), unit="bytes", decimals=1, width=8,
    ),
    lines(
        "Growth",
        "The same size over the time looked at. A jump is an import; what grows without news is worth a look.",
        course(_newest("hnb_database_bytes"), "{{service}}"), unit="bytes", decimals=1, low=0, colours=_SERVICES,
        width=8,
    ),
    lines(
        "Connections in use",
        f"Database connections that a service has in hand, of its busiest replica. A replica may have {2 * POOL_SIZE}; "
        "at that, requests wait and are answered 503.",
        course(_newest("hnb_database_connections_in_use"), "{{service}}"), unit="short", low=0, colours=_SERVICES,
        width=8,
    ),
]  # fmt: skip

HEALTH = Board(
    "hnb-health",
    "Service health",
    "For operators: do the services answer, does the news arrive, is anything stuck, and how is the database?",
    [
        ("Do the services answer?", _ANSWERS),
        ("Is the news arriving?", _ARRIVES),
        ("Is anything stuck?", _STUCK),
        ("How is the database?", _DATABASE),
    ],
    of_an_authority=False,
    of_a_year=False,
    span="now-6h",
)
