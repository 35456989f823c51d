"""What alerts has heard, in the order in which it became known: the past that rules can be tried on."""

from collections.abc import Iterator

from sqlalchemy import Engine, text

from hnb.database import reading
from hnb.events import OWN_EVENTS, Event, Refused, Unreadable, read_event, read_json

READ_AT_ONCE = 2_000

_COUNT = text("SELECT count(*) FROM inbox")
_HEARD = text("SELECT body FROM inbox ORDER BY time, source, id")


def count(engine: Engine) -> int:
    """How many positions and conditions were ever heard."""
    with reading(engine) as connection:
        return connection.scalar(_COUNT) or 0


def heard(engine: Engine) -> Iterator[Event]:
    """All of them, a few in memory at a time; what cannot be read is left out."""
    with reading(engine) as connection:
        rows = connection.execution_options(stream_results=True, max_row_buffer=READ_AT_ONCE).execute(_HEARD)
        for (body,) in rows:
            try:
                yield read_event(read_json(body), known=OWN_EVENTS)
            except (Unreadable, Refused):
                continue
