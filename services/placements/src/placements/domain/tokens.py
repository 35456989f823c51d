"""What a bearer token lets its bearer do: which rights it has, and what lies outside its scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from hnb.events import CASE_EVENTS, Event, EventWithdrawn, FieldError

Right = Literal["send", "read", "records", "manage"]
RIGHTS: tuple[Right, ...] = get_args(Right)
MEANING: dict[Right, str] = {
    "send": "send events",
    "read": "read reports, which name no child",
    "records": "read events and facts as they were said, with the children's pseudonyms",
    "manage": "change what is not an event, such as the tariff",
}
ANY = "*"
FAMILIES = frozenset(stream for stream, _ in CASE_EVENTS.values())


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token is for. `*` among authorities, sources or types is any; a source may end in `*`, for a prefix.

    A type is one of the contract's (`hnb.placement-made.v1`) or a family, the stream it travels on (`placement`).
    """

    rights: frozenset[str]
    authorities: frozenset[str]
    sources: frozenset[str]
    types: frozenset[str]

    def holds_authority(self, authority: str) -> bool:
        """Whether this is for that council."""
        return ANY in self.authorities or authority in self.authorities

    def holds_source(self, source: str) -> bool:
        """Whether this is for that source, named whole or by the beginning of its name."""
        return any(source.startswith(one[:-1]) if one.endswith(ANY) else source == one for one in self.sources)

    def holds_type(self, event: Event) -> bool:
        """Whether this is for events of that type, or of its family."""
        return bool(self.types & {ANY, event.type, event.stream})


EVERYTHING = Scope(frozenset(RIGHTS), frozenset({ANY}), frozenset({ANY}), frozenset({ANY}))


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: never the token itself. `id` is the beginning of its SHA-256, in hex."""

    id: str
    name: str
    scope: Scope
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    events_per_second: int | None = None

    def why_not(self, now: datetime) -> str | None:
        """Why it lets nobody in at that moment; None while it does."""
        if self.revoked_at is not None:
            return "this token was revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return f"this token expired at {self.expires_at:%Y-%m-%dT%H:%M:%SZ}"
        return None


def outside(scope: Scope, event: Event) -> list[FieldError]:
    """What of an event lies outside a scope, by field; nothing when it may be sent.

    A withdrawal undoes another event, so the source of that one must be within the scope too: else whoever may
    withdraw its own events could withdraw anybody's.
    """
    faults = []
    if not scope.holds_authority(event.authority):
        faults.append(FieldError("authority", f"{event.authority} is outside this token's scope"))
    if not scope.holds_source(event.source):
        faults.append(FieldError("source", f"{event.source} is outside this token's scope"))
    if not scope.holds_type(event):
        faults.append(FieldError("type", f"{event.type} is outside this token's scope"))
    if isinstance(event.data, EventWithdrawn) and not scope.holds_source(event.data.withdrawn_source):
        faults.append(FieldError("data.withdrawn_source", "another's events are outside this token's scope"))
    return faults


def why_beyond(scope: Scope, right: Right, authorities: Sequence[str]) -> str | None:
    """Why something may not be asked about these councils (none, or one left empty: about all); None when it may."""
    if right not in scope.rights:
        return f"this token may not {MEANING[right]}"
    if ANY in scope.authorities:
        return None
    if not all(authorities) or not authorities:
        return "this token is for some authorities only: say which, with ?authority="
    beyond = sorted(one for one in set(authorities) if not scope.holds_authority(one))
    return f"{', '.join(beyond)[:200]} is outside this token's scope" if beyond else None
