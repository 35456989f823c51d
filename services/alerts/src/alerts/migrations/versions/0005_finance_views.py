"""What finance reads of alerts in Grafana: episodes, what became of the messages about them, and silences.

Nobody who acknowledged or silenced is named, and no message, note or reason is in it: those are people's own words.
"""

from hnb.migrations import finance_reads

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    finance_reads(
        # One that still waits for its time to hold was never opened.
        alerts="""
            SELECT id AS alert, authority, financial_year, scope, rule, state, severity,
                opened_at, acknowledged_at, resolved_at, escalated_at,
                extract(epoch FROM acknowledged_at - opened_at)::double precision AS seconds_to_acknowledge
            FROM alerts WHERE state <> 'pending'
        """,
        # A digest is about many alerts: it is of no rule, and of every authority in `digest_of`.
        deliveries="""
            SELECT d.alert_id AS alert, a.authority, a.financial_year, a.rule, a.scope,
                d.severity, d.channel, d.state, d.attempts, d.queued_at, d.sent_at,
                extract(epoch FROM d.sent_at - d.queued_at)::double precision AS seconds_to_deliver,
                d.alert_id IS NULL AS is_digest, g.authorities AS digest_of, d.fallback_of IS NOT NULL AS is_fallback
            FROM deliveries d
            LEFT JOIN alerts a ON a.id = d.alert_id
            LEFT JOIN digests g ON g.reference = coalesce(d.fallback_of, d.id)
        """,
        # Where authority, rule or scope is null, all of them are silenced.
        silences="""
            SELECT authority, rule, scope, begins_at, ends_at, ended_by IS NOT NULL AS ended_early FROM silences
        """,
    )
