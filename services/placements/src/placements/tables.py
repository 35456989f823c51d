"""The register's tables, as the migrations leave them."""

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

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

# What lets case systems in: the hash of each token, and what it is for.
tokens = Table(
    "tokens",
    metadata,
    Column("hash", BYTEA, primary_key=True),
    Column("id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("rights", ARRAY(Text), nullable=False),
    Column("authorities", ARRAY(Text), nullable=False),
    Column("sources", ARRAY(Text), nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("events_per_second", Integer),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
)
