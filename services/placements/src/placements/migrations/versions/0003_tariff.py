"""The tariff: its versions and their prices, what was said of them, and the placements to price."""

from alembic import op

from hnb.migrations import append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    _versions()
    _prices_said()
    _work_to_do()


def _versions() -> None:
    """Every version is whole and stays readable: nothing of it is ever changed."""
    op.execute("""
        CREATE TABLE tariff_versions (
            authority text NOT NULL,
            version integer NOT NULL,
            digest bytea NOT NULL,
            author text NOT NULL,
            made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (authority, version)
        )
    """)
    # An empty setting or band is any: a null could not be part of the key.
    op.execute("""
        CREATE TABLE tariff_prices (
            authority text NOT NULL,
            version integer NOT NULL,
            academic_year integer NOT NULL,
            provision text NOT NULL,
            setting_id text NOT NULL,
            band text NOT NULL,
            amount_pence bigint NOT NULL,
            per text NOT NULL,
            weeks integer,
            PRIMARY KEY (authority, version, academic_year, provision, setting_id, band),
            FOREIGN KEY (authority, version) REFERENCES tariff_versions
        )
    """)
    append_only("tariff_versions")
    append_only("tariff_prices")


def _prices_said() -> None:
    """The prices said of each placement, by the day they are from; one a day stands, the others were withdrawn."""
    op.execute("""
        CREATE TABLE prices_said (
            authority text NOT NULL,
            placement_id text NOT NULL,
            effective_on date NOT NULL,
            nth integer NOT NULL,
            version integer NOT NULL,
            event_id text NOT NULL,
            amount_pence bigint NOT NULL,
            per text NOT NULL,
            weeks integer,
            stands boolean NOT NULL,
            PRIMARY KEY (authority, placement_id, effective_on, nth)
        )
    """)
    op.execute("""
        CREATE UNIQUE INDEX prices_standing ON prices_said (authority, placement_id, effective_on) WHERE stands
    """)


def _work_to_do() -> None:
    """The placements to look at again, and how far a new version has got through its authority's placements."""
    op.execute("""
        CREATE TABLE to_price (
            authority text NOT NULL,
            placement_id text NOT NULL,
            marked_at timestamptz NOT NULL,
            PRIMARY KEY (authority, placement_id)
        )
    """)
    op.execute("CREATE TABLE tariff_sweeps (authority text PRIMARY KEY, after text NOT NULL)")
