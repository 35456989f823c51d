"""The embedded stack and the hnb command."""
