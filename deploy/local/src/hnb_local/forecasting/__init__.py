"""`hnb forecast`: demand from files, and the block's outturn, reserve and places from the ledger's own journal."""
