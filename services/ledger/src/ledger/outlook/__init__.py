"""What the coming years come to: outturn, reserve and places, by what is known and what is likely."""

# Raised whenever the same inputs, scenarios and seed give other figures: a kept run says by which it was made.
MODEL = 1
