"""The kernel every service shares: the words of the field, and the road an event travels."""
