"""Whether what was withdrawn is on record as the journal says, and has taken effect."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from hnb.database import arrays
from hnb.events import EventWithdrawn
from ledger.verify.findings import Differs
from ledger.verify.rebuild import of_type
from ledger.verify.snapshot import stream

Key = tuple[str, str]
_KEPT = "SELECT source, id, authority, time, target_source, target_id, applied FROM withdrawals"
_COLUMNS = ("authority", "time", "target_source", "target_id", "applied")
_HEARD = text("""
    SELECT i.source, i.id, i.authority FROM inbox i
    JOIN unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS k (source, id) USING (source, id)
""")


def check_withdrawals(connection: Connection) -> str:
    """Every `event-withdrawn` of the journal is in withdrawals, and applied if what it takes back has come."""
    wanted: dict[Key, tuple[Any, ...]] = {}
    for event in of_type(connection, "event-withdrawn"):
        if isinstance(event.data, EventWithdrawn):
            target = event.data.withdrawn_source, event.data.withdrawn_id
            wanted[event.source, event.id] = event.authority, event.time, *target
    heard = _heard(connection, wanted)
    for source, id, *kept in stream(connection, _KEPT):
        row = wanted.pop((source, id), None)
        if row is None:
            raise Differs(f"Withdrawal {id} of {source} (table withdrawals) has no event in the journal.")
        says = (*row, (source, id) in heard)
        for column, value, mine in zip(_COLUMNS, kept, says, strict=True):
            if value != mine:
                raise Differs(
                    f"Withdrawal {id} of {source} (table withdrawals, column {column}) "
                    f"says {value}, the journal {mine}."
                )
    if wanted:
        source, id = min(wanted)
        raise Differs(f"Withdrawal {id} of {source} is in the journal and not in the table withdrawals.")
    return "Every withdrawal is on record as it came, and has taken effect where its event has come."


def _heard(connection: Connection, wanted: Mapping[Key, tuple[Any, ...]]) -> set[Key]:
    """The withdrawals whose case event, at the end of their chain, is in the journal of their authority."""
    roots: dict[Key, Key] = {}
    for key, (authority, *_) in wanted.items():
        target, seen = key, set()
        while target in wanted and wanted[target][0] == authority and target not in seen:
            seen.add(target)
            target = wanted[target][2], wanted[target][3]
        if target not in wanted:
            roots[key] = target
    rows = connection.execute(_HEARD, arrays("sources ids", sorted(set(roots.values()))))
    there = {(row.source, row.id, row.authority) for row in rows}
    return {key for key, root in roots.items() if (*root, wanted[key][0]) in there}
