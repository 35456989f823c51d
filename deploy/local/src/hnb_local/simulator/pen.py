"""Writes events in the contract's envelope, with ids, references and office hours that depend on the seed alone."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

from hnb_local.simulator.leicester import AUTHORITY

CASE_SYSTEM = "/capita-one/leicester"
FINANCE = "/finance/leicester"

Event = dict[str, Any]
Cost = dict[str, Any]


class Pen:
    """Collects the events of one year as plain dicts, and remembers which row of the table each commitment is in."""

    def __init__(self, seed: int) -> None:
        self.events: list[Event] = []
        self.rows: dict[str, str] = {}
        self._random = Random(f"{seed}/pen")
        self._counts: dict[str, int] = {}

    def say(self, kind: str, at: datetime, data: dict[str, Any], *, source: str = CASE_SYSTEM) -> Event:
        """One event of `hnb.<kind>.v1` that happened at `at`; what is None in the data but for end_date and cost
        stays unsaid."""
        event = {
            "specversion": "1.0",
            "id": self.hex(32),
            "source": source,
            "type": f"hnb.{kind}.v1",
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "authority": AUTHORITY,
            "data": {k: v for k, v in data.items() if v is not None or k in ("end_date", "cost")},
        }
        self.events.append(event)
        return event

    def reference(self, prefix: str) -> str:
        """The next id of its kind: PL-00001, PL-00002, …"""
        self._counts[prefix] = self._counts.get(prefix, 0) + 1
        return f"{prefix}-{self._counts[prefix]:05d}"

    def hex(self, digits: int) -> str:
        """An opaque reference."""
        return f"{self._random.getrandbits(4 * digits):0{digits}x}"


def moment(random: Random, day: date) -> datetime:
    """Some second of that day's office hours."""
    return datetime.combine(day, time(8), UTC) + timedelta(seconds=random.randrange(9 * 3600))


def day_between(random: Random, first: date, last: date) -> date:
    """Some day from `first` to `last`, both included."""
    return first + timedelta(days=random.randrange((last - first).days + 1))


def happened(event: Event) -> datetime:
    """When an event says it happened."""
    return datetime.fromisoformat(event["time"])


def order(event: Event) -> tuple[str, str]:
    """The contract's order of facts: by time, then by id. The feed writes every time alike, so text compares."""
    return event["time"], event["id"]
