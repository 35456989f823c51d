"""Forecast runs, each with all it was made of, so that it can be repeated to the penny."""

from alembic import op

from hnb.migrations import append_only

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE forecast_runs (
            number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            authority text NOT NULL,
            why text NOT NULL CHECK (why IN ('nightly', 'asked')),
            night date CHECK ((night IS NOT NULL) = (why = 'nightly')),
            standing boolean NOT NULL CHECK (standing OR why = 'asked'),
            made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            known_at timestamptz NOT NULL,
            reference_day date NOT NULL,
            simulations integer NOT NULL,
            seed bigint NOT NULL,
            level_pence bigint,
            model integer NOT NULL,
            numpy text NOT NULL,
            inputs_sha256 text NOT NULL,
            scenarios_sha256 text NOT NULL,
            inputs bytea NOT NULL,
            scenarios bytea NOT NULL,
            outlook jsonb NOT NULL,
            UNIQUE (authority, night)
        )
    """)
    op.execute("CREATE INDEX forecast_runs_last ON forecast_runs (authority, number) WHERE standing")
    append_only("forecast_runs")
