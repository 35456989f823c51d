"""What only the register can see, said as conditions: looked at again and again, and only changes said."""

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Engine, text

from hnb import outbox
from hnb.database import arrays, transaction
from hnb.events import OWN_SOURCES, ConditionChanged, make_event
from placements import due
from placements.domain.conditions import (
    OCCUPANCY_HIGH_PERCENT,
    OCCUPANCY_LOW_PERCENT,
    Condition,
    Key,
    Said,
    changes,
    morning,
)
from placements.reports import mismatches, places
from placements.reports.paging import Asked

SOURCE = OWN_SOURCES["placements"]
STREAM = "condition"
CONDITIONS_LOCK = 0x434F4E44  # "COND": of several replicas one looks at a time
REST = 20.0  # we look again only once twenty times as long has passed as looking took

Find = Callable[[Connection, date], Iterable[Condition]]

_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
_SAID = text("SELECT authority, condition, scope, active, value, unit, since, version FROM conditions")
_KEEP = text("""
    INSERT INTO conditions (authority, condition, scope, active, value, unit, since, version)
    SELECT * FROM unnest(CAST(:authorities AS text[]), CAST(:conditions AS text[]), CAST(:scopes AS text[]),
        CAST(:actives AS boolean[]), CAST(:amounts AS bigint[]), CAST(:units AS text[]),
        CAST(:sinces AS timestamptz[]), CAST(:versions AS integer[]))
    ON CONFLICT (authority, condition, scope) DO UPDATE
    SET active = EXCLUDED.active, value = EXCLUDED.value, unit = EXCLUDED.unit, since = EXCLUDED.since,
        version = EXCLUDED.version
""")


@dataclass
class Conditions:
    """The conditions of the register: how each kind is found, and when looking is cheap again."""

    engine: Engine
    find: Sequence[Find]
    today: Callable[[], date]
    clock: Callable[[], float] = time.monotonic
    _look_after: float = float("-inf")

    def look(self) -> bool:
        """Say what changed since it was last said, in the transaction that remembers it was; never more to do."""
        started = self.clock()
        if started >= self._look_after:
            with transaction(self.engine) as connection:
                if connection.scalar(_LOCK, {"key": CONDITIONS_LOCK}):
                    self._say_changes(connection)
            self._look_after = self.clock() + REST * (self.clock() - started)
        return False

    def _say_changes(self, connection: Connection) -> None:
        today = self.today()
        holding = [condition for find in self.find for condition in find(connection, today)]
        said: dict[Key, Said] = {}
        for row in connection.execute(_SAID):
            key = (row.authority, row.condition, row.scope)
            said[key] = Said(key, row.active, row.value, row.unit, row.since, row.version)
        at = datetime.now(UTC)
        changed = changes(said, holding, at)
        if not changed:
            return
        names = "authorities conditions scopes actives amounts units sinces versions"
        rows = ((*s.key, s.active, s.value, s.unit, s.since, s.version) for s in changed)
        connection.execute(_KEEP, arrays(names, rows))
        outbox.say(connection, [(STREAM, _event(one, at)) for one in changed])


def _event(said: Said, at: datetime) -> str:
    authority, condition, scope = said.key
    # An id has a limit, and a scope of two references may pass it.
    named = hashlib.sha256("\n".join(said.key).encode()).hexdigest()[:32]
    data = ConditionChanged(
        condition=condition, scope=scope, active=said.active, value=said.value, unit=said.unit, since=said.since
    )
    return make_event(
        "hnb.condition-changed.v1", source=SOURCE, id=f"{named}-{said.version}", time=at, authority=authority, data=data
    )


def mismatched(connection: Connection, today: date) -> Iterable[Condition]:
    """A placement live after its plan ceased, since the day after; two placements of one child that share days."""
    kinds = ("placement-after-plan-ceased", "overlap")
    for row in mismatches.listed(connection, Asked("", "", None, today), kinds):
        named = [row["placement_id"], row["other_placement_id"]]
        scope = " ".join(f"placement/{id}" for id in named if id is not None)
        yield Condition(row["authority"], row["kind"], scope, since=morning(row["since"]))


def occupied(connection: Connection, today: date) -> Iterable[Condition]:
    """A setting in the area that is fuller or emptier than officers want; since when, only looking tells."""
    for row in places.settings(connection, Asked("", "", None, today)):
        percent = row["occupancy_percent"]
        if percent is None or not row["in_area"]:
            continue
        filled = 100 * row["filled"]
        name = (
            "occupancy-high" if filled > OCCUPANCY_HIGH_PERCENT * row["capacity"]
            else "occupancy-low" if filled < OCCUPANCY_LOW_PERCENT * row["capacity"]
            else None
        )  # fmt: skip
        if name is not None:
            yield Condition(row["authority"], name, f"setting/{row['setting_id']}", percent, "percent")


FOUND: tuple[Find, ...] = (mismatched, occupied, due.clocks_running_out, due.orders_overdue)
