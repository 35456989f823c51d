"""The recovery plan: what was planned, what the ledger measured beside it, and what reviews decided."""
