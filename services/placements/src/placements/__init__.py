"""HNB Ledger placements: the case side, and the one door for every event."""
