"""What the coming years come to: outturn, reserve and places, by what is known and what is likely."""
