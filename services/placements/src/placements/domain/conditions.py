"""Which occupancies, and which silences of a source, are worth saying."""

from datetime import datetime, timedelta

# An occupancy officers want to know of: domain rule "occupancy of a setting, over 95% or under 80%".
OCCUPANCY_HIGH_PERCENT = 95
OCCUPANCY_LOW_PERCENT = 80

# A source that has sent this much is a feed, and not somebody's try.
FEED_EVENTS = 20
# Shorter a silence is no news, whatever a rule says; longer, the feed has ended and nobody waits for it.
SILENT_HOURS = 24
SILENT_DAYS_AT_MOST = 30


def hours_silent(last: datetime, at: datetime) -> int | None:
    """Whole hours since a source last sent something, None where that is no silence to speak of."""
    silent = at - last
    if timedelta(hours=SILENT_HOURS) <= silent <= timedelta(days=SILENT_DAYS_AT_MOST):
        return silent // timedelta(hours=1)
    return None
