"""The ledger's tables, as the migrations leave them."""

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from hnb.conditions.tables import conditions_table
from ledger.domain.schedules import Kind

metadata = MetaData()

# What is known of each commitment, budget line, grant and reserve: the row that is locked while it is decided, and the
# schedule that stands posted for it, so that a difference needs no sum over postings.
commitments = Table(
    "commitments",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("kind", Text),  # placement, grant, contract, appeal, budget; null while what its events are about is unknown
    Column("provision", Text),
    Column("child_ref", Text),
    Column("first_day", Date),
    Column("last_day", Date),  # null while open
    Column("annual_pence", BigInteger),  # the price in force last, as a year's; null where unpriced or paid once
    Column("unpriced", Boolean, nullable=False, server_default="false"),
    Column("horizon", Date),  # the horizon its open end was run to
    Column("schedule", JSON, nullable=False, server_default="[]"),
)

# The traces behind a line that moved, until it is said. Empty where there are none.
traces = Table(
    "traces",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("authority", Text, nullable=False),
    Column("financial_year", Integer, nullable=False),
    Column("line", Text, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text, nullable=False),
)

# The journal of money: append-only, in the order in which the ledger learned of things.
postings = Table(
    "postings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("authority", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("financial_year", Integer, nullable=False),
    Column("line", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_place", Text, nullable=False),
    Column("to_place", Text, nullable=False),
    Column("amount_pence", BigInteger, nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("event_source", Text),  # the event that caused it; null where time or another commitment's price did
    Column("event_id", Text),
)

# The sums of postings, per line and for the year's total; the version counts the moments at which they moved.
balances = Table(
    "balances",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("financial_year", Integer, primary_key=True),
    Column("line", Text, primary_key=True),
    *(Column(f"{kind}_pence", BigInteger, nullable=False) for kind in Kind),
    Column("version", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

# The version of each line that was last said on the position stream, and when that version was made. Beside the
# balances and not among them: whoever says a line must not keep those waiting who post to it.
said = Table(
    "said",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("financial_year", Integer, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

# Lines that were said again: what is added to their version where they are said, and whether they are still to be said.
leads = Table(
    "leads",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("financial_year", Integer, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("lead", BigInteger, nullable=False),
    Column("owed", Boolean, nullable=False),
)

# Every balance as it stood after each batch that moved it: what was believed at a moment is looked up, not added up.
balance_history = Table(
    "balance_history",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("financial_year", Integer, primary_key=True),
    Column("line", Text, primary_key=True),
    Column("recorded_at", DateTime(timezone=True), primary_key=True),
    *(Column(f"{kind}_pence", BigInteger, nullable=False) for kind in Kind),
)

# One row: when the ledger last learned something. Whoever posts holds it until commit, so that recorded_at only rises.
clock = Table(
    "clock",
    metadata,
    Column("one", Boolean, primary_key=True),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

# Commitments to decide again, because something they depend on has changed.
stale = Table(
    "stale",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("about", Text, primary_key=True),
    Column("due_at", DateTime(timezone=True), nullable=False),
)

# The chain of hashes over the journal: each seal covers the next postings and events, with one leaf of 32 bytes a row.
seals = Table(
    "seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    Column("posting_ids", ARRAY(BigInteger), nullable=False),
    Column("posting_leaves", LargeBinary, nullable=False),
    Column("event_sources", ARRAY(Text), nullable=False),
    Column("event_ids", ARRAY(Text), nullable=False),
    Column("event_leaves", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# Events that wait to be sealed, written down by a trigger in the transaction that brings them.
unsealed = Table("unsealed", metadata, Column("source", Text, nullable=False), Column("id", Text, nullable=False))

# Forecast runs, each with all it was made of: written once.
forecast_runs = Table(
    "forecast_runs",
    metadata,
    Column("number", BigInteger, Identity(always=True), primary_key=True),
    Column("authority", Text, nullable=False),
    Column("why", Text, nullable=False),  # nightly or asked
    Column("night", Date),  # of a nightly one; an authority has one a night
    Column("standing", Boolean, nullable=False),  # made as the nightly ones are: what finance and officers are told of
    Column("made_at", DateTime(timezone=True), nullable=False, server_default="clock_timestamp()"),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("reference_day", Date, nullable=False),
    Column("simulations", Integer, nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("level_pence", BigInteger),
    Column("model", Integer, nullable=False),
    Column("numpy", Text, nullable=False),
    Column("inputs_sha256", Text, nullable=False),
    Column("scenarios_sha256", Text, nullable=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("scenarios", LargeBinary, nullable=False),
    Column("outlook", JSONB, nullable=False),
)

# What was last said of each condition, so that only changes are said; its version rises with each.
conditions = conditions_table(metadata)
