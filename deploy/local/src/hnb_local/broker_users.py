"""Who may do what at the broker: an administrator, and for each service the commands and streams of its work alone."""

import hashlib
from collections.abc import Mapping

from hnb.broker import FAMILY_STREAMS
from hnb_local.folder import SERVICES

ADMIN = "admin"
HEARS: Mapping[str, tuple[str, ...]] = {
    "placements": ("case-intake",),
    "ledger": FAMILY_STREAMS,
    "alerts": ("position", "condition"),
}
SAYS: Mapping[str, tuple[str, ...]] = {
    "placements": (*FAMILY_STREAMS, "condition", "dead-letter"),
    "ledger": ("position", "condition", "dead-letter"),
    "alerts": ("alert", "dead-letter"),
}
_ANYWHERE = "+auth +hello +ping +client|setinfo +client|setname +info|server"
_SAYING = "+xadd +xrange +xtrim +xinfo|groups +xpending"
_HEARING = "+xgroup|create +xreadgroup +xack +xautoclaim +xinfo|groups +xpending"


def service_rules(service: str) -> str:
    """A service's rules as Valkey writes them: says what is its own, and hears, but cannot write, what it hears.

    What is in brackets is a selector: its commands are for its streams, and the ones before it for the others.
    """
    said, heard = (" ".join(f"~{stream}" for stream in of[service]) for of in (SAYS, HEARS))
    return f"resetkeys {said} resetchannels -@all {_ANYWHERE} {_SAYING} ({heard} {_HEARING})"


def user_lines(passwords: Mapping[str, str]) -> list[str]:
    """The lines of a Valkey configuration, with the hash of each password, for which nobody can be let in twice."""
    rules = {ADMIN: "allkeys allchannels allcommands"} | {service: service_rules(service) for service in SERVICES}
    return [
        "user default off resetpass resetkeys resetchannels nocommands",
        *(f"user {name} on #{_hashed(passwords[name])} {rule}" for name, rule in rules.items()),
    ]


def _hashed(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
