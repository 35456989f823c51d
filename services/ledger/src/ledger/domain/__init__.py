"""The money's rules, pure: what a price costs, what a commitment is, and what must be posted."""
