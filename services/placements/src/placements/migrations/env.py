"""Alembic's entry: the connection comes from the service, which holds the migration lock."""

from alembic import context

from hnb.migrations import run

run(context.config.attributes["connection"])
