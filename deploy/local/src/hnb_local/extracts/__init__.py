"""`hnb import csv`: a council's own extracts, one file an event type, by a mapping of columns and local codes."""
