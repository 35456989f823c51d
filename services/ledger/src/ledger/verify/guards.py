"""Whether PostgreSQL still refuses what it must: the append-only triggers and the rules on rows, as first made."""

from sqlalchemy import Connection, text

from ledger.verify.findings import Differs

APPEND_ONLY = ("inbox", "postings", "balance_history", "seals")
ROW_AND_STATEMENT = 2 | 8 | 16 | 32  # tgtype: before, delete, update, truncate; for each statement

_TRIGGERS = text("""
    SELECT c.relname AS table, t.tgname AS name, t.tgenabled AS enabled, t.tgtype AS type, t.tgqual IS NULL AS always,
        p.proname AS function, p.prosrc AS source
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
""")
_CONSTRAINTS = text("""
    SELECT c.relname AS table, k.contype AS type, pg_get_constraintdef(k.oid) AS definition
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = 'public'::regnamespace AND k.convalidated
""")
# By table: how many rules a row must pass, and words that must be in them.
CHECKS = {
    "postings": ("amount_pence > 0", "last_day >= first_day", "from_place <> to_place", "LEAST(from_place, to_place)"),
    "clock": ("CHECK (one)",),
    "seals": (
        "number > 0",
        "posting_leaves",
        "event_sources",
        "event_leaves",
        "octet_length(previous)",
        "octet_length(hash)",
    ),
}
KEYS = {
    "inbox": "PRIMARY KEY (source, id)",
    "postings": "PRIMARY KEY (id)",
    "seals": "PRIMARY KEY (number)",
    "commitments": "PRIMARY KEY (authority, about)",
    "balances": "PRIMARY KEY (authority, financial_year, line)",
    "balance_history": "PRIMARY KEY (authority, financial_year, line, recorded_at)",
    "withdrawals": "PRIMARY KEY (source, id)",
    "clock": "PRIMARY KEY (one)",
}


def check_guards(connection: Connection) -> str:
    """The triggers that refuse change are there, enabled and unaltered, and so is every CHECK and key."""
    triggers = {(row.table, row.name): row for row in connection.execute(_TRIGGERS)}
    for table in APPEND_ONLY:
        row = triggers.get((table, f"{table}_append_only"))
        if row is None or row.enabled not in ("O", "A"):
            raise Differs(f"The rule that {table} is append-only is {'missing' if row is None else 'switched off'}.")
        if row.type != ROW_AND_STATEMENT or not row.always or "RAISE EXCEPTION" not in row.source:
            raise Differs(f"The rule that {table} is append-only was altered.")
    noting = triggers.get(("inbox", "inbox_unsealed"))
    if noting is None or noting.enabled not in ("O", "A") or "INSERT INTO unsealed" not in noting.source:
        raise Differs("The rule that every event of the inbox is to be sealed is missing, switched off or altered.")
    rules: dict[tuple[str, str], list[str]] = {}
    for row in connection.execute(_CONSTRAINTS):
        rules.setdefault((row.table, row.type), []).append(row.definition)
    for table, wanted in CHECKS.items():
        for words in wanted:
            if not any(words in rule for rule in rules.get((table, "c"), [])):
                raise Differs(f"The rule on {table} that checks {words} is missing.")
    for table, key in KEYS.items():
        if key not in rules.get((table, "p"), []):
            raise Differs(f"The {key} of {table} is missing.")
    return f"{', '.join(APPEND_ONLY)} refuse every change, and every rule on rows stands."
