"""The tables of alerts, as the migrations leave them."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Identity, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

# The latest position of each line by version. Who writes an episode holds the row of its line first.
lines = Table(
    "lines",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("financial_year", Integer, primary_key=True),
    Column("scope", Text, primary_key=True),  # a provision, or `total`
    Column("version", BigInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
    Column("budget_pence", BigInteger, nullable=False),
    Column("committed_pence", BigInteger, nullable=False),
    Column("spent_pence", BigInteger, nullable=False),
    Column("headroom_pence", BigInteger, nullable=False),
    Column("grant_pence", BigInteger),
    Column("reserve_closing_pence", BigInteger),
)

# Episodes; at most one that has not ended per authority, year, scope and rule.
alerts = Table(
    "alerts",
    metadata,
    Column("seq", BigInteger, Identity(always=True), unique=True),  # the order in which they opened
    Column("id", Text, primary_key=True),
    Column("authority", Text, nullable=False),
    Column("financial_year", Integer, nullable=False),
    Column("scope", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("changes", Integer, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    Column("resolved_at", DateTime(timezone=True)),
    Column("acknowledged_at", DateTime(timezone=True)),
    Column("acknowledged_by", Text),
    Column("note", Text),
    Column("evidence", JSONB, nullable=False),  # of the last change the figures made
    Column("opened_pence", BigInteger),  # what the line had cost when it opened, as known then, and as known by now
    Column("then_pence", BigInteger),
    Column("level_at", DateTime(timezone=True)),  # since when it has been as grave as it is
    Column("escalated_at", DateTime(timezone=True)),
    Column("untold", Boolean, nullable=False, server_default="false"),  # silenced when people were to be told
)

# What happened to each episode: append-only.
transitions = Table(
    "transitions",
    metadata,
    Column("alert_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("change", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("by_whom", Text),
    Column("note", Text),
    Column("evidence", JSONB),
    Column("silence", BigInteger),  # the one under which nobody was told
)

# Who is told of which change by which channel, and the receipt. A claim moves due_at to the end of its lease.
deliveries = Table(
    "deliveries",
    metadata,
    Column("seq", BigInteger, Identity(always=True), unique=True),
    Column("id", Text, primary_key=True),  # the reference in the message
    Column("alert_id", Text),  # null for a digest
    Column("number", Integer),
    Column("severity", Text),  # null where the message says that all is well again
    Column("channel", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="queued"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("queued_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    Column("last_error", Text),
    Column("html", Text),
    Column("claimed_by", Text),  # the replica that has it in hand
    Column("fallback_of", Text),  # the delivery given up, whose message this one carries to the fallback
    Column("traceparent", Text),  # of the event that led to it, where that is traced
)

# The one digest of a recipient and day, made or found to have nothing to say.
digests = Table(
    "digests",
    metadata,
    Column("recipient", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("until", DateTime(timezone=True), nullable=False),  # what changed up to then is in it
    Column("reference", Text),  # null where there was nothing to say
    Column("authorities", ARRAY(Text), nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False),
)

# The newest reading of each condition. Who writes an episode of one holds its row first.
conditions = Table(
    "conditions",
    metadata,
    Column("authority", Text, primary_key=True),
    Column("condition", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("year", Integer, primary_key=True),  # the financial year it is of; 0 where it is of none
    Column("version", Integer, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("value", BigInteger),
    Column("unit", Text),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("known_at", DateTime(timezone=True), nullable=False),
    Column("provision", Text),
    Column("figures", JSONB, nullable=False),
)

# Messages somebody does not want, by name and until a moment; null names everything.
silences = Table(
    "silences",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("authority", Text),
    Column("rule", Text),
    Column("scope", Text),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("begins_at", DateTime(timezone=True), nullable=False),
    Column("ends_at", DateTime(timezone=True), nullable=False),
    Column("ended_by", Text),
)
