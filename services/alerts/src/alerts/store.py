"""Alerts in PostgreSQL: lines by version, episodes, what happened to them, deliveries queued; all set-based."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, RowMapping, TextClause, text

from alerts import readings
from alerts.domain.episodes import OVER, TOLD, Change, Episode, EpisodeKey, State, Step
from alerts.domain.evidence import EVIDENCE, Evidence
from alerts.domain.messages import Message
from alerts.domain.positions import LineKey, Position
from alerts.domain.rendering import html
from alerts.domain.severity import Severity
from hnb.database import arrays

_KEYS = """
    unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:scopes AS text[]))
    AS k (authority, financial_year, scope)
"""
_LOCK = text(f"""
    SELECT l.authority, l.financial_year, l.scope, l.version FROM lines l
    JOIN {_KEYS} USING (authority, financial_year, scope)
    ORDER BY l.authority, l.financial_year, l.scope FOR UPDATE OF l
""")  # noqa: S608
_AFTER = text("""
    SELECT * FROM lines WHERE (authority, financial_year, scope) > (:authority, :year, :scope)
    ORDER BY authority, financial_year, scope LIMIT :most FOR UPDATE
""")
_NAMED = text(f"""
    SELECT l.* FROM lines l JOIN {_KEYS} USING (authority, financial_year, scope)
    ORDER BY l.authority, l.financial_year, l.scope FOR UPDATE OF l
""")  # noqa: S608
_KEEP = text("""
    INSERT INTO lines (authority, financial_year, scope, version, recorded_at, budget_pence, committed_pence,
        spent_pence, headroom_pence, grant_pence, reserve_closing_pence)
    SELECT * FROM unnest(CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:scopes AS text[]),
        CAST(:versions AS bigint[]), CAST(:moments AS timestamptz[]), CAST(:budgets AS bigint[]),
        CAST(:committed AS bigint[]), CAST(:spent AS bigint[]), CAST(:headrooms AS bigint[]),
        CAST(:grants AS bigint[]), CAST(:closings AS bigint[]))
    ON CONFLICT (authority, financial_year, scope) DO UPDATE SET version = EXCLUDED.version,
        recorded_at = EXCLUDED.recorded_at, budget_pence = EXCLUDED.budget_pence,
        committed_pence = EXCLUDED.committed_pence, spent_pence = EXCLUDED.spent_pence,
        headroom_pence = EXCLUDED.headroom_pence, grant_pence = EXCLUDED.grant_pence,
        reserve_closing_pence = EXCLUDED.reserve_closing_pence
    WHERE lines.version < EXCLUDED.version
    RETURNING authority, financial_year, scope
""")
_EPISODE = "authority, financial_year, scope, rule, ordinal, state, severity, changes, since, opened_pence, then_pence"
_LAST = text(f"""
    SELECT DISTINCT ON (authority, financial_year, scope, rule) {_EPISODE}
    FROM alerts JOIN {_KEYS} USING (authority, financial_year, scope)
    ORDER BY authority, financial_year, scope, rule, ordinal DESC
""")  # noqa: S608
_ONE = text(f"SELECT {_EPISODE}, evidence FROM alerts WHERE id = :id")  # noqa: S608
_SAVE = text("""
    INSERT INTO alerts (id, authority, financial_year, scope, rule, ordinal, state, severity, changes, since,
        opened_pence, then_pence, opened_at, changed_at, level_at, resolved_at, evidence)
    SELECT id, authority, financial_year, scope, rule, ordinal, state, severity, changes, since,
        opened_pence, then_pence, :at, :at, :at,
        CASE WHEN state IN ('resolved', 'retracted') THEN CAST(:at AS timestamptz) END, CAST(evidence AS jsonb)
    FROM unnest(CAST(:ids AS text[]), CAST(:authorities AS text[]), CAST(:years AS int[]), CAST(:scopes AS text[]),
        CAST(:rules AS text[]), CAST(:ordinals AS int[]), CAST(:states AS text[]), CAST(:severities AS text[]),
        CAST(:changes AS int[]), CAST(:since AS timestamptz[]), CAST(:opened AS bigint[]), CAST(:then AS bigint[]),
        CAST(:kinds AS text[]), CAST(:evidences AS text[]))
        AS e (id, authority, financial_year, scope, rule, ordinal, state, severity, changes, since, opened_pence,
            then_pence, kind, evidence)
    WHERE kind NOT IN ('dropped', 'revised')
    ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state, severity = EXCLUDED.severity, changes = EXCLUDED.changes,
        opened_at = CASE WHEN alerts.state = 'pending' THEN EXCLUDED.opened_at ELSE alerts.opened_at END,
        level_at = CASE WHEN alerts.severity = EXCLUDED.severity AND alerts.state <> 'pending' THEN alerts.level_at
            ELSE EXCLUDED.level_at END,
        escalated_at = CASE WHEN alerts.severity = EXCLUDED.severity THEN alerts.escalated_at END,
        then_pence = EXCLUDED.then_pence, changed_at = EXCLUDED.changed_at, resolved_at = EXCLUDED.resolved_at,
        evidence = EXCLUDED.evidence
