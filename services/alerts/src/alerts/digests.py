"""Digests made: exactly one a day for each recipient, whoever is killed and however many replicas there are."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine, text

from alerts.domain.digests import CHANGES, Line, compose_digest, due, moment
from alerts.domain.rendering import html
from alerts.recipients import Audience, Recipients, Rhythm
from hnb.database import transaction

# What changed just before 07:30 may still be on its way to disk.
SETTLED = timedelta(seconds=5)

_BEFORE = text("SELECT max(until) FROM digests WHERE recipient = :recipient AND day < :day")
_KNOWN = text("SELECT FROM digests WHERE recipient = :recipient AND day >= :day LIMIT 1")
# The row decides: of two replicas the second waits here for the first, and then finds it made.
_BEGIN = text("""
    INSERT INTO digests (recipient, day, until) VALUES (:recipient, :day, :until)
    ON CONFLICT (recipient, day) DO NOTHING RETURNING day
""")
_MADE = text("""
    UPDATE digests SET reference = :reference, authorities = :authorities WHERE recipient = :recipient AND day = :day
""")
_LINES = text("""
    SELECT t.change, a.id, a.authority, a.financial_year, a.scope, a.rule, t.severity,
        coalesce(t.evidence, a.evidence) ->> 'value_pence' AS value_pence, t.at
    FROM transitions t JOIN alerts a ON a.id = t.alert_id
    WHERE t.at > :since AND t.at <= :until AND t.change = ANY(:changes)
    UNION ALL
    SELECT NULL, a.id, a.authority, a.financial_year, a.scope, a.rule, a.severity, a.evidence ->> 'value_pence',
        a.opened_at
    FROM alerts a WHERE a.state = 'open' AND a.opened_at <= :until
    ORDER BY authority, at, id
""")
_QUEUE = text("""
    INSERT INTO deliveries (id, channel, subject, body, html, queued_at, due_at)
    VALUES (:reference, :channel, :subject, :body, :html, clock_timestamp(), clock_timestamp())
""")

log = structlog.get_logger(__name__)
LinkFor = Callable[[str, str, datetime], str]
RolesOf = Callable[[str], Sequence[str]]


class Digests:
    """Makes what is due. `roles_of` says which roles a rule, by its id, is for; none are all."""

    def __init__(
        self,
        engine: Engine,
        recipients: Recipients,
        link_for: LinkFor,
        now: Callable[[], datetime],
        after_commit: Callable[[], None] = lambda: None,
        roles_of: RolesOf = lambda _: (),
    ) -> None:
        self._engine, self._readers, self._link_for, self._now = engine, recipients.digests(), link_for, now
        self._after_commit, self._roles_of = after_commit, roles_of

    def make(self) -> bool:
        """Make each digest that is due and not made yet. There is never more to do at once."""
        now = self._now()
        for recipient, audience in self._readers.items():
            with transaction(self._engine) as connection:
                made = self._make_one(connection, recipient, audience, now)
            if made:
                self._after_commit()
        return False

    def _make_one(self, connection: Connection, recipient: str, audience: Audience, now: datetime) -> bool:
        weekly = audience.digest is Rhythm.WEEKLY
        day = due(weekly, now - SETTLED)
        key = {"recipient": recipient, "day": day}
        if connection.execute(_KNOWN, key).first() is not None:
            return False
        until = moment(day)
        if connection.execute(_BEGIN, key | {"until": until}).first() is None:
            return False
        since = connection.scalar(_BEFORE, key)
        if since is None:  # a new reader starts with the next one
            return False
        reference = reference_of(recipient, day)
        lines = list(self._lines(connection, recipient, audience, since, until, now))
        message = compose_digest(weekly, day, lines, reference)
        if message is None:
            return False
        connection.execute(
            _QUEUE,
            {
                "reference": reference, "channel": recipient, "subject": message.subject, "body": message.body,
                "html": html(message),
            },
        )  # fmt: skip
        connection.execute(
            _MADE, key | {"reference": reference, "authorities": sorted({line.authority for line in lines})}
        )
        log.info("a digest was queued", recipient=recipient, day=str(day), lines=len(lines))
        return True

    def _lines(
        self,
        connection: Connection,
        recipient: str,
        audience: Audience,
        since: datetime,
        until: datetime,
        now: datetime,
    ) -> Iterable[Line]:
        for row in connection.execute(_LINES, {"since": since, "until": until, "changes": list(CHANGES)}):
            if audience.hears(self._roles_of(row.rule), row.authority):
                value = row.value_pence
                yield Line(
                    row.change, row.id, row.authority, row.financial_year, row.scope, row.rule, row.severity,
                    int(value) if value is not None else None, self._link_for(row.id, recipient, now),
                )  # fmt: skip


def reference_of(recipient: str, day: date) -> str:
    """The reference of a digest: the same day and recipient, the same reference."""
    return f"digest-{day}-{hashlib.sha256(recipient.encode()).hexdigest()[:8]}"
