"""Who may send and ask: tokens kept as hashes, the roll of those that stand, the door's guard, and making them."""