""")
_REVISE = text("""
    UPDATE alerts a SET then_pence = r.pence FROM unnest(CAST(:ids AS text[]), CAST(:then AS bigint[])) AS r (id, pence)
    WHERE a.id = r.id
""")
_DROP = text("DELETE FROM alerts WHERE id = ANY(:ids) AND state = 'pending'")
_HAPPENED = text("""
    INSERT INTO transitions (alert_id, number, change, severity, at, evidence, silence)
    SELECT id, number, change, severity, :at, CAST(evidence AS jsonb), silence FROM unnest(CAST(:ids AS text[]),
        CAST(:changes AS int[]), CAST(:kinds AS text[]), CAST(:severities AS text[]), CAST(:evidences AS text[]),
        CAST(:silences AS bigint[])) AS t (id, number, change, severity, evidence, silence)
    WHERE change NOT IN ('pending', 'dropped', 'revised')
""")
_UNTOLD = text("""
    UPDATE alerts a SET untold = u.untold FROM unnest(CAST(:ids AS text[]), CAST(:untold AS boolean[]))
        AS u (id, untold) WHERE a.id = u.id AND a.untold <> u.untold
""")
_QUEUE = text("""
    INSERT INTO deliveries (id, alert_id, number, severity, channel, subject, body, html, queued_at, due_at)
    SELECT id, alert_id, number, severity, channel, subject, body, html, clock_timestamp(),
        greatest(due_at, clock_timestamp())
    FROM unnest(CAST(:ids AS text[]), CAST(:alert_ids AS text[]), CAST(:numbers AS int[]), CAST(:severities AS text[]),
        CAST(:channels AS text[]), CAST(:subjects AS text[]), CAST(:bodies AS text[]), CAST(:htmls AS text[]),
        CAST(:due AS timestamptz[]))
        AS d (id, alert_id, number, severity, channel, subject, body, html, due_at)
""")
_TRACED = text("""
    UPDATE deliveries d SET traceparent = t.traceparent
    FROM unnest(CAST(:ids AS text[]), CAST(:traceparents AS text[])) AS t (id, traceparent) WHERE d.id = t.id
""")
_ACKNOWLEDGE = text("""
    UPDATE alerts SET state = :state, changes = :number, changed_at = :at, acknowledged_at = :at,
        acknowledged_by = :by_whom, note = :note WHERE id = :id
""")
_NOTE = text("UPDATE alerts SET changes = :number, changed_at = :at WHERE id = :id")
_BY_SOMEBODY = text("""
    INSERT INTO transitions (alert_id, number, change, severity, at, by_whom, note)
    VALUES (:id, :number, :change, :severity, :at, :by_whom, :note)
""")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel about one change; `reference` is its id, `due_at` when it may go if not at once."""

    reference: str
    step: Step
    channel: str
    message: Message
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Word:
    """Who took an alert on or wrote beside it, what they wrote, and when."""

    by_whom: str
    note: str | None
    at: datetime


def _keys(keys: Iterable[LineKey]) -> dict[str, str]:
    return arrays("authorities years scopes", sorted(keys))


def lock_lines(connection: Connection, keys: Iterable[LineKey]) -> dict[LineKey, int]:
    """The versions known of these lines, locked until the transaction ends; in sorted order, so that none deadlock."""
    rows = connection.execute(_LOCK, _keys(keys))
    return {(row.authority, row.financial_year, row.scope): row.version for row in rows}


def lines_after(connection: Connection, key: LineKey, most: int) -> list[Position]:
    """The positions on record after a key, locked until the transaction ends; what moved them last is not kept."""
    binds = {"authority": key[0], "year": key[1], "scope": key[2], "most": most}
    return [_position(row) for row in connection.execute(_AFTER, binds).mappings()]


def _position(row: RowMapping) -> Position:
    return Position(**row, change_pence=0, drivers=(), remainder_pence=0)


def keep_lines(connection: Connection, positions: Sequence[Position]) -> set[LineKey]:
    """Keep positions that are newer than what is on record, in sorted order; the keys of those that were."""
    rows = connection.execute(
        _KEEP,
        arrays(
            "authorities years scopes versions moments budgets committed spent headrooms grants closings",
            [
                (
                    *p.key,
                    p.version,
                    p.recorded_at,
                    p.budget_pence,
                    p.committed_pence,
                    p.spent_pence,
                    p.headroom_pence,
                    p.grant_pence,
                    p.reserve_closing_pence,
                )
                for p in sorted(positions, key=lambda position: position.key)
            ],
        ),
    )
    return {(row.authority, row.financial_year, row.scope) for row in rows}


