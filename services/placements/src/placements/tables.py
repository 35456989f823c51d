"""The register's tables, as the migrations leave them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB

from hnb.conditions.tables import conditions_table

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

# A setting's capacity as steps: from each day on, the places it has, as the latest event for that day said.
capacities = Table(
    "capacities",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("setting_id", Text, primary_key=True),
    Column("from_day", Date, primary_key=True),
    Column("capacity", Integer, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("id", Text, nullable=False),
    Column("source", Text, nullable=False),
)

# What was last said of each condition, so that only changes are said; its version rises with each.
conditions = conditions_table(metadata)

# The tariff: every version whole, and append-only. An empty setting or band is any.
tariff_versions = Table(
    "tariff_versions",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", BYTEA, nullable=False),
    Column("author", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)
tariff_prices = Table(
    "tariff_prices",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("academic_year", Integer, primary_key=True),
    Column("provision", Text, primary_key=True),
    Column("setting_id", Text, primary_key=True),
    Column("band", Text, primary_key=True),
    Column("amount_pence", BigInteger, nullable=False),
    Column("per", Text, nullable=False),
    Column("weeks", Integer),
)

# The tariff's prices said of each placement, by the day they are from. One a day stands; the others were withdrawn.
prices_said = Table(
    "prices_said",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("placement_id", Text, primary_key=True),
    Column("effective_on", Date, primary_key=True),
    Column("nth", Integer, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("amount_pence", BigInteger, nullable=False),
    Column("per", Text, nullable=False),
    Column("weeks", Integer),
    Column("stands", Boolean, nullable=False),
)

# Placements to price again, because something their price follows from has changed.
to_price = Table(
    "to_price",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("placement_id", Text, primary_key=True),
    Column("marked_at", DateTime(timezone=True), nullable=False),
)

# How far a new version has gone through its authority's placements.
tariff_sweeps = Table(
    "tariff_sweeps",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("after", Text, nullable=False),
)
