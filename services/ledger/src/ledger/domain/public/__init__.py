"""The yearly public summary: what it counts, and the document that anybody can read."""
