"""The register's tables, as the migrations leave them."""

from sqlalchemy import Column, DateTime, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

# The fact that stands, per record and event type. The register is read off these.
facts = Table(
    "facts",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("type", Text, primary_key=True),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("data", JSONB, nullable=False),
)