def last_episodes(connection: Connection, keys: Iterable[LineKey]) -> dict[EpisodeKey, Episode]:
    """The last episode, open or not, of each rule on these lines. The caller holds the lines."""
    episodes = [_episode(row) for row in connection.execute(_LAST, _keys(keys))]
    return {episode.key: episode for episode in episodes}


def lines_named(connection: Connection, keys: Iterable[LineKey]) -> list[Position]:
    """The positions on record of these lines, locked until the transaction ends."""
    return [_position(row) for row in connection.execute(_NAMED, _keys(keys)).mappings()]


def episode(connection: Connection, alert_id: str) -> Episode | None:
    """One episode, what it is about held until the transaction ends; None where there is none of this id."""
    found = episode_with_evidence(connection, alert_id)
    return None if found is None else found[0]


def episode_with_evidence(connection: Connection, alert_id: str) -> tuple[Episode, Evidence] | None:
    """The same, with the evidence of the last change the figures made."""
    found = connection.execute(_ONE, {"id": alert_id}).first()
    if found is None:
        return None
    if found.evidence.get("of") == "condition":
        key = (found.authority, found.evidence["condition"], found.scope, found.evidence["year"])
        readings.lock(connection, [key])
    else:
        lock_lines(connection, [(found.authority, found.financial_year, found.scope)])
    now = connection.execute(_ONE, {"id": alert_id}).first()  # again: it may have changed while we waited
    return None if now is None else (_episode(now), EVIDENCE.validate_python(now.evidence))


def _episode(row: Row[tuple[object, ...]]) -> Episode:
    return Episode(
        row.authority, row.financial_year, row.scope, row.rule, row.ordinal, State(row.state), Severity(row.severity),
        row.changes, row.since, row.opened_pence, row.then_pence,
    )  # fmt: skip


def save(connection: Connection, steps: Sequence[Step], at: datetime, silenced: Mapping[str, int]) -> None:
    """Keep the episodes after these steps, and that the steps happened; `silenced` has the silence of those under one.

    Of what is silenced nobody is told until the silence ends.
    """
    rows = [
        (e.id, *e.key, e.ordinal, e.state, e.severity, e.changes, e.since, e.opened_pence, e.then_pence, step.change,
         step.evidence.model_dump_json(exclude_none=True), silenced.get(e.id) if step.change in TOLD else None)
        for step in steps
        for e in (step.episode,)
    ]  # fmt: skip
    names = "ids authorities years scopes rules ordinals states severities changes since opened then kinds evidences"
    binds = {"at": at, **arrays(names + " silences", rows)}
    dropped = [step.episode.id for step in steps if step.change is Change.DROPPED]
    if dropped:
        connection.execute(_DROP, {"ids": dropped})
    if any(step.change is Change.REVISED for step in steps):
        revised = [(step.episode.id, step.episode.then_pence) for step in steps if step.change is Change.REVISED]
        connection.execute(_REVISE, arrays("ids then", revised))
    connection.execute(_SAVE, binds)
    connection.execute(_HAPPENED, binds)
    told = [(s.episode.id, s.episode.id in silenced and s.episode.state not in OVER) for s in steps if s.change in TOLD]
    if told:
        connection.execute(_UNTOLD, arrays("ids untold", told))


def queue(connection: Connection, deliveries: Sequence[Delivery], traces: Mapping[LineKey, str]) -> None:
    """Queue messages, due at once; `traces` has the `traceparent` of those lines whose news is traced."""
    if not deliveries:
        return
    rows = [
        (d.reference, e.id, e.changes, None if e.state in OVER else e.severity, d.channel, d.message.subject,
         d.message.body, html(d.message), d.due_at)
        for d in deliveries
        for e in (d.step.episode,)
    ]  # fmt: skip
    names = "ids alert_ids numbers severities channels subjects bodies htmls due"
    connection.execute(_QUEUE, arrays(names, rows))
    lines = [(d.reference, d.step.episode.key[:3]) for d in deliveries] if traces else []
    traced = [(reference, traces[line]) for reference, line in lines if line in traces]
    if traced:
        connection.execute(_TRACED, arrays("ids traceparents", traced))


def keep_acknowledgement(connection: Connection, after: Episode, given: Word) -> None:
    """Keep an acknowledged episode, and who did it."""
    _by_somebody(connection, _ACKNOWLEDGE, Change.ACKNOWLEDGED, after, given)


def keep_note(connection: Connection, after: Episode, given: Word) -> None:
    """Keep what somebody wrote beside an episode, in its history."""
    _by_somebody(connection, _NOTE, Change.NOTED, after, given)


def _by_somebody(connection: Connection, update: TextClause, change: Change, after: Episode, given: Word) -> None:
    binds = {
        "id": after.id, "state": str(after.state), "number": after.changes, "at": given.at, "by_whom": given.by_whom,
        "note": given.note, "severity": str(after.severity), "change": str(change),
    }  # fmt: skip
    connection.execute(update, binds)
    connection.execute(_BY_SOMEBODY, binds)
