"""Conditions looked for again and again, of which only changes are said."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson
from sqlalchemy import Connection, Engine, text

from hnb import outbox
from hnb.conditions.rules import Condition, Key, Said, changes
from hnb.database import arrays, transaction
from hnb.events import OWN_SOURCES, ConditionChanged, Figure, make_event

STREAM = "condition"
LOOK_SECONDS = 10.0
CONDITIONS_LOCK = 0x434F4E44  # "COND": of several replicas one looks at a time
REST = 20.0  # we look at the next authority only once twenty times as long has passed as looking at one took

Find = Callable[[Connection, str, datetime], Iterable[Condition]]  # what holds of an authority at a moment

VERSIONS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)  # a version fits 31 bits, and none is said every second

_WAIT = text("SELECT pg_advisory_xact_lock(:key)")
_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")
# Each authority is stepped to in the index, so that this costs their number and not that of events.
AUTHORITIES = """
    WITH RECURSIVE known AS (
        (SELECT authority FROM {table} ORDER BY authority LIMIT 1)
        UNION ALL
        SELECT following.* FROM known k CROSS JOIN LATERAL (
            SELECT t.authority FROM {table} t WHERE t.authority > k.authority ORDER BY t.authority LIMIT 1
        ) AS following
    )
    SELECT authority FROM known
"""
_SAID = text("""
    SELECT authority, condition, scope, active, value, unit, since, version, financial_year, provision, figures
    FROM conditions WHERE CAST(:authority AS text) IS NULL OR authority = :authority
""")
_KEEP = text("""
    INSERT INTO conditions
        (authority, condition, scope, financial_year, active, value, unit, since, version, provision, figures)
    SELECT a, c, s, y, h, v, u, b, n, p, CAST(f AS jsonb) FROM unnest(
        CAST(:authorities AS text[]), CAST(:conditions AS text[]), CAST(:scopes AS text[]), CAST(:years AS integer[]),
        CAST(:actives AS boolean[]), CAST(:amounts AS bigint[]), CAST(:units AS text[]),
        CAST(:sinces AS timestamptz[]), CAST(:versions AS integer[]), CAST(:provisions AS text[]),
        CAST(:figures AS text[])) AS said (a, c, s, y, h, v, u, b, n, p, f)
    ON CONFLICT (authority, condition, scope, financial_year) DO UPDATE
    SET active = EXCLUDED.active, value = EXCLUDED.value, unit = EXCLUDED.unit, since = EXCLUDED.since,
        version = EXCLUDED.version, provision = EXCLUDED.provision, figures = EXCLUDED.figures
""")


@dataclass
class Conditions:
    """The conditions one service says, an authority at a time: what they take of memory is one authority's.

    `table` names the authorities there are; it has an index that begins with them.
    """

    service: str
    engine: Engine
    table: str
    find: Sequence[Find]
    now: Callable[[], datetime]
    _waiting: deque[str] = field(default_factory=deque)

    def look(self) -> bool:
        """Say what changed of one authority since it was last said, in the transaction that remembers it was.

        Returns whether there are authorities that were not looked at since all were.
        """
        with transaction(self.engine) as connection:
            if not self._waiting:
                self._waiting.extend(connection.scalars(text(AUTHORITIES.format(table=self.table))))
            if self._waiting and connection.scalar(_LOCK, {"key": CONDITIONS_LOCK}):
                self._say_changes(connection, self._waiting[0])
        if self._waiting:
            self._waiting.popleft()
        return bool(self._waiting)

    def _say_changes(self, connection: Connection, authority: str) -> None:
        at = self.now()
        holding = [condition for find in self.find for condition in find(connection, authority, at)]
        self._say(connection, changes(_said(connection, authority), holding, at), at)

    def say_again(self) -> int:
        """Say once more all that was last said, above every version said before; how many conditions that is.

        A service that was restored counts its versions on from older ones, and whoever hears it may know higher ones.
        """
        at = self.now()
        least = int((at - VERSIONS_SINCE).total_seconds())
        with transaction(self.engine) as connection:
            connection.execute(_WAIT, {"key": CONDITIONS_LOCK})
            said = [replace(one, version=max(one.version + 1, least)) for one in _said(connection, None).values()]
            self._say(connection, said, at)
        return len(said)

    def _say(self, connection: Connection, changed: Sequence[Said], at: datetime) -> None:
        if changed:
            names = "authorities conditions scopes years actives amounts units sinces versions provisions figures"
            rows = (
                (*s.key, s.active, s.value, s.unit, s.since, s.version, s.provision, _written(s.figures))
                for s in changed
            )
            connection.execute(_KEEP, arrays(names, rows))
            outbox.say(connection, [(STREAM, _event(self.service, one, at)) for one in changed])


def _said(connection: Connection, authority: str | None) -> dict[Key, Said]:
    """What was last said of an authority, or of all."""
    found: dict[Key, Said] = {}
    for row in connection.execute(_SAID, {"authority": authority}):
        key = (row.authority, row.condition, row.scope, row.financial_year)
        figures = tuple(Figure(**figure) for figure in row.figures or ())
        found[key] = Said(key, row.active, row.value, row.unit, row.since, row.version, row.provision, figures)
    return found


def _written(figures: Sequence[Figure]) -> str | None:
    return orjson.dumps([figure.model_dump() for figure in figures]).decode() if figures else None


def _event(service: str, said: Said, at: datetime) -> str:
    authority, condition, scope, year = said.key
    # An id has a limit, and a scope of two references may pass it.
    parts = [authority, condition, scope] if year is None else [authority, condition, scope, str(year)]
    named = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
    data = ConditionChanged(
        condition=condition, scope=scope, active=said.active, value=said.value, unit=said.unit, since=said.since,
        version=said.version, financial_year=year, provision=said.provision, figures=list(said.figures) or None,
    )  # fmt: skip
    return make_event(
        "hnb.condition-changed.v1", source=OWN_SOURCES[service], id=f"{named}-{said.version}-{at:%Y%m%dT%H%M%S}",
        time=at, authority=authority, data=data,
    )  # fmt: skip
