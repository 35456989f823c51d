"""Forecast runs: made of the journal by night and on demand, kept with all they were made of, and repeated."""
