"""The table of what was last said of each condition, as the migrations of every service that says some leave it."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB


def conditions_table(metadata: MetaData) -> Table:
    """`conditions`: one row an (authority, condition, scope, financial year), which may be of no year."""
    return Table(
        "conditions",
        metadata,
        Column("authority", Text, nullable=False),
        Column("condition", Text, nullable=False),
        Column("scope", Text, nullable=False),
        Column("active", Boolean, nullable=False),
        Column("value", BigInteger),
        Column("unit", Text),
        Column("since", DateTime(timezone=True), nullable=False),
        Column("version", Integer, nullable=False),
        Column("financial_year", Integer),
        Column("provision", Text),
        Column("figures", JSONB),  # name, value and unit of each, as they were last said
    )
