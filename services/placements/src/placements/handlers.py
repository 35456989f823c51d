"""What placements does with an event: keep it, let it stand in the register, and pass it on."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from hnb import outbox, withdrawals
from hnb.database import transaction
from hnb.events import Event
from placements import capacities, pricing, store
from placements.domain.facts import latest

WITHDRAWALS_AT_ONCE = 200
REGISTERED = "hnb.setting-registered.v1"


def accept(connection: Connection, events: Sequence[Event]) -> None:
    """New case events: into the register, and on to the stream of their family, in the caller's transaction."""
    pricing.mark(connection, events)  # before the facts, as who prices does: rows are locked in one order everywhere
    store.keep(connection, latest(events))
    capacities.keep(connection, events)
    outbox.say(connection, [(event.stream, event.body) for event in events], outbox.traces_of(events))


def apply_withdrawals(engine: Engine) -> bool:
    """Make the register forget withdrawn events; whether there may be more to do at once.

    Runs after the fact, and again until done, so that an event and its withdrawal may land in either order or together.
    """
    with transaction(engine) as connection:
        due = withdrawals.due(connection, WITHDRAWALS_AT_ONCE)
        pricing.mark_records(connection, {(d.authority, d.about) for d in due if d.about is not None})
        records = sorted({(d.authority, d.about, d.type) for d in due if d.about is not None})
        if records:
            store.drop(connection, records)
            said = store.said_of(connection, records)
            gone = withdrawals.against(connection, said)
            standing = [event for event in said if (event.source, event.id) not in gone]
            store.keep(connection, latest(standing))
            capacities.drop(
                connection, [(a, of.removeprefix("setting/")) for a, of, kind in records if kind == REGISTERED]
            )
            capacities.keep(connection, standing)
        withdrawals.applied(connection, due)
    return len(due) == WITHDRAWALS_AT_ONCE
