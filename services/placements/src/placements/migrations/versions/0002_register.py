"""What the register's reports are read off: capacity by day, every repricing and cost, and indexes by authority."""

from alembic import op

revision = "0002"
down_revision = "0001"

# An index that is partial by `data ? 'child_ref'` serves no query that asks by type, as all of them do.
_UNUSED = ("facts_plan", "facts_child", "facts_request", "facts_type")
_INDEXES = {
    "facts_type": "(type, authority, about)",
    "facts_issued_child": "(authority, (data ->> 'child_ref')) WHERE type = 'hnb.ehcp-issued.v1'",
    "facts_issued_request": "(authority, (data ->> 'request_id')) WHERE type = 'hnb.ehcp-issued.v1'",
    "facts_made_child": "(authority, (data ->> 'child_ref')) WHERE type = 'hnb.placement-made.v1'",
    "facts_made_setting": "(authority, (data ->> 'setting_id')) WHERE type = 'hnb.placement-made.v1'",
    "facts_repriced": "(authority, (data ->> 'placement_id')) WHERE type = 'hnb.placement-repriced.v1'",
    "facts_lodged_child": "(authority, (data ->> 'child_ref')) WHERE type = 'hnb.tribunal-lodged.v1'",
    "facts_costs": "(authority, (data ->> 'appeal_id')) WHERE type = 'hnb.tribunal-cost-incurred.v1'",
    "facts_commissioned": "(authority, (data ->> 'setting_id')) WHERE type = 'hnb.places-commissioned.v1'",
}


def upgrade() -> None:
    for name in _UNUSED:
        op.execute(f"DROP INDEX {name}")
    for name, what in _INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON facts {what}")
    _views()
    _capacities()
    _conditions()
    _keep_what_passed_through()


def _views() -> None:
    """The two records nearly every report asks about, each with the fact that ends it."""
    op.execute("""
        CREATE VIEW plans AS
        SELECT p.authority, p.data ->> 'plan_id' AS plan_id, p.data ->> 'child_ref' AS child_ref,
            (p.data ->> 'issued_on')::date AS issued_on, (c.data ->> 'ceased_on')::date AS ceased_on,
            p.data ->> 'primary_need' AS primary_need, (p.data ->> 'year_group')::int AS year_group, p.about
        FROM facts p
        LEFT JOIN facts c ON c.authority = p.authority AND c.about = p.about AND c.type = 'hnb.ehcp-ceased.v1'
        WHERE p.type = 'hnb.ehcp-issued.v1'
    """)
    # The latest end stands even where a newer record of the placement says otherwise; an open end is far away.
    op.execute("""
        CREATE VIEW placements AS
        SELECT m.authority, m.data ->> 'placement_id' AS placement_id, m.data ->> 'plan_id' AS plan_id,
            m.data ->> 'child_ref' AS child_ref, m.data ->> 'setting_id' AS setting_id,
            m.data ->> 'provision' AS provision, (m.data ->> 'start_date')::date AS first_day,
            coalesce(e.data ->> 'end_date', m.data ->> 'end_date', '9999-12-31')::date AS last_day,
            m.data -> 'cost' AS cost, m.about
        FROM facts m
        LEFT JOIN facts e ON e.authority = m.authority AND e.about = m.about AND e.type = 'hnb.placement-ended.v1'
        WHERE m.type = 'hnb.placement-made.v1'
    """)


def _capacities() -> None:
    """A setting's capacity as steps: from each day on, the places it has."""
    op.execute("""
        CREATE TABLE capacities (
            authority text NOT NULL,
            setting_id text NOT NULL,
            from_day date NOT NULL,
            capacity integer NOT NULL,
            time timestamptz NOT NULL,
            id text NOT NULL,
            source text NOT NULL,
            PRIMARY KEY (authority, setting_id, from_day)
        )
    """)
    op.execute("""
        INSERT INTO capacities
        SELECT DISTINCT ON (1, 2, 3) authority, d ->> 'setting_id', (time AT TIME ZONE 'UTC')::date,
            (d ->> 'capacity')::int, time, id, source
        FROM inbox, LATERAL (SELECT body::jsonb -> 'data') AS of (d)
        WHERE type = 'hnb.setting-registered.v1' AND d ->> 'capacity' IS NOT NULL
        ORDER BY 1, 2, 3, time DESC, id DESC, source DESC
    """)


def _conditions() -> None:
    """What was last said of each condition, so that only changes are said."""
    op.execute("""
        CREATE TABLE conditions (
            authority text NOT NULL,
            condition text NOT NULL,
            scope text NOT NULL,
            active boolean NOT NULL,
            value bigint,
            unit text,
            since timestamptz NOT NULL,
            version integer NOT NULL,
            PRIMARY KEY (authority, condition, scope)
        )
    """)


def _keep_what_passed_through() -> None:
    """Repricings and tribunal costs became facts of the register: so are those already on record.

    What an event is about is for the register to say, not its sender: the trigger guards what was said, and that
    stays. Every withdrawal is applied again, to the facts that were not kept when it came.
    """
    op.execute("ALTER TABLE inbox DISABLE TRIGGER inbox_append_only")
    op.execute("""
        UPDATE inbox SET about = CASE type
            WHEN 'hnb.placement-repriced.v1'
                THEN 'repricing/' || (d ->> 'placement_id') || ' ' || (d ->> 'effective_on')
            ELSE 'cost/' || (d ->> 'appeal_id') || ' ' || (d ->> 'cost_id') END
        FROM (SELECT source AS s, id AS i, body::jsonb -> 'data' AS d FROM inbox) AS said
        WHERE source = s AND id = i AND type IN ('hnb.placement-repriced.v1', 'hnb.tribunal-cost-incurred.v1')
    """)
    op.execute("ALTER TABLE inbox ENABLE TRIGGER inbox_append_only")
    op.execute("""
        INSERT INTO facts (authority, about, type, time, id, source, data)
        SELECT DISTINCT ON (authority, about, type) authority, about, type, time, id, source, body::jsonb -> 'data'
        FROM inbox WHERE type IN ('hnb.placement-repriced.v1', 'hnb.tribunal-cost-incurred.v1')
        ORDER BY authority, about, type, time DESC, id DESC, source DESC
    """)
    op.execute("UPDATE withdrawals SET applied = false")
