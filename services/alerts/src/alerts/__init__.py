"""HNB Ledger alerts: thresholds, and the people who are told."""
