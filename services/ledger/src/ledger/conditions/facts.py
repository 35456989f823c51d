"""What stands of the facts about commitments, without their payments: those are summed in SQL."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, text

from hnb import withdrawals
from hnb.events import CASE_EVENTS, Event, read_event, read_json
from ledger.store import Key, named

AT_ONCE = 5_000  # commitments whose events are in hand: about a council's

_FACTS = text("""
    SELECT i.authority, i.about, i.body FROM inbox i
    JOIN unnest(CAST(:authorities AS text[]), CAST(:abouts AS text[])) AS k (authority, about) USING (authority, about)
    WHERE i.type <> 'hnb.payment-made.v1'
""")


def in_parts(keys: Iterable[Key]) -> Iterator[list[Key]]:
    """Keys so many at a time, so that memory is bounded however many authorities there are."""
    waiting = iter(sorted(keys))
    while part := list(islice(waiting, AT_ONCE)):
        yield part


def standing(connection: Connection, keys: Collection[Key]) -> dict[Key, list[Event]]:
    """Every event but payments ever heard about these keys that nothing has taken back."""
    if not keys:
        return {}
    found: dict[Key, list[Event]] = defaultdict(list)
    for row in connection.execute(_FACTS, named(keys)):
        found[row.authority, row.about].append(read_event(read_json(row.body), known=CASE_EVENTS))
    gone = withdrawals.against(connection, [event for heard in found.values() for event in heard])
    return {key: [e for e in heard if (e.source, e.id) not in gone] for key, heard in sorted(found.items())}
