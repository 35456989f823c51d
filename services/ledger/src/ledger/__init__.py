"""HNB Ledger ledger: the money."""
