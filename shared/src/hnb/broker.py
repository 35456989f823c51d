"""Redis Streams as the road between services: who hears which stream, and how far each has acknowledged."""

from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

EntryId = tuple[int, int]

FAMILY_STREAMS = ("ehcp", "placement", "tribunal", "support", "budget", "correction")

# Who must hear each stream of ours. An entry is settled when all of them have acknowledged past it.
HEARERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(FAMILY_STREAMS, ("ledger",)),
    **dict.fromkeys(("position", "condition"), ("alerts",)),
}


def connect(url: str) -> "Redis":
    """A plain client for work off the event loop. Opens no connection yet; calls fail after five seconds."""
    return Redis.from_url(url, socket_timeout=5, socket_connect_timeout=3, health_check_interval=30)


def entry_id(raw: bytes | str) -> EntryId:
    """A stream entry id as numbers, so that ids compare as the broker orders them."""
    ms, _, number = (raw.decode() if isinstance(raw, bytes) else raw).partition("-")
    return int(ms), int(number or 0)


def written(entry: EntryId) -> str:
    """An entry id as the broker writes it."""
    return f"{entry[0]}-{entry[1]}"


def groups_of(broker: Redis, stream: str) -> dict[str, dict[str, Any]]:
    """The consumer groups of a stream by name, with their lag and pending counts; none when there is no stream."""
    try:
        groups: list[dict[str, Any]] = broker.xinfo_groups(stream)
    except ResponseError as error:
        if "no such key" in str(error):
            return {}
        raise
    return {group["name"].decode(): group for group in groups}


def acknowledged(broker: Redis, stream: str, hearers: tuple[str, ...] = ()) -> EntryId | None:
    """The entry up to which every hearer (every group there is, when none are named) has acknowledged all.

    None while one of them has yet to start.
    """
    groups = groups_of(broker, stream)
    names = hearers or tuple(groups)
    if not names or not set(names) <= set(groups):
        return None
    return min(_line(broker, stream, name, groups[name]) for name in names)


def _line(broker: Redis, stream: str, name: str, group: dict[str, Any]) -> EntryId:
    delivered = entry_id(group["last-delivered-id"])
    oldest = broker.xpending(stream, name)["min"] if group["pending"] else None
    if oldest is None:
        return delivered
    ms, number = entry_id(oldest)
    return min(delivered, (ms, number - 1) if number else (ms - 1, 2**63 - 1))
