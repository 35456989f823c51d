"""The ledger's pages: the public summary, and finance's board."""
