"""What the books answer beyond the position: lines, months, movements, what waits, what is exceptional, returns."""
